using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Layers;
using Varve.Raster.Outputs;
using Varve.Raster.Reductions;

namespace Varve.Raster.Habitat;

/// <summary>
/// One species as a job: all its sums in one walk, and, in the same, the map that nearly all species have, of what suits
/// in habitat and in elevation. Two rules of the IUCN's working group can say otherwise, and only when the sums are known:
/// without any habitat the range counts as habitat (unless it is forced), and without any suitable elevation, elevation
/// does not count. <see cref="Answer"/> then names the map to write instead.
/// </summary>
internal sealed class SpeciesJob : IDisposable
{
    private const int Buffer = 1 << 14, LargestTile = 512;
    private readonly HabitatMaps maps;
    private readonly string file;
    private readonly WriteOptions options;
    private readonly Node range, inElevation;
    private readonly Node? inHabitat;
    private readonly List<Node> summed = [];
    private readonly List<ITallySink> sums = [];
    private readonly int rangeSum, elevationSum, elevationAny, habitatSum = -1, habitatAny = -1, bothSum = -1, bothAny = -1;
    private GeoTiffSink? map;

    /// <param name="species">Which.</param>
    /// <param name="values">The values of its habitats.</param>
    /// <param name="maps">What all share.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="file">The map to write.</param>
    /// <param name="instead">The map to write, and to sum, in place of the usual one.</param>
    /// <exception cref="RasterException">Its range is in another projection, or lies outside the maps.</exception>
    public SpeciesJob(Species species, IReadOnlyList<int> values, HabitatMaps maps, AohRequest request, string file, AohMap? instead = null)
    {
        (this.maps, this.file, options, Species) = (maps, file, request.Write, species);
        range = new PolygonSource(species.Range, PixelType.Boolean, [.. species.Range.Shapes.Select(static _ => 1.0)], request.Coverage);
        inElevation = Binary.Of(Operation.And, range, maps.ElevationOf(species.Lower, species.Upper));
        inHabitat = maps.HabitatOf(values) is { } habitat ? In(range, habitat) : null;
        var both = inHabitat is null ? null : In(maps.ElevationOf(species.Lower, species.Upper), inHabitat);
        var written = (instead ?? AohMap.Both) switch { AohMap.Range => range, AohMap.Habitat => inHabitat!, AohMap.Elevation => inElevation, _ => both ?? inElevation };
        if (instead is null)
        {
            (rangeSum, elevationSum, elevationAny) = (Sum(Weighted(range)), Sum(Weighted(inElevation)), Sum(inElevation));
            if (both is not null) (habitatSum, habitatAny, bothSum, bothAny) = (Sum(Weighted(inHabitat!)), Sum(inHabitat!), Sum(Weighted(both)), Sum(both));
        }
        var stored = Stored(Weighted(written), out var type);
        var placement = new Placement([.. summed, stored], maps.Reference);
        (var roots, sums) = Tallying.Of(summed, placement, Wanted.Sum);
        Job = new Job([.. roots, stored], maps.Reference);
        var everything = placement.Everything;
        Window Of(Node node) => placement.Areas[node] ?? everything;
        IsWeighed = instead is not null || !Of(summed[rangeSum]).IsEmpty;
        if (!IsWeighed) return;
        var area = Of(stored);
        if (instead is null && Of(inElevation).IsEmpty) throw new RasterException($"{species.Path}: the range lies outside the maps; are both in the same projection?");
        if (area.IsEmpty) throw new RasterException($"{species.Path}: the maps share no pixel of the range");
        Job.Parts = Parts(area, everything, type);
    }

    public Species Species { get; }
    public Job Job { get; }

    /// <summary>Whether the range and the weights share a pixel.</summary>
    public bool IsWeighed { get; }

    private static Node In(Node where, Node what) => what.Type == PixelType.Boolean ? Binary.Of(Operation.And, where, what) : Binary.Of(Operation.Multiply, where, what);

    private Node Weighted(Node node) => maps.Weights is { } weights ? Binary.Of(Operation.Multiply, node, weights) : node;

    private Node Stored(Node node, out FileValues values)
    {
        values = FileValues.Of([node], options);
        return node.Type == values.Type || (node.Type == PixelType.Boolean && values.Type == PixelType.Byte) ? node : Cast.To(node, values.Type);
    }

    private int Sum(Node node)
    {
        if (summed.FindIndex(r => ReferenceEquals(r, node)) is var known and >= 0) return known;
        summed.Add(node);
        return summed.Count - 1;
    }

    /// <summary>The map's own tiles, and what is summed beside them.</summary>
    private List<JobPart> Parts(Window area, Window everything, FileValues values)
    {
        var (width, height) = (Side(area.Width), Side(area.Height));
        var layout = Writing.LayoutOf(Job.Placement.GridOf(area), values, options, bands: 1, width, height);
        map = new GeoTiffSink(file, layout, [sums.Count], [values.MayClash(Job.Results[^1])], Buffer).Within(area);
        var parts = new List<JobPart> { new(new Tiling(area, area.X, area.Y, width, height), [.. sums, map]) };
        if (sums.Count > 0) parts.AddRange(Job.Without(everything, area).Select(rest => new JobPart(new Tiling(rest, rest.X, rest.Y, LargestTile, LargestTile), sums)));
        return parts;
    }

    /// <summary>Small maps have one small tile; the format asks for multiples of 16.</summary>
    private static int Side(long pixels) => (int)Math.Min(LargestTile, (pixels + 15) / 16 * 16);

    /// <summary>What the sums say, when all pixels were taken.</summary>
    /// <param name="isForced">Whether no habitat means none.</param>
    public AohAnswer Answer(bool isForced)
    {
        double Of(int sum) => sum < 0 ? 0 : sums[sum].Result.Sum;
        return AohAnswer.Of(new AohSums(Of(rangeSum), Of(habitatSum), Of(elevationSum), Of(bothSum), Of(habitatAny), Of(elevationAny), Of(bothAny)), isForced);
    }

    /// <summary>Puts the map in its place.</summary>
    public void Keep() => map!.Finish();

    public void Dispose() => map?.Dispose();
}
