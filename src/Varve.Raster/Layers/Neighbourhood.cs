using System.Runtime.InteropServices;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>What is computed of the pixels around each pixel.</summary>
internal enum Focus { Convolve, Sum, Mean, Minimum, Maximum, Range, Variance, Deviation, Median, Majority }

/// <summary>
/// A number of each pixel's neighbourhood. What lies around a chunk is computed with it, so results do not depend on
/// chunks. A convolution takes 0 outside the raster, and is missing where a pixel under a weight other than 0 is; the
/// others are of the pixels that are there, and missing where none is.
/// </summary>
internal sealed class Neighbourhood : Generated, IDisposable
{
    private const long CacheBytes = 32L << 20;
    /// <summary>So few pixels are sorted sooner than a histogram is looked through.</summary>
    private const int LargestSorted = 25;
    private readonly Focus focus;
    private readonly double[,] weights;
    private readonly int radiusX, radiusY;
    private readonly InnerPixels inner;
    /// <summary>What values can be, where they are counted; null where they are sorted.</summary>
    private readonly ValueRange? counted;

    /// <param name="inner">Of what.</param>
    /// <param name="focus">What is computed.</param>
    /// <param name="weights">Rows and columns, both odd; only their number counts but for a convolution.</param>
    public Neighbourhood(Node inner, Focus focus, double[,] weights) : base(PixelType.Float64, null, true)
    {
        (radiusY, radiusX) = (weights.GetLength(0) / 2, weights.GetLength(1) / 2);
        if (weights.GetLength(0) % 2 == 0 || weights.GetLength(1) % 2 == 0) throw new RasterException($"a neighbourhood has odd numbers of rows and columns, not {weights.GetLength(0)} x {weights.GetLength(1)}");
        if (radiusX > 255 || radiusY > 255) throw new RasterException("a neighbourhood is at most 511 pixels wide and high");
        (this.focus, this.weights) = (focus, weights);
        var most = focus == Focus.Median ? SlidingHistogram.MostValues : focus == Focus.Majority ? SlidingHistogram.FewValues : 0;
        if (weights.Length >= LargestSorted && inner.Range is { } range && SlidingHistogram.Span(range) <= most) counted = range;
        this.inner = new InnerPixels(Cast.To(inner, PixelType.Float64), CacheBytes);
    }

    public override string Name => focus == Focus.Convolve ? "convolve(...)" : "focal(...)";
    public override Grid Grid => inner.Grid;
    public override long WorkingBytes(long width, long height) => (width + 2 * radiusX) * (height + 2 * radiusY) * InnerPixels.BytesPerPixel + CacheBytes / 2 + (counted is null ? 0 : SlidingHistogram.Bytes);
    public override IEnumerable<RasterFile> Files => inner.Files;
    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", Grid, Name);

    public override unsafe void Fill(Grid reference, Window window, Span<byte> into)
    {
        var place = PlaceOn(reference)!.Value;
        var around = new Window(window.X - place.X - radiusX, window.Y - place.Y - radiusY, window.Width + 2 * radiusX, window.Height + 2 * radiusY);
        var there = around.And(Grid.All);
        var values = new double[checked((int)there.Pixels)];
        var missing = new byte[values.Length];
        fixed (double* data = values)
        fixed (byte* miss = missing) inner.Read(there, (byte*)data, miss);
        for (var i = 0; i < values.Length; i++)
            if (missing[i] != 0) values[i] = double.NaN;
        var target = MemoryMarshal.Cast<byte, double>(into);
        // Laid on the whole neighbourhood: what lies outside the raster is 0 in a convolution, and nothing else.
        var laid = new double[checked((int)around.Pixels)];
        Array.Fill(laid, focus == Focus.Convolve ? 0 : double.NaN);
        for (var row = 0; row < there.Height; row++)
            Array.Copy(values, row * there.Width, laid, (there.Y - around.Y + row) * around.Width + there.X - around.X, there.Width);
        switch (focus)
        {
            case Focus.Convolve:
                Convolve(laid, around, target, window);
                break;
            case Focus.Range:
                var least = new double[target.Length];
                Gather(Focus.Minimum, laid, around, least, window);
                Gather(Focus.Maximum, laid, around, target, window);
                for (var i = 0; i < least.Length; i++) target[i] -= least[i];
                break;
            case Focus.Sum or Focus.Mean or Focus.Minimum or Focus.Maximum:
                Gather(focus, laid, around, target, window);
                break;
            case Focus.Median or Focus.Majority when counted is { } range:
                Slide(new SlidingHistogram(range), laid, around, target, window);
                break;
            default:
                Each(laid, around, target, window);
                break;
        }
    }

    /// <summary>The values around each pixel of a row, counted: from one to the next a column comes and a column goes.</summary>
    private void Slide(SlidingHistogram histogram, double[] laid, Window around, Span<double> target, Window window)
    {
        void Column(long x, long y, int times)
        {
            for (var row = 0L; row <= 2 * radiusY; row++) histogram.Add(laid[(y + row) * around.Width + x], times);
        }
        for (var y = 0; y < window.Height; y++)
        {
            histogram.Clear();
            for (var x = 0; x < 2 * radiusX; x++) Column(x, y, 1);
            for (var x = 0; x < window.Width; x++)
            {
                Column(x + 2 * radiusX, y, 1);
                target[(int)(y * window.Width + x)] = focus == Focus.Median ? histogram.Median() : histogram.Majority();
                Column(x, y, -1);
            }
        }
    }

    /// <summary>Numbers that do not follow from those of rows: each of all that is there around a pixel.</summary>
    private void Each(double[] laid, Window around, Span<double> target, Window window)
    {
        var seen = new double[(2 * radiusX + 1) * (2 * radiusY + 1)];
        for (var y = 0; y < window.Height; y++)
            for (var x = 0; x < window.Width; x++)
            {
                var count = 0;
                for (var row = 0; row <= 2 * radiusY; row++)
                    foreach (var one in laid.AsSpan((int)((y + row) * around.Width) + x, 2 * radiusX + 1))
                    {
                        seen[count] = one;
                        if (!double.IsNaN(one)) count++;
                        if (count == seen.Length) break;
                    }
                target[(int)(y * window.Width + x)] = count == 0 ? double.NaN : Of(seen.AsSpan(0, count));
            }
    }

    private double Of(Span<double> seen)
    {
        if (focus is Focus.Variance or Focus.Deviation)
        {
            // Around the mean, so that nothing is lost where values are large and near to each other.
            var (mean, squares) = (0.0, 0.0);
            foreach (var one in seen) mean += one / seen.Length;
            foreach (var one in seen) squares += (one - mean) * (one - mean);
            return focus == Focus.Variance ? squares / seen.Length : Math.Sqrt(squares / seen.Length);
        }
        seen.Sort();
        if (focus == Focus.Median) return seen.Length % 2 == 1 ? seen[seen.Length / 2] : seen[seen.Length / 2 - 1] / 2 + seen[seen.Length / 2] / 2;
        var (best, most) = (seen[0], 0);
        for (int i = 0, next; i < seen.Length; i = next)
        {
            for (next = i + 1; next < seen.Length && seen[next] == seen[i];) next++;
            if (next - i > most) (best, most) = (seen[i], next - i);
        }
        return best;
    }

    private void Convolve(double[] laid, Window around, Span<double> target, Window window)
    {
        for (var y = 0; y < window.Height; y++)
        {
            var line = target.Slice((int)(y * window.Width), (int)window.Width);
            line.Clear();
            for (var row = 0; row <= 2 * radiusY; row++)
                for (var column = 0; column <= 2 * radiusX; column++)
                {
                    if (weights[row, column] is not (not 0 and var weight)) continue;
                    var from = laid.AsSpan((int)((y + row) * around.Width) + column, line.Length);
                    for (var x = 0; x < line.Length; x++) line[x] += from[x] * weight;
                }
        }
    }

    /// <summary>Along the rows, then along the columns, always in one order: what comes out does not depend on where a chunk begins.</summary>
    private void Gather(Focus focus, double[] laid, Window around, Span<double> target, Window window)
    {
        var (width, height) = ((int)window.Width, (int)around.Height);
        var (along, counts) = (new double[width * height], new int[width * height]);
        var start = focus switch { Focus.Minimum => double.PositiveInfinity, Focus.Maximum => double.NegativeInfinity, _ => 0 };
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var (value, count) = (start, 0);
                for (var i = 0; i <= 2 * radiusX; i++)
                {
                    var one = laid[y * around.Width + x + i];
                    if (double.IsNaN(one)) continue;
                    value = Joined(focus, value, one);
                    count++;
                }
                (along[y * width + x], counts[y * width + x]) = (value, count);
            }
        for (var y = 0; y < window.Height; y++)
            for (var x = 0; x < width; x++)
            {
                var (value, count) = (start, 0);
                for (var i = 0; i <= 2 * radiusY; i++)
                {
                    value = Joined(focus, value, along[(y + i) * width + x]);
                    count += counts[(y + i) * width + x];
                }
                target[y * width + x] = count == 0 ? double.NaN : focus == Focus.Mean ? value / count : value;
            }
    }

    private static double Joined(Focus focus, double a, double b) => focus switch { Focus.Minimum => Math.Min(a, b), Focus.Maximum => Math.Max(a, b), _ => a + b };

    public override void Prepare(Limits limits) => inner.Prepare(limits);

    public void Dispose() => inner.Dispose();
}
