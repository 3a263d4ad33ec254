using System.Runtime.InteropServices;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// An expression on another grid: of other pixels, or in another projection. Each pixel follows from where it lies and
/// from the pixels there, whatever is asked for with it; where there are none it is missing.
/// </summary>
internal sealed unsafe class Warped : Generated, IDisposable
{
    private const long MostPixels = 1 << 17, CacheBytes = 8L << 20;
    private const double Enlarged = 0.95;
    private readonly InnerPixels inner;
    private readonly Mapping mapping;
    private readonly Resampling how;
    private readonly PixelType from;
    private readonly Evaluation.Known missing;
    private readonly double scaleX, scaleY;
    private readonly bool isRound;

    private Warped(Node node, Grid target, Resampling how, double[]? turned, PixelType type, double? noData) : base(type, node.Range, true)
    {
        (this.how, Grid, from) = (how, target, node.Type);
        inner = new InnerPixels(node, CacheBytes);
        var grid = inner.Grid;
        mapping = new Mapping(target, grid.Projection, turned ?? [grid.X, grid.StepX, 0, grid.Y, 0, grid.StepY]);
        isRound = grid.Projection.IsGeographic && turned is null && Math.Abs(grid.StepX * grid.Width - 360) < Math.Abs(grid.StepX) / 2;
        NoData = noData;
        missing = Evaluation.Known.Of(type, noData ?? double.NaN);
        (scaleX, scaleY) = Kernel.IsOne(how) ? Scales() : (1, 1);
    }

    /// <param name="node">What is laid on the other grid.</param>
    /// <param name="target">That grid.</param>
    /// <param name="how">How its pixels come about.</param>
    /// <param name="turned">Where the columns and rows of the expression lie, when they do not run along the axes; else null.</param>
    /// <exception cref="RasterException">The projections differ, and GDAL is missing or knows no way.</exception>
    public static Warped Of(Node node, Grid target, Resampling how, double[]? turned = null)
    {
        if (node.Type == PixelType.Boolean) node = Cast.To(node, PixelType.Byte);
        if (node.Type.IsFloat() || IsReal(how))
        {
            var isSmall = node.Type == PixelType.Float32 || (node.Type.Size() <= 2 && how != Resampling.Sum);
            return new Warped(node, target, how, turned, how == Resampling.Sum ? PixelType.Float64 : isSmall ? PixelType.Float32 : PixelType.Float64, null);
        }
        // What stands for missing pixels is a value that none can have: the type grows where it has no such value.
        var range = node.Range!.Value;
        if (PixelTypes.Free(node.Type, range) is { } free) return new Warped(node, target, how, turned, node.Type, free);
        if (PixelTypes.Smallest(range with { Least = range.Least - (range.Least < 0 ? 1 : 0), Most = range.Most + 1 }, node.Type) is { } larger && PixelTypes.Free(larger, range) is { } value)
            return new Warped(Cast.To(node, larger), target, how, turned, larger, value);
        return new Warped(Cast.To(node, PixelType.Float64), target, how, turned, PixelType.Float64, null);
    }

    private static bool IsReal(Resampling how) => Kernel.IsOne(how) || how is Resampling.Average or Resampling.Rms or Resampling.Sum;

    public override string Name => "warp(...)";
    public override Grid Grid { get; }
    public override double? NoData { get; }
    public override IEnumerable<RasterFile> Files => inner.Files;
    public override long WorkingBytes(long width, long height) => MostPixels * InnerPixels.BytesPerPixel + (width + 1) * (height + 1) * 32 + CacheBytes / 2;
    public override void Prepare(Limits limits) => inner.Prepare(limits);
    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", Grid, Name);

    /// <summary>New pixels for one old pixel, along and down, in the middle of what both have: less than 1 where new ones are larger.</summary>
    private (double X, double Y) Scales()
    {
        var middle = new Window(Grid.Width / 2, Grid.Height / 2, 2, 2);
        if (!mapping.IsStraight)
        {
            // Where the other grid's middle is; the own middle may lie outside it.
            var step = new Window(0, 0, Math.Max(1, Grid.Width / 64), Math.Max(1, Grid.Height / 64));
            var best = double.PositiveInfinity;
            for (var row = 0L; row < Grid.Height; row += step.Height)
                for (var column = 0L; column < Grid.Width; column += step.Width)
                {
                    var (px, py) = mapping.Points(new Window(column, row, 1, 1), 0.5);
                    var distance = Math.Abs(px[0] - inner.Grid.Width / 2.0) + Math.Abs(py[0] - inner.Grid.Height / 2.0);
                    if (distance < best) (best, middle) = (distance, new Window(column, row, 2, 2));
                }
        }
        var (x, y) = mapping.Points(middle, 0);
        var (right, down) = (Math.Sqrt(Math.Pow(x[1] - x[0], 2) + Math.Pow(y[1] - y[0], 2)), Math.Sqrt(Math.Pow(x[2] - x[0], 2) + Math.Pow(y[2] - y[0], 2)));
        return (right > 0 && double.IsFinite(right) ? 1 / right : 1, down > 0 && double.IsFinite(down) ? 1 / down : 1);
    }

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        var place = PlaceOn(reference)!.Value;
        var own = window.Moved(-place.X, -place.Y);
        Part(own, own, into);
    }

    private void Part(Window part, Window all, Span<byte> into)
    {
        var isArea = how >= Resampling.Average;
        var points = isArea ? mapping.Points(part with { Width = part.Width + 1, Height = part.Height + 1 }, 0) : mapping.Points(part, 0.5);
        var under = Under(points.X, points.Y);
        if (under.IsEmpty)
        {
            for (var row = 0L; row < part.Height; row++) Clear(into, all, part with { Y = part.Y + row, Height = 1 });
        }
        else if (under.Pixels <= MostPixels || part.Pixels == 1)
        {
            Make(part, all, into, points.X, points.Y, under);
        }
        else
        {
            var (a, b) = part.Width >= part.Height
                ? (part with { Width = part.Width / 2 }, part with { X = part.X + part.Width / 2, Width = part.Width - part.Width / 2 })
                : (part with { Height = part.Height / 2 }, part with { Y = part.Y + part.Height / 2, Height = part.Height - part.Height / 2 });
            Part(a, all, into);
            Part(b, all, into);
        }
    }

    private void Clear(Span<byte> into, Window all, Window run)
    {
        var size = Type.Size();
        fixed (byte* to = into) missing.Fill(to + ((run.Y - all.Y) * all.Width + run.X - all.X) * size, size, (int)run.Width);
    }

    /// <summary>The old pixels that some points may need.</summary>
    private Window Under(double[] x, double[] y)
    {
        var (left, top, right, bottom) = (double.PositiveInfinity, double.PositiveInfinity, double.NegativeInfinity, double.NegativeInfinity);
        for (var i = 0; i < x.Length; i++)
        {
            if (double.IsNaN(x[i]) || double.IsNaN(y[i])) continue;
            (left, right, top, bottom) = (Math.Min(left, x[i]), Math.Max(right, x[i]), Math.Min(top, y[i]), Math.Max(bottom, y[i]));
        }
        if (left > right) return default;
        var (reachX, reachY) = (Reach(scaleX) + 1, Reach(scaleY) + 1);
        const double Far = 1e15;
        var (column, row) = ((long)Math.Floor(Math.Max(left, -Far)) - reachX, (long)Math.Floor(Math.Max(top, -Far)) - reachY);
        return new Window(column, row, (long)Math.Ceiling(Math.Min(right, Far)) + reachX - column, (long)Math.Ceiling(Math.Min(bottom, Far)) + reachY - row).And(inner.Grid.All);
    }

    private long Reach(double scale) => scale < Enlarged ? (long)Math.Ceiling(Kernel.Radius(how) / scale) : Kernel.Radius(how);

    private void Make(Window part, Window all, Span<byte> into, double[] x, double[] y, Window under)
    {
        var size = from.Size();
        if (under.Pixels > MostPixels && how < Resampling.Average) under = Around(x[0], y[0], under);
        if (under.Pixels > int.MaxValue / 16) throw new RasterException($"one pixel of the new grid takes {under.Pixels:#,0} of the old; go there by steps (varve raster warp to pixels of a size between)");
        var (data, miss) = (new byte[under.Pixels * size], new byte[under.Pixels]);
        fixed (byte* d = data)
        fixed (byte* m = miss) inner.Read(under, d, m);
        if (how == Resampling.Near)
        {
            Nearest(part, all, into, x, y, under, data, miss);
            return;
        }
        var values = Numbers(data, miss);
        var pixels = new SourcePixels(values, under, inner.Grid.All);
        for (var row = 0; row < part.Height; row++)
            for (var column = 0; column < part.Width; column++)
            {
                var value = how < Resampling.Average ? AtPoint(pixels, x[row * part.Width + column], y[row * part.Width + column]) : OverArea(pixels, x, y, row * (int)(part.Width + 1) + column, (int)part.Width + 1);
                Put(into, ((part.Y + row - all.Y) * all.Width + part.X + column - all.X), value);
            }
    }

    private Window Around(double x, double y, Window under) => Under([x], [y]).And(under);

    private void Nearest(Window part, Window all, Span<byte> into, double[] x, double[] y, Window under, byte[] data, byte[] miss)
    {
        var size = Type.Size();
        for (var row = 0; row < part.Height; row++)
            for (var column = 0; column < part.Width; column++)
            {
                var i = row * part.Width + column;
                var target = into.Slice((int)((part.Y + row - all.Y) * all.Width + part.X + column - all.X) * size, size);
                var (c, r) = (Math.Floor(x[i] + 1e-10), Math.Floor(y[i] + 1e-10));
                if (!(c >= under.X && c < under.Right && r >= under.Y && r < under.Bottom) || miss[((long)r - under.Y) * under.Width + (long)c - under.X] != 0)
                {
                    Clear(into, all, new Window(part.X + column, part.Y + row, 1, 1));
                    continue;
                }
                data.AsSpan((int)((((long)r - under.Y) * under.Width + (long)c - under.X) * size), size).CopyTo(target);
            }
    }

    private double[] Numbers(byte[] data, byte[] miss)
    {
        var values = Evaluation.Step.ForType(from, new Reader(data)).Values;
        for (var i = 0; i < values.Length; i++)
            if (miss[i] != 0) values[i] = double.NaN;
        return values;
    }

    private sealed record Numbered(double[] Values);

    private sealed record Reader(byte[] Data) : Evaluation.IMaker<Numbered>
    {
        public Numbered Make<T>() where T : unmanaged, System.Numerics.INumber<T>, System.Numerics.IMinMaxValue<T>
        {
            var values = new double[Data.Length / sizeof(T)];
            System.Numerics.Tensors.TensorPrimitives.ConvertChecked<T, double>(MemoryMarshal.Cast<byte, T>(Data), values);
            return new Numbered(values);
        }
    }

    private void Put(Span<byte> into, long at, double value)
    {
        var size = Type.Size();
        var bits = double.IsNaN(value) ? missing.Bits : Evaluation.Known.Of(Type, value).Bits;
        MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(ref bits))[..size].CopyTo(into.Slice(checked((int)at) * size, size));
    }

    private double AtPoint(SourcePixels pixels, double x, double y)
    {
        if (!pixels.Holds(x, y)) return double.NaN;
        return scaleX >= Enlarged && scaleY >= Enlarged ? pixels.Between(how, x, y) : pixels.Spread(how, x, y, Math.Min(1, scaleX < Enlarged ? scaleX : 1), Math.Min(1, scaleY < Enlarged ? scaleY : 1));
    }

    /// <summary>The pixels under one, between its upper left corner and its lower right one; between all four where those two are not far enough apart to tell.</summary>
    private double OverArea(SourcePixels pixels, double[] x, double[] y, int at, int width)
    {
        var (x1, x2, y1, y2) = (x[at], x[at + width + 1], y[at], y[at + width + 1]);
        if (double.IsNaN(x1 + x2 + y1 + y2)) return double.NaN;
        var (left, right, top, bottom) = (Math.Min(x1, x2), Math.Max(x1, x2), Math.Min(y1, y2), Math.Max(y1, y2));
        if (!mapping.IsStraight && !double.IsNaN(x[at + 1] + x[at + width]))
        {
            var (l, r) = (Math.Min(left, Math.Min(x[at + 1], x[at + width])), Math.Max(right, Math.Max(x[at + 1], x[at + width])));
            var (t, b) = (Math.Min(top, Math.Min(y[at + 1], y[at + width])), Math.Max(bottom, Math.Max(y[at + 1], y[at + width])));
            if ((right - left) * (bottom - top) < 0.5 * (r - l) * (b - t)) (left, right, top, bottom) = (l, r, t, b);
        }
        // Over the antimeridian it is what lies at both ends of a map of all the world.
        if (isRound && right - left > inner.Grid.Width / 2.0) return pixels.Over(how, [(right, inner.Grid.Width, top, bottom), (0, left, top, bottom)]);
        return pixels.Over(how, [(left, right, top, bottom)]);
    }

    public void Dispose()
    {
        inner.Dispose();
        mapping.Dispose();
    }
}
