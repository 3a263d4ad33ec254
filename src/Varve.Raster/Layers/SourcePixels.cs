using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>A window of the pixels from which others are made, NaN where they are missing.</summary>
/// <param name="values">Row by row.</param>
/// <param name="window">Where they are.</param>
/// <param name="all">All pixels that there are.</param>
internal sealed class SourcePixels(double[] values, Window window, Window all)
{
    private const double Nothing = 1e-5, Edge = 1e-10;
    private readonly List<double> seen = [];
    private readonly Dictionary<double, int> counts = [];

    /// <summary>Whether a point lies on a pixel that is not missing.</summary>
    public bool Holds(double x, double y) => x >= 0 && x < all.Width && y >= 0 && y < all.Height && !double.IsNaN(At((long)x, (long)y));

    private double At(long column, long row) =>
        column >= window.X && column < window.Right && row >= window.Y && row < window.Bottom ? values[(row - window.Y) * window.Width + column - window.X] : double.NaN;

    /// <summary>A value at a point, from the pixels around it.</summary>
    public double Between(Resampling how, double x, double y)
    {
        if (how == Resampling.Cubic && !IsWhole(x, y)) how = Resampling.Bilinear;
        return Spread(how, x, y, 1, 1);
    }

    private bool IsWhole(double x, double y)
    {
        var (column, row) = ((long)Math.Floor(x - 0.5), (long)Math.Floor(y - 0.5));
        for (var r = row - 1; r <= row + 2; r++)
            for (var c = column - 1; c <= column + 2; c++)
                if (double.IsNaN(At(c, r))) return false;
        return true;
    }

    /// <summary>A value at a point, from pixels as far as a kernel reaches when it is stretched.</summary>
    public double Spread(Resampling how, double x, double y, double scaleX, double scaleY)
    {
        var (reachX, reachY) = ((long)Math.Ceiling(Kernel.Radius(how) / scaleX), (long)Math.Ceiling(Kernel.Radius(how) / scaleY));
        var (column, row) = ((long)Math.Floor(x - 0.5), (long)Math.Floor(y - 0.5));
        var (sum, weights) = (0.0, 0.0);
        for (var r = row - reachY + 1; r <= row + reachY; r++)
        {
            var down = Kernel.Weight(how, (r + 0.5 - y) * scaleY);
            if (down == 0) continue;
            for (var c = column - reachX + 1; c <= column + reachX; c++)
            {
                var value = At(c, r);
                if (double.IsNaN(value)) continue;
                var weight = down * Kernel.Weight(how, (c + 0.5 - x) * scaleX);
                sum += value * weight;
                weights += weight;
            }
        }
        return weights < Nothing ? double.NaN : sum / weights;
    }

    /// <summary>One number of all pixels in some rectangles.</summary>
    public double Over(Resampling how, ReadOnlySpan<(double Left, double Right, double Top, double Bottom)> rectangles)
    {
        seen.Clear();
        counts.Clear();
        var (sum, weights, best, bestCount) = (0.0, 0.0, double.NaN, 0);
        foreach (var (left, right, top, bottom) in rectangles)
        {
            var (c1, c2) = (Math.Max(0, (long)Math.Floor(left + Edge)), Math.Min(all.Width, (long)Math.Ceiling(right - Edge)));
            var (r1, r2) = (Math.Max(0, (long)Math.Floor(top + Edge)), Math.Min(all.Height, (long)Math.Ceiling(bottom - Edge)));
            for (var r = r1; r < r2; r++)
            {
                var down = Math.Min(r + 1, bottom) - Math.Max(r, top);
                for (var c = c1; c < c2; c++)
                {
                    var value = At(c, r);
                    if (double.IsNaN(value)) continue;
                    switch (how)
                    {
                        case Resampling.Average or Resampling.Sum or Resampling.Rms:
                            var weight = down * (Math.Min(c + 1, right) - Math.Max(c, left));
                            sum += weight * (how == Resampling.Rms ? value * value : value);
                            weights += weight;
                            break;
                        case Resampling.Mode:
                            var count = counts[value] = counts.GetValueOrDefault(value) + 1;
                            if (count > bestCount) (best, bestCount) = (value, count);
                            break;
                        case Resampling.Min:
                            if (!(value >= best)) best = value;
                            break;
                        case Resampling.Max:
                            if (!(value <= best)) best = value;
                            break;
                        default:
                            seen.Add(value);
                            break;
                    }
                }
            }
        }
        return how switch
        {
            Resampling.Average => weights > 0 ? sum / weights : double.NaN,
            Resampling.Rms => weights > 0 ? Math.Sqrt(sum / weights) : double.NaN,
            Resampling.Sum => weights > 0 ? sum : double.NaN,
            Resampling.Mode or Resampling.Min or Resampling.Max => best,
            _ => Rank(how switch { Resampling.FirstQuartile => 0.25, Resampling.Median => 0.5, _ => 0.75 }),
        };
    }

    private double Rank(double fraction)
    {
        if (seen.Count == 0) return double.NaN;
        seen.Sort();
        return seen[Math.Max(0, (int)Math.Ceiling(fraction * seen.Count) - 1)];
    }
}
