using Varve.Raster.Evaluation;
using Varve.Raster.Gdal;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
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
            var parts = seasons.Where(m => totals[m] > 0).Select(m => Unary.Of(Function.Log, Binary.Of(Operation.Divide, Present(m), Constant.Of(totals[m])))).ToList();
            if (parts.Count > 0) species.Add(parts.Aggregate(Greater));
        }
        if (species.Count == 0) throw new RasterException($"{folder}: no map has any habitat");
        using var stack = new StackedSum(species, PixelType.Float64, null, null);
        using var counted = richness is null ? RichnessOf(folder) : null;
        var count = counted ?? (Node)RasterSource.Of(RasterFiles.Open(richness!), 0);
        var some = Choice.Of(Binary.Of(Operation.Greater, count, Constant.Of((Int128)0)), count, Constant.Of(double.NaN));
        new Raster(Unary.Of(Function.Exp, Binary.Of(Operation.Divide, stack, some))).Write(path, (write ?? new WriteOptions()) with { Type = PixelType.Float64, NoData = double.NaN }, limits);
    }

    private static StackedSum RichnessOf(string folder)
    {
        var species = SpeciesFiles.BySpecies(folder).Select(static seasons => seasons.Select(static s => Filled.Of(Unary.Truth(Open(s)), Constant.Of(false))).Aggregate(static (a, b) => Binary.Of(Operation.Or, a, b))).ToList();
        var range = new ValueRange(0, species.Count);
        return new StackedSum(species, PixelTypes.Smallest(range)!.Value, range, 0);
    }

    private static RasterSource Open(string path) => RasterSource.Of(RasterFiles.Open(path), 0);

    /// <summary>In real numbers, missing where it is 0.</summary>
    private static Node Present(Node map) => Cast.To(Choice.Of(Binary.Of(Operation.NotEqual, map, Constant.Of((Int128)0)), map, Constant.Of(double.NaN)), PixelType.Float64);

    /// <summary>The greater of two; where one is missing, or does not lie, the other.</summary>
    private static Node Greater(Node a, Node b)
    {
        var (x, y) = (Filled.Of(a, Constant.Of(double.NegativeInfinity)), Filled.Of(b, Constant.Of(double.NegativeInfinity)));
        // Outside its area an operand would count as 0, which is more than any logarithm here.
        Node Lies(Node raster) => Binary.Of(Operation.Less, raster, Constant.Of(0.0));
        var (inX, inY) = (Lies(x), Lies(y));
        var both = Binary.Of(Operation.Maximum, x, y);
        var one = Choice.Of(Binary.Of(Operation.Or, inX, inY), Choice.Of(inX, Choice.Of(inY, both, x), y), Constant.Of(double.NaN));
        return Choice.Of(Binary.Of(Operation.Greater, one, Constant.Of(double.NegativeInfinity)), one, Constant.Of(double.NaN));
    }

    /// <summary>The sum of each map.</summary>
    private static Dictionary<RasterSource, double> Totals(IReadOnlyList<RasterSource> maps, Limits limits)
    {
        var totals = new Dictionary<RasterSource, double>(ReferenceEqualityComparer.Instance);
        foreach (var some in maps.Chunk(MostAtOnce))
        {
            var sinks = some.Select(static _ => new TallySink(0, Wanted.Sum)).ToList();
            var jobs = some.Select((map, i) =>
            {
                var job = new Job([map], map.Grid);
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
