using System.Numerics;
using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Habitat;

/// <summary>
/// The sum of any number of rasters, each on its own small area, pixel by pixel in their order; missing pixels count as 0.
/// Each is computed only where it lies, so that thousands of species take the memory of one.
/// </summary>
internal sealed class StackedSum : Generated, IDisposable
{
    private const long ManyUses = long.MaxValue / 2, CacheBytes = 32L << 20, BandRows = 256;
    private readonly List<(Program Program, Placement Placement)> layers = [];
    private readonly Dictionary<long, List<int>> bands = [];
    private readonly BlockCache cache = new(CacheBytes);
    private readonly double? noData;

    /// <param name="rasters">What is added up.</param>
    /// <param name="type">Of the sum; it must hold it.</param>
    /// <param name="range">The least and most it can be; null for real numbers.</param>
    /// <param name="noData">The sum that counts as missing; null when none does.</param>
    /// <exception cref="RasterException">They do not lie on one grid.</exception>
    public StackedSum(IReadOnlyList<Node> rasters, PixelType type, ValueRange? range, double? noData) : base(type, range, noData is not null)
    {
        this.noData = noData;
        var reference = Alignment.Reference(Node.InOrder(rasters).OfType<Source>().Select(static s => s.Grid).OfType<Grid>())!;
        var all = new Window(0, 0, 0, 0);
        foreach (var raster in rasters)
        {
            var placement = new Placement([raster], reference);
            layers.Add((new Program([raster], placement), placement));
            var place = placement.Everything;
            all = all.Or(place);
            for (var band = Band(place.Y); band <= Band(place.Bottom - 1); band++)
            {
                if (!bands.TryGetValue(band, out var list)) bands[band] = list = [];
                list.Add(layers.Count - 1);
            }
        }
        Grid = reference.Part(all);
        Everything = all;
    }

    public override string Name => "the maps";
    public override Grid Grid { get; }
    public override double? NoData => noData;
    private Window Everything { get; }

    private static long Band(long row) => row >= 0 ? row / BandRows : -1 - (-1 - row) / BandRows;

    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", Grid, Name);

    public override long WorkingBytes(long width, long height) => width * height * (sizeof(double) + 8);

    public override double? Uniform(Grid reference, Window window) => Over(Own(reference, window)).Any() ? null : 0;

    private Window Own(Grid reference, Window window)
    {
        var place = PlaceOn(reference)!.Value;
        return window.Moved(Everything.X - place.X, Everything.Y - place.Y);
    }

    /// <summary>The rasters that lie on a window, in their order.</summary>
    private IEnumerable<int> Over(Window window) =>
        Enumerable.Range((int)Band(window.Y), (int)(Band(window.Bottom - 1) - Band(window.Y)) + 1).SelectMany(b => bands.GetValueOrDefault(b) ?? []).Distinct().Order()
            .Where(i => !layers[i].Placement.Everything.And(window).IsEmpty);

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        var own = Own(reference, window);
        var sums = new double[checked((int)own.Pixels)];
        using var arena = new Arena();
        foreach (var layer in Over(own))
        {
            arena.Reset();
            Add(layers[layer].Program, layers[layer].Placement, own, sums, arena);
        }
        Step.ForType(Type, new Maker(sums)).Fill(into);
    }

    private unsafe void Add(Program program, Placement placement, Window window, double[] sums, Arena arena)
    {
        var chunk = placement.Everything.And(window);
        var tiling = new Tiling(chunk, chunk.X, chunk.Y, chunk.Width, chunk.Height);
        using var plan = new ChunkPlan(program);
        using var loader = new Loader(program, placement, tiling, cache, ManyUses, arena);
        plan.Make(chunk, source => loader.Uniform(source, chunk));
        var slot = program.Roots[0];
        if (plan[slot] is { } known && (known.IsMissing || known.Bits == 0)) return;
        using var frame = program.MakeFrame();
        frame.Chunk = chunk;
        foreach (var source in plan.Sources) loader.Load(frame, source);
        var isTruth = program.Slots[slot].Type == PixelType.Boolean;
        for (long at = 0; at < chunk.Pixels; at += Frame.Length)
        {
            var count = (int)Math.Min(Frame.Length, chunk.Pixels - at);
            plan.Run(frame, (int)at, count);
            for (var done = 0; done < count;)
            {
                var (row, column) = Math.DivRem(at + done, chunk.Width);
                var run = (int)Math.Min(count - done, chunk.Width - column);
                var target = sums.AsSpan((int)((chunk.Y + row - window.Y) * window.Width + chunk.X + column - window.X), run);
                if (isTruth)
                {
                    var truths = new ReadOnlySpan<byte>(frame.Data[slot] + done, run);
                    for (var i = 0; i < run; i++) target[i] += truths[i];
                }
                else
                {
                    var values = new ReadOnlySpan<double>((double*)frame.Data[slot] + done, run);
                    for (var i = 0; i < run; i++) target[i] += double.IsNaN(values[i]) ? 0 : values[i];
                }
                done += run;
            }
        }
    }

    private sealed record Maker(double[] Sums) : IMaker<Work>
    {
        public Work Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new Work<T>(Sums);
    }

    private abstract class Work
    {
        public abstract void Fill(Span<byte> into);
    }

    private sealed class Work<T>(double[] sums) : Work where T : unmanaged, INumber<T>
    {
        public override void Fill(Span<byte> into)
        {
            var pixels = MemoryMarshal.Cast<byte, T>(into);
            for (var i = 0; i < pixels.Length; i++) pixels[i] = T.CreateSaturating(sums[i]);
        }
    }

    public void Dispose() => cache.Dispose();
}
