using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Outputs;

namespace Varve.Raster.Layers;

/// <summary>What is computed of the pixels around each pixel.</summary>
internal enum Focus { Convolve, Sum, Mean, Minimum, Maximum }

/// <summary>
/// A number of each pixel's neighbourhood. What lies around a chunk is computed with it, so results do not depend on
/// chunks. A convolution takes 0 outside the raster, and is missing where a pixel under a weight other than 0 is; the
/// others are of the pixels that are there, and missing where none is.
/// </summary>
internal sealed class Neighbourhood : Generated, IDisposable
{
    private const long CacheBytes = 32L << 20;
    private const long ManyUses = 9;
    private readonly Focus focus;
    private readonly double[,] weights;
    private readonly int radiusX, radiusY;
    private readonly Placement placement;
    private readonly Program program;
    private readonly BlockCache cache = new(CacheBytes);

    /// <param name="inner">Of what.</param>
    /// <param name="focus">What is computed.</param>
    /// <param name="weights">Rows and columns, both odd; only their number counts but for a convolution.</param>
    public Neighbourhood(Node inner, Focus focus, double[,] weights) : base(PixelType.Float64, null, true)
    {
        (radiusY, radiusX) = (weights.GetLength(0) / 2, weights.GetLength(1) / 2);
        if (weights.GetLength(0) % 2 == 0 || weights.GetLength(1) % 2 == 0) throw new RasterException($"a neighbourhood has odd numbers of rows and columns, not {weights.GetLength(0)} x {weights.GetLength(1)}");
        if (radiusX > 255 || radiusY > 255) throw new RasterException("a neighbourhood is at most 511 pixels wide and high");
        (this.focus, this.weights) = (focus, weights);
        var real = Cast.To(inner, PixelType.Float64);
        placement = new Placement([real]);
        program = new Program([real], placement);
        Grid = placement.GridOf(placement.Everything);
    }

    public override string Name => focus == Focus.Convolve ? "convolve(...)" : "focal(...)";
    public override Grid Grid { get; }
    public override long WorkingBytes(long width, long height) => (width + 2 * radiusX) * (height + 2 * radiusY) * 48 + CacheBytes / 2;
    public override IEnumerable<RasterFile> Files => program.Sources.SelectMany(static s => s switch { RasterSource r => r.Pieces.Select(static p => p.File), LatitudeSource l => l.Column.Pieces.Select(static p => p.File), Generated g => g.Files, _ => [] });
    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", Grid, Name);

    public override unsafe void Fill(Grid reference, Window window, Span<byte> into)
    {
        var place = PlaceOn(reference)!.Value;
        var (shiftX, shiftY) = (placement.Everything.X - place.X, placement.Everything.Y - place.Y);
        var around = new Window(window.X + shiftX - radiusX, window.Y + shiftY - radiusY, window.Width + 2 * radiusX, window.Height + 2 * radiusY);
        var there = around.And(placement.Everything);
        var values = new double[checked((int)there.Pixels)];
        var missing = new byte[values.Length];
        fixed (double* data = values)
        fixed (byte* miss = missing) Compute(there, data, miss);
        var target = MemoryMarshal.Cast<byte, double>(into);
        // Laid on the whole neighbourhood: what lies outside the raster is 0 in a convolution, and nothing else.
        var laid = new double[checked((int)around.Pixels)];
        Array.Fill(laid, focus == Focus.Convolve ? 0 : double.NaN);
        for (var row = 0; row < there.Height; row++)
            Array.Copy(values, row * there.Width, laid, (there.Y - around.Y + row) * around.Width + there.X - around.X, there.Width);
        if (focus == Focus.Convolve) Convolve(laid, around, target, window);
        else Gather(laid, around, target, window);
    }

    private unsafe void Compute(Window there, double* data, byte* miss)
    {
        var tiling = new Tiling(there, there.X, there.Y, there.Width, there.Height);
        using var frame = program.MakeFrame();
        using var loader = new Loader(program, placement, tiling, cache, ManyUses);
        using var plan = new ChunkPlan(program);
        using var part = new ArraySink(0, there, (byte*)data, miss).Part(program, there.Pixels);
        frame.Chunk = there;
        plan.Make(there, source => loader.Uniform(source, there));
        foreach (var source in plan.Sources) loader.Load(frame, source);
        for (long at = 0; at < there.Pixels; at += Frame.Length)
        {
            var count = (int)Math.Min(Frame.Length, there.Pixels - at);
            plan.Run(frame, (int)at, count);
            part.Take(frame, (int)at, count);
        }
        for (long i = 0; i < there.Pixels; i++)
            if (miss[i] != 0) data[i] = double.NaN;
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
    private void Gather(double[] laid, Window around, Span<double> target, Window window)
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
                    value = Joined(value, one);
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
                    value = Joined(value, along[(y + i) * width + x]);
                    count += counts[(y + i) * width + x];
                }
                target[y * width + x] = count == 0 ? double.NaN : focus == Focus.Mean ? value / count : value;
            }
    }

    private double Joined(double a, double b) => focus switch { Focus.Minimum => Math.Min(a, b), Focus.Maximum => Math.Max(a, b), _ => a + b };

    public void Dispose() => cache.Dispose();
}
