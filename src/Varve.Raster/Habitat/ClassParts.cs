using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Habitat;

/// <summary>
/// What part of each pixel of a coarser grid some classes of a map take, by the area of the map's pixels in it. Pixels
/// that are missing count for none; where all are, the part is missing.
/// </summary>
internal sealed class ClassParts : IDisposable
{
    private const long ManyUses = long.MaxValue / 2, CacheBytes = 32L << 20;
    private readonly Program program;
    private readonly Placement placement;
    private readonly BlockCache cache = new(CacheBytes);
    private readonly IReadOnlyList<int> classes;
    private readonly Dictionary<int, int> numbers;
    private readonly Grid fine;
    private readonly ThreadLocal<(Window Window, double[][] Parts)> latest = new();

    /// <param name="map">The map, in integers.</param>
    /// <param name="grid">The coarser grid.</param>
    /// <param name="classes">Which values of it.</param>
    public ClassParts(Node map, Grid grid, IReadOnlyList<int> classes)
    {
        var values = Cast.To(map, PixelType.Int32);
        placement = new Placement([values]);
        program = new Program([values], placement);
        (Grid, this.classes, fine) = (grid, classes, placement.GridOf(placement.Everything));
        numbers = classes.Select(static (c, i) => (Class: c, Index: i)).ToDictionary(static p => p.Class, static p => p.Index);
    }

    public Grid Grid { get; }

    /// <summary>One of the classes as a layer.</summary>
    public Node Of(int value) => new Part(this, numbers[value]);

    /// <summary>Parts of all classes over a window; the last window of each thread is kept, for the next class of it.</summary>
    private double[][] Over(Window window)
    {
        if (latest.Value is { Parts: { } known } && latest.Value.Window == window) return known;
        var (parts, all) = (classes.Select(_ => new double[window.Pixels]).ToArray(), new double[window.Pixels]);
        var (columns, left) = Overlaps(window.X, window.Width, Grid.X, Grid.StepX, fine.X, fine.StepX, fine.Width);
        var (rows, top) = Overlaps(window.Y, window.Height, Grid.Y, Grid.StepY, fine.Y, fine.StepY, fine.Height);
        if (columns.Count > 0 && rows.Count > 0) Gather(columns, left, rows, top, (int)window.Width, parts, all);
        foreach (var part in parts)
            for (var i = 0; i < part.Length; i++) part[i] = all[i] > 0 ? part[i] / all[i] : double.NaN;
        latest.Value = (window, parts);
        return parts;
    }

    /// <summary>For each fine pixel along one axis the coarse ones it lies in, each with the part of it that does, and the first fine pixel.</summary>
    private static (List<List<(int At, double Part)>> Pixels, long First) Overlaps(long first, long count, double start, double step, double fineStart, double fineStep, long fineCount)
    {
        double Edge(long pixel) => (start + pixel * step - fineStart) / fineStep;
        // Edges that agree but for rounding are one.
        double Snapped(double edge) => Math.Abs(edge - Math.Round(edge)) < 1e-6 ? Math.Round(edge) : edge;
        var edges = Enumerable.Range(0, (int)count + 1).Select(i => Snapped(Edge(first + i))).ToArray();
        var (from, to) = (Math.Max(0, (long)Math.Floor(edges[0])), Math.Min(fineCount, (long)Math.Ceiling(edges[^1])));
        var pixels = new List<List<(int, double)>>();
        var at = 0;
        for (var pixel = from; pixel < to; pixel++)
        {
            var own = new List<(int, double)>();
            while (at < count && edges[at + 1] <= pixel) at++;
            for (var i = at; i < count && edges[i] < pixel + 1; i++)
                if (Math.Min(edges[i + 1], pixel + 1) - Math.Max(edges[i], pixel) is > 0 and var part) own.Add((i, part));
            pixels.Add(own);
        }
        return (pixels, from);
    }

    private unsafe void Gather(List<List<(int At, double Part)>> columns, long left, List<List<(int At, double Part)>> rows, long top, int width, double[][] parts, double[] all)
    {
        // Few rows at a time: however coarse the grid is, memory is bounded.
        var step = Math.Max(1, (1L << 20) / columns.Count);
        using var arena = new Arena();
        for (var first = 0L; first < rows.Count; first += step)
        {
            arena.Reset();
            var origin = placement.Everything;
            var chunk = new Window(origin.X + left, origin.Y + top + first, columns.Count, Math.Min(step, rows.Count - first));
            var tiling = new Tiling(chunk, chunk.X, chunk.Y, chunk.Width, chunk.Height);
            using var plan = new ChunkPlan(program);
            using var frame = program.MakeFrame();
            using var loader = new Loader(program, placement, tiling, cache, ManyUses, arena);
            frame.Chunk = chunk;
            plan.Make(chunk, source => loader.Uniform(source, chunk));
            foreach (var source in plan.Sources) loader.Load(frame, source);
            var slot = program.Roots[0];
            for (long at = 0; at < chunk.Pixels; at += Frame.Length)
            {
                var count = (int)Math.Min(Frame.Length, chunk.Pixels - at);
                plan.Run(frame, (int)at, count);
                var values = (int*)frame.Data[slot];
                var miss = frame.HasMiss[slot] ? frame.Miss[slot] : null;
                for (var i = 0; i < count; i++)
                {
                    if (miss != null && miss[i] != 0) continue;
                    var (row, column) = Math.DivRem(at + i, chunk.Width);
                    var own = numbers.TryGetValue(values[i], out var number) ? parts[number] : null;
                    foreach (var (y, high) in rows[(int)(first + row)])
                        foreach (var (x, wide) in columns[(int)column])
                        {
                            all[y * width + x] += high * wide;
                            if (own is not null) own[y * width + x] += high * wide;
                        }
                }
            }
        }
    }

    private long BytesFor(long width, long height) => width * height * sizeof(double) * (classes.Count + 1) + (4L << 20);

    public void Dispose()
    {
        cache.Dispose();
        latest.Dispose();
    }

    private sealed class Part(ClassParts all, int number) : Generated(PixelType.Float32, null, true)
    {
        public override string Name => "a class of habitat";
        public override Grid Grid => all.Grid;
        public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", all.Grid, Name);
        public override long WorkingBytes(long width, long height) => number == 0 ? all.BytesFor(width, height) : 0;

        public override void Fill(Grid reference, Window window, Span<byte> into)
        {
            var place = PlaceOn(reference)!.Value;
            var parts = all.Over(window.Moved(-place.X, -place.Y))[number];
            var pixels = MemoryMarshal.Cast<byte, float>(into);
            for (var i = 0; i < pixels.Length; i++) pixels[i] = (float)parts[i];
        }
    }
}
