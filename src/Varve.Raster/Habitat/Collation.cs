using System.Text;
using System.Text.Json;

namespace Varve.Raster.Habitat;

/// <summary>All manifests of a folder as one table.</summary>
public static class Collation
{
    private static readonly string[] First =
    [
        "id_no", "assessment_id", "assessment_year", "class_name", "family_name", "scientific_name", "full_habitat_code", "category", "season",
        "elevation_upper", "elevation_lower", "range_total", "hab_total", "dem_total", "aoh_total", "prevalence",
    ];

    /// <summary>Writes a CSV with a row for each manifest, in the order of their names, and, at the end, its number of habitats.</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="RasterException">There are none, or one cannot be read.</exception>
    public static int Write(string folder, string path)
    {
        if (!Directory.Exists(folder)) throw new RasterException($"{folder}: there is no such folder");
        var rows = new List<Dictionary<string, string>>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)) rows.Add(Row(file));
        if (rows.Count == 0) throw new RasterException($"{folder}: there is no manifest (*.json) in it");
        List<string> names = [.. First, .. rows.SelectMany(static r => r.Keys).Distinct().Except(First).Order(StringComparer.Ordinal)];
        var text = new StringBuilder().AppendJoin(',', names.Append("n_habitats").Select(Csv.Quoted)).Append('\n');
        foreach (var row in rows)
            text.AppendJoin(',', names.Select(n => Csv.Quoted(row.GetValueOrDefault(n, ""))).Append($"{row.GetValueOrDefault("full_habitat_code", "").Split('|').Length}")).Append('\n');
        Whole.Write(path, Encoding.UTF8.GetBytes(text.ToString()));
        return rows.Count;
    }

    private static Dictionary<string, string> Row(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            using var document = JsonDocument.Parse(stream);
            return document.RootElement.EnumerateObject().DistinctBy(static p => p.Name).ToDictionary(static p => p.Name, static p => p.Value.ValueKind switch { JsonValueKind.String => p.Value.GetString()!, JsonValueKind.Null => "", _ => p.Value.GetRawText() });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw new RasterException($"{file}: it is no manifest: {e.Message}", e);
        }
    }
}
