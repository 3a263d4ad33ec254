using Varve.Raster.Evaluation;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Outputs;

namespace Varve.Raster.Layers;

/// <summary>Any window of an expression, computed when a layer over it asks, by whichever thread.</summary>
internal sealed class InnerPixels : IDisposable
{
    /// <summary>What a pixel of a window takes while it is computed, in bytes, about.</summary>
    public const long BytesPerPixel = 48;
    private const long ManyUses = 1 << 20;
    private readonly Placement placement;
    private readonly Program program;
    private readonly BlockCache cache;

    /// <param name="inner">The expression.</param>
    /// <param name="cacheBytes">What decoded blocks may take that several windows need.</param>
    public InnerPixels(Node inner, long cacheBytes)
    {
        placement = new Placement([inner]);
        program = new Program([inner], placement);
        Grid = placement.GridOf(placement.Everything);
        cache = new BlockCache(cacheBytes);
    }

    public Grid Grid { get; }

    /// <summary>Readies what must be ready before any window is asked for.</summary>
    public void Prepare(Limits limits)
    {
        foreach (var source in program.Sources.OfType<Generated>()) source.Prepare(limits);
    }

    public IEnumerable<RasterFile> Files => program.Sources.SelectMany(static s => s switch { RasterSource r => r.Pieces.Select(static p => p.File), LatitudeSource l => l.Column.Pieces.Select(static p => p.File), Generated g => g.Files, _ => [] });

    /// <summary>Computes a window, counted from the first pixel of <see cref="Grid"/>, within it.</summary>
    /// <param name="window">Which pixels.</param>
    /// <param name="data">Gets them, row by row.</param>
    /// <param name="missing">Gets 1 where one is missing.</param>
    public unsafe void Read(Window window, byte* data, byte* missing)
    {
        var there = window.Moved(placement.Everything.X, placement.Everything.Y);
        var tiling = new Tiling(there, there.X, there.Y, there.Width, there.Height);
        using var frame = program.MakeFrame();
        using var loader = new Loader(program, placement, tiling, cache, ManyUses);
        using var plan = new ChunkPlan(program);
        using var part = new ArraySink(0, there, data, missing).Part(program, there.Pixels);
        frame.Chunk = there;
        plan.Make(there, source => loader.Uniform(source, there));
        foreach (var source in plan.Sources) loader.Load(frame, source);
        for (long at = 0; at < there.Pixels; at += Frame.Length)
        {
            var count = (int)Math.Min(Frame.Length, there.Pixels - at);
            plan.Run(frame, (int)at, count);
            part.Take(frame, (int)at, count);
        }
    }

    public void Dispose() => cache.Dispose();
}
