using System.Collections.Concurrent;
using System.Globalization;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Layers;

namespace Varve.Raster.Habitat;

/// <summary>The maps that all species share, opened once. What is unknown in them (missing pixels) suits no species.</summary>
internal sealed class HabitatMaps
{
    private readonly AohRequest request;
    private readonly Node? classified;
    private readonly Node low, high;
    private readonly ConcurrentDictionary<int, Lazy<Node?>> fractions = new();

    /// <exception cref="RasterException">One cannot be read, or they do not lie on one grid.</exception>
    public HabitatMaps(AohRequest request)
    {
        this.request = request;
        low = Open(request.ElevationMin);
        high = request.ElevationMax == request.ElevationMin ? low : Open(request.ElevationMax);
        if (request.ClassifiedHabitat is { } path) classified = Open(path);
        else if (!Directory.Exists(request.FractionalHabitats)) throw new RasterException($"{request.FractionalHabitats}: there is no such folder; `varve aoh habitat-process` makes one of a classified map");
        Weights = WeightsOf(request);
        // The same grid for each species, whichever classes it lives in, so that all count pixels alike.
        Reference = FileBand.ValueOf(low).Grid;
        foreach (var source in Node.InOrder([.. new[] { high, classified, Weights }.OfType<Node>()]).OfType<RasterSource>()) MustLieOnReference(source);
    }

    /// <summary>The grid from which pixels are counted: that of the elevations.</summary>
    public Grid Reference { get; }

    /// <summary>What results are multiplied by; null when they are not.</summary>
    public Node? Weights { get; }

    /// <summary>Where some values of habitat are: truth, or the part of a pixel; null when no map has any of them.</summary>
    public Node? HabitatOf(IReadOnlyList<int> values)
    {
        if (classified is not null) return Filled.Of(new Membership(classified, [.. values.Select(static v => (double)v)]), Constant.Of(false));
        var maps = values.Select(Fraction).OfType<Node>().ToList();
        return maps.Count == 0 ? null : Binary.Of(Operation.Minimum, maps.Aggregate(static (a, b) => Binary.Of(Operation.Add, a, b)), Constant.Of((Int128)1));
    }

    /// <summary>Where an elevation of a pixel lies between two.</summary>
    public Node ElevationOf(long lower, long upper) => Filled.Of(Binary.Of(Operation.And,
        Binary.Of(Operation.LessOrEqual, low, Constant.Of((Int128)upper)), Binary.Of(Operation.GreaterOrEqual, high, Constant.Of((Int128)lower))), Constant.Of(false));

    /// <summary>The files on which a species' result depends, beside its own.</summary>
    public IEnumerable<string> FilesFor(IReadOnlyList<int> values) => WithMasks(
    [
        request.ElevationMin, request.ElevationMax,
        .. request.ClassifiedHabitat is { } path ? [path] : values.Select(FractionFile),
        .. request.Weights.Where(File.Exists),
    ]);

    /// <summary>Files, and the masks that lie beside some of them.</summary>
    private static IEnumerable<string> WithMasks(IEnumerable<string> files) => files.SelectMany(static f => File.Exists(f + ".msk") ? new[] { f, f + ".msk" } : [f]);

    private void MustLieOnReference(RasterSource map) => Alignment.Place(Reference, FileBand.ValueOf(low).Origin, map.Grid, map.Origin);

    private string FractionFile(int value) => Path.Combine(request.FractionalHabitats!, $"lcc_{value.ToString(CultureInfo.InvariantCulture)}.tif");

    private Node? Fraction(int value) => fractions.GetOrAdd(value, v => new Lazy<Node?>(() =>
    {
        if (!File.Exists(FractionFile(v))) return null;
        var map = Open(FractionFile(v));
        MustLieOnReference(FileBand.ValueOf(map));
        return Filled.Of(map, Constant.Of((Int128)0));
    })).Value;

    private static Node Open(string path) => FileBand.Open(path, 0);

    private static Node? WeightsOf(AohRequest request)
    {
        var weights = request.Weights.Select(Weight).ToList();
        if (request.PixelArea) weights.Add(new PixelArea(null));
        return weights.Count == 0 ? null : weights.Aggregate(static (a, b) => Binary.Of(Operation.Multiply, a, b));
    }

    private static Node Weight(string word)
    {
        if (!File.Exists(word))
            return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? Constant.Of(number)
                : throw new RasterException($"{word}: there is no such file to weigh by, and it is no number");
        if (Path.GetExtension(word).ToLowerInvariant() is ".geojson" or ".json")
        {
            var file = GeoJson.Read(word);
            return new PolygonSource(file, PixelType.Boolean, [.. file.Shapes.Select(static _ => 1.0)], Coverage.AllTouched);
        }
        var map = Open(word);
        return FileBand.ValueOf(map).Grid.Width == 1 ? FileBand.Wide(map) : map;
    }
}
