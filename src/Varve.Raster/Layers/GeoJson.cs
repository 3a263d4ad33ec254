using System.Globalization;
using System.Text.Json;

namespace Varve.Raster.Layers;

/// <summary>A shape of a vector file: rings of coordinates (x, y, x, y, ...), outer and inner alike, and its properties.</summary>
/// <param name="Rings">Closed.</param>
/// <param name="Values">The properties that are numbers.</param>
/// <param name="Texts">The properties that are text.</param>
internal sealed record Shape(IReadOnlyList<double[]> Rings, IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, string> Texts);

/// <summary>The polygons of a GeoJSON file (RFC 7946, and the "crs" of the format before it).</summary>
/// <param name="Name">The file.</param>
/// <param name="Projection">What its coordinates mean; longitude and latitude unless it says otherwise.</param>
/// <param name="Shapes">In the file's order.</param>
internal sealed record GeoJson(string Name, Projection Projection, IReadOnlyList<Shape> Shapes)
{
    /// <exception cref="RasterException">It cannot be read, is no GeoJSON, or crosses the antimeridian.</exception>
    public static GeoJson Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return Of(path, document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException(e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: there is no such file" : $"{path}: it cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw NotOne(path, e);
        }
    }

    /// <summary>What a parsed file holds.</summary>
    /// <exception cref="RasterException">It is no GeoJSON, or crosses the antimeridian.</exception>
    public static GeoJson Of(string path, JsonElement root)
    {
        try
        {
            var projection = ProjectionOf(path, root);
            var shapes = new List<Shape>();
            Collect(path, root, shapes);
            if (shapes.Count == 0) throw new RasterException($"{path}: there is no polygon in it");
            if (projection.IsGeographic && shapes.SelectMany(static s => s.Rings).Any(Crosses))
                throw new RasterException($"{path}: a polygon jumps over the antimeridian; cut it there, as RFC 7946 asks (ogr2ogr -wrapdateline)");
            return new GeoJson(path, projection, shapes);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            throw NotOne(path, e);
        }
    }

    private static RasterException NotOne(string path, Exception e) => new($"{path}: it is no GeoJSON: {e.Message}; ogr2ogr -f GeoJSON makes one of most vector files", e);

    private static bool Crosses(double[] ring)
    {
        for (var i = 2; i < ring.Length; i += 2)
            if (Math.Abs(ring[i] - ring[i - 2]) > 180) return true;
        return false;
    }

    private static Projection ProjectionOf(string path, JsonElement root)
    {
        if (!root.TryGetProperty("crs", out var crs) || crs.ValueKind != JsonValueKind.Object) return Projection.OfEpsg(4326);
        var name = crs.GetProperty("properties").GetProperty("name").GetString() ?? "";
        if (name.EndsWith("CRS84", StringComparison.Ordinal)) return Projection.OfEpsg(4326);
        var digits = name[(name.LastIndexOf(':') + 1)..];
        return name.Contains("EPSG", StringComparison.OrdinalIgnoreCase) && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? Projection.OfEpsg(code)
            : throw new RasterException($"{path}: its projection '{name}' is not known here; ogr2ogr -t_srs EPSG:4326 writes it in one that is");
    }

    private static void Collect(string path, JsonElement element, List<Shape> shapes)
    {
        switch (element.GetProperty("type").GetString())
        {
            case "FeatureCollection":
                foreach (var feature in element.GetProperty("features").EnumerateArray()) Collect(path, feature, shapes);
                break;
            case "Feature":
                if (!element.TryGetProperty("geometry", out var geometry) || geometry.ValueKind != JsonValueKind.Object) break;
                var rings = new List<double[]>();
                Gather(path, geometry, rings);
                if (rings.Count > 0) shapes.Add(With(element, rings));
                break;
            default:
                var alone = new List<double[]>();
                Gather(path, element, alone);
                if (alone.Count > 0) shapes.Add(new Shape(alone, new Dictionary<string, double>(), new Dictionary<string, string>()));
                break;
        }
    }

    private static Shape With(JsonElement feature, List<double[]> rings)
    {
        var (values, texts) = (new Dictionary<string, double>(), new Dictionary<string, string>());
        if (feature.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object)
            foreach (var property in properties.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetDouble(out var number)) values[property.Name] = number;
                else if (property.Value.ValueKind == JsonValueKind.String) texts[property.Name] = property.Value.GetString()!;
            }
        return new Shape(rings, values, texts);
    }

    private static void Gather(string path, JsonElement geometry, List<double[]> rings)
    {
        switch (geometry.GetProperty("type").GetString())
        {
            case "Polygon":
                foreach (var ring in geometry.GetProperty("coordinates").EnumerateArray()) rings.Add(Ring(path, ring));
                break;
            case "MultiPolygon":
                foreach (var polygon in geometry.GetProperty("coordinates").EnumerateArray())
                    foreach (var ring in polygon.EnumerateArray()) rings.Add(Ring(path, ring));
                break;
            case "GeometryCollection":
                foreach (var part in geometry.GetProperty("geometries").EnumerateArray()) Gather(path, part, rings);
                break;
            default:
                throw new RasterException($"{path}: it holds a {geometry.GetProperty("type").GetString()}; only polygons can be layers");
        }
    }

    private static double[] Ring(string path, JsonElement ring)
    {
        var coordinates = new double[ring.GetArrayLength() * 2];
        var i = 0;
        foreach (var position in ring.EnumerateArray())
        {
            (coordinates[i], coordinates[i + 1]) = (position[0].GetDouble(), position[1].GetDouble());
            if (!double.IsFinite(coordinates[i]) || !double.IsFinite(coordinates[i + 1])) throw new RasterException($"{path}: a coordinate in it is no number");
            i += 2;
        }
        return coordinates;
    }
}
