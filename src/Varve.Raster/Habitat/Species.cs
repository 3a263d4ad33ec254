using System.Globalization;
using System.Text.Json;
using Varve.Raster.Layers;

namespace Varve.Raster.Habitat;

/// <summary>A species in one season: where experts say it occurs, and what it needs there. One GeoJSON file has one.</summary>
/// <param name="Path">The file.</param>
/// <param name="Id">`id_no`: IUCN's number of the taxon, or any other name that can be part of a file's.</param>
/// <param name="Assessment">`assessment_id`; null when the file has none.</param>
/// <param name="Season">`season`: 1 resident, 2 breeding, ..., or a word; null when the file has none.</param>
/// <param name="Lower">`elevation_lower`, in metres, cut to whole ones.</param>
/// <param name="Upper">`elevation_upper`.</param>
/// <param name="Codes">`full_habitat_code`: IUCN's codes of its habitats.</param>
/// <param name="Properties">All properties of the file, in their order.</param>
/// <param name="Range">The polygons.</param>
internal sealed record Species(string Path, string Id, string? Assessment, string? Season, long Lower, long Upper, IReadOnlyList<string> Codes, IReadOnlyList<(string Name, JsonElement Value)> Properties, GeoJson Range)
{
    /// <exception cref="RasterException">It cannot be read, or has not exactly one species with all it needs; the message names the file.</exception>
    public static Species Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            var feature = FeatureOf(path, document.RootElement);
            if (!feature.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object) throw new RasterException($"{path}: the species has no properties");
            var id = NameOf(path, properties, "id_no") ?? throw new RasterException($"{path}: the species has no id_no");
            var species = new Species(path, id, NameOf(path, properties, "assessment_id"), NameOf(path, properties, "season"),
                Metres(path, properties, "elevation_lower"), Metres(path, properties, "elevation_upper"), CodesOf(path, properties),
                [.. properties.EnumerateObject().Select(static p => (p.Name, p.Value.Clone()))], GeoJson.Of(path, document.RootElement));
            return species.Range.Shapes.Any(static s => s.Paths.Count > 0) ? throw new RasterException($"{path}: it holds lines or points; the range of a species is polygons") : species;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException($"{path}: it cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new RasterException($"{path}: it is no GeoJSON: {e.Message}", e);
        }
    }

    private static JsonElement FeatureOf(string path, JsonElement root)
    {
        var kind = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : "";
        if (kind == "Feature") return root;
        if (kind != "FeatureCollection" || !root.TryGetProperty("features", out var features) || features.ValueKind != JsonValueKind.Array) throw new RasterException($"{path}: it is no GeoJSON of a species: a Feature, or a FeatureCollection of one, is");
        return features.GetArrayLength() == 1 ? features[0] : throw new RasterException($"{path}: it has {features.GetArrayLength()} species; a file has one species in one season");
    }

    private static string? NameOf(string path, JsonElement properties, string name)
    {
        if (!properties.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.Trim(),
            JsonValueKind.Number when value.TryGetDouble(out var number) && number == Math.Floor(number) && Math.Abs(number) < 1L << 53 => ((long)number).ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
        // Only what can be part of a file's name, and of no other folder's.
        return text.Length > 0 && text.All(static c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') && text[0] != '.' ? text
            : throw new RasterException($"{path}: {name} is {value.GetRawText()}; a number, or a name of letters, digits, '-' and '_', can be");
    }

    private static long Metres(string path, JsonElement properties, string name)
    {
        if (!properties.TryGetProperty(name, out var value)) throw new RasterException($"{path}: the species has no {name}");
        var isNumber = value.ValueKind == JsonValueKind.Number ? value.TryGetDouble(out var number) : double.TryParse(value.ValueKind == JsonValueKind.String ? value.GetString() : "", NumberStyles.Float, CultureInfo.InvariantCulture, out number);
        return isNumber && Math.Abs(number) < 1e9 ? (long)Math.Floor(number) : throw new RasterException($"{path}: {name} is {value.GetRawText()}, which is no elevation in metres");
    }

    private static List<string> CodesOf(string path, JsonElement properties)
    {
        if (!properties.TryGetProperty("full_habitat_code", out var value) || value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
            throw new RasterException($"{path}: the species has no full_habitat_code, such as \"1.5|1.6\"");
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return [.. text.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];
    }
}
