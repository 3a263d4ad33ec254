using System.Globalization;
using System.Text.Json;

namespace Varve.Raster.Layers;

/// <summary>A shape of a vector file: rings of coordinates (x, y, x, y, ...), outer and inner alike, lines and points, and its properties.</summary>
/// <param name="Rings">Closed.</param>
/// <param name="Values">The properties that are numbers.</param>
/// <param name="Texts">The properties that are text.</param>
internal sealed record Shape(IReadOnlyList<double[]> Rings, IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, string> Texts)
{
    /// <summary>Its lines, from point to point; a point is a line of one.</summary>
    public IReadOnlyList<double[]> Paths { get; init; } = [];
}

/// <summary>The shapes of a GeoJSON file (RFC 7946, and the "crs" of the format before it).</summary>
/// <param name="Name">The file.</param>
/// <param name="Projection">What its coordinates mean; longitude and latitude unless it says otherwise.</param>
/// <param name="Shapes">In the file's order.</param>
internal sealed record GeoJson(string Name, Projection Projection, IReadOnlyList<Shape> Shapes)
{
    /// <exception cref="RasterException">It cannot be read, is no GeoJSON, or it cannot be told which way an edge goes around the world.</exception>
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
    /// <exception cref="RasterException">It is no GeoJSON, or it cannot be told which way an edge goes around the world.</exception>
    public static GeoJson Of(string path, JsonElement root)
    {
        try
        {
            var projection = ProjectionOf(path, root);
            var shapes = new List<Shape>();
            Collect(path, root, shapes);
            if (shapes.Count == 0) throw new RasterException($"{path}: there is no shape in it");
            if (projection.IsGeographic) shapes = shapes.ConvertAll(s => Antimeridian.Cut(path, s));
            return new GeoJson(path, projection, shapes);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            throw NotOne(path, e);
        }
    }

    private static RasterException NotOne(string path, Exception e) => new($"{path}: it is no GeoJSON: {e.Message}; ogr2ogr -f GeoJSON makes one of most vector files", e);

    private static Projection ProjectionOf(string path, JsonElement root)
    {
        if (!root.TryGetProperty("crs", out var crs) || crs.ValueKind != JsonValueKind.Object) return Projection.OfEpsg(4326);
        var name = crs.GetProperty("properties").GetProperty("name").GetString() ?? "";
        if (name.EndsWith("CRS84", StringComparison.Ordinal)) return Projection.OfEpsg(4326);
        var digits = name[(name.LastIndexOf(':') + 1)..];
        if (name.Contains("EPSG", StringComparison.OrdinalIgnoreCase) && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var code)) return Projection.OfEpsg(code);
        return Gdal.Gdal.IsThere
            ? Projection.Named(name)
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
                var parts = (Rings: new List<double[]>(), Paths: new List<double[]>());
                Gather(path, geometry, parts.Rings, parts.Paths);
                if (parts.Rings.Count + parts.Paths.Count > 0) shapes.Add(With(element, parts.Rings) with { Paths = parts.Paths });
                break;
            default:
                var alone = (Rings: new List<double[]>(), Paths: new List<double[]>());
                Gather(path, element, alone.Rings, alone.Paths);
                if (alone.Rings.Count + alone.Paths.Count > 0) shapes.Add(new Shape(alone.Rings, new Dictionary<string, double>(), new Dictionary<string, string>()) { Paths = alone.Paths });
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

    private static void Gather(string path, JsonElement geometry, List<double[]> rings, List<double[]> paths)
    {
        JsonElement Coordinates() => geometry.GetProperty("coordinates");
        switch (geometry.GetProperty("type").GetString())
        {
            case "Point":
                // A point without a place is allowed, and none.
                if (Coordinates().GetArrayLength() > 0) paths.Add(Point(path, Coordinates()));
                break;
            case "MultiPoint":
                foreach (var point in Coordinates().EnumerateArray()) paths.Add(Point(path, point));
                break;
            case "LineString":
                paths.Add(Ring(path, Coordinates()));
                break;
            case "MultiLineString":
                foreach (var line in Coordinates().EnumerateArray()) paths.Add(Ring(path, line));
                break;
            case "Polygon":
                foreach (var ring in Coordinates().EnumerateArray()) rings.Add(Ring(path, ring));
                break;
            case "MultiPolygon":
                foreach (var polygon in Coordinates().EnumerateArray())
                    foreach (var ring in polygon.EnumerateArray()) rings.Add(Ring(path, ring));
                break;
            case "GeometryCollection":
                foreach (var part in geometry.GetProperty("geometries").EnumerateArray()) Gather(path, part, rings, paths);
                break;
            default:
                throw new RasterException($"{path}: it holds a {geometry.GetProperty("type").GetString()}; points, lines and polygons can be layers");
        }
    }

    private static double[] Point(string path, JsonElement position)
    {
        double[] point = [position[0].GetDouble(), position[1].GetDouble()];
        return double.IsFinite(point[0]) && double.IsFinite(point[1]) ? point : throw new RasterException($"{path}: a coordinate in it is no number");
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
