using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Layers;
using Varve.Raster.Reductions;

namespace Varve.Raster.Habitat;

/// <summary>What the areas of habitat of many species come to together.</summary>
public static class SpeciesMaps
{
    private const int MostAtOnce = 256;

    /// <summary>How many species have habitat in each pixel; missing, and 0 in the file, where none has. A species' seasons count once.</summary>
    /// <param name="folder">The maps, `ID_SEASON.tif` or as the IUCN names them, in the folder and those below.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="write">How; what stands for missing pixels is 0.</param>
    /// <param name="limits">What may be used.</param>
    /// <exception cref="RasterException">There are no maps, or they do not lie on one grid.</exception>
    public static void Richness(string folder, string path, WriteOptions? write = null, Limits? limits = null)
    {
        using var stack = RichnessOf(folder);
        new Raster(stack).Write(path, (write ?? new WriteOptions()) with { NoData = 0 }, limits);
    }

    /// <summary>
    /// How much each pixel matters to its species: of each the part of its area of habitat that lies there, and of these
    /// the geometric mean. Of several seasons the one to which a pixel matters most counts.
    /// </summary>
    /// <param name="folder">The maps.</param>
    /// <param name="richness">Their <see cref="Richness"/>; null to compute it.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="write">How; NaN stands for missing pixels.</param>
    /// <param name="limits">What may be used.</param>
    /// <exception cref="RasterException">There are no maps, or they do not lie on one grid.</exception>
    public static void Endemism(string folder, string? richness, string path, WriteOptions? write = null, Limits? limits = null)
    {
        var files = SpeciesFiles.BySpecies(folder);
        var maps = files.Select(static seasons => seasons.Select(Open).ToList()).ToList();
        var totals = Totals([.. maps.SelectMany(static seasons => seasons)], limits ?? Limits.Default);
        var species = new List<Node>();
        foreach (var seasons in maps)
        {
            // Outside its area a season's part is 0, which the greater of two passes over.
            var parts = seasons.Where(m => totals[m] > 0).Select(m => Filled.Of(Binary.Of(Operation.Divide, m, Constant.Of(totals[m])), Constant.Of((Int128)0))).ToList();
            if (parts.Count > 0) species.Add(Unary.Of(Function.Log, Some(parts.Aggregate(static (a, b) => Binary.Of(Operation.Maximum, a, b)))));
        }
        if (species.Count == 0) throw new RasterException($"{folder}: no map has any habitat");
        using var stack = new StackedSum(species, PixelType.Float64, null, null);
        using var counted = richness is null ? RichnessOf(folder) : null;
        var count = counted ?? Open(richness!);
        new Raster(Unary.Of(Function.Exp, Binary.Of(Operation.Divide, stack, Some(count)))).Write(path, (write ?? new WriteOptions()) with { Type = PixelType.Float64, NoData = double.NaN }, limits);
    }

    private static StackedSum RichnessOf(string folder)
    {
        var species = SpeciesFiles.BySpecies(folder).Select(static seasons => seasons.Select(static s => Filled.Of(Unary.Truth(Open(s)), Constant.Of(false))).Aggregate(static (a, b) => Binary.Of(Operation.Or, a, b))).ToList();
        var range = new ValueRange(0, species.Count);
        return new StackedSum(species, PixelTypes.Smallest(range)!.Value, range, 0);
    }

    private static Node Open(string path) => FileBand.Open(path, 0);

    /// <summary>Missing where it is not more than 0.</summary>
    private static Choice Some(Node map) => Choice.Of(Binary.Of(Operation.Greater, map, Constant.Of((Int128)0)), map, Constant.Of(double.NaN));

    /// <summary>The sum of each map.</summary>
    private static Dictionary<Node, double> Totals(IReadOnlyList<Node> maps, Limits limits)
    {
        var totals = new Dictionary<Node, double>(ReferenceEqualityComparer.Instance);
        foreach (var some in maps.Chunk(MostAtOnce))
        {
            var sinks = some.Select(static _ => new TallySink(0, Wanted.Sum)).ToList();
            var jobs = some.Select((map, i) =>
            {
                var job = new Job([map], FileBand.ValueOf(map).Grid);
                var all = job.Placement.Everything;
                job.Parts = [new JobPart(new Tiling(all, all.X, all.Y, 512, 512), [sinks[i]])];
                return job;
            }).ToList();
            SharedPass.Run(jobs, 0, limits);
            for (var i = 0; i < some.Length; i++) totals[some[i]] = sinks[i].Result.Sum;
        }
        return totals;
    }
}
