using System.Text.Encodings.Web;
using System.Text.Json;

namespace Varve.Raster.Habitat;

/// <summary>What is told of a species beside its map: all properties of its file, then the sums, or why there is no map.</summary>
internal static class Manifest
{
    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes it beside its place, and puts it there whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="species">Whose properties.</param>
    /// <param name="totals">The sums; null when they could not be made.</param>
    /// <param name="error">Why there is no map; null when there is one.</param>
    public static void Write(string path, Species species, AohTotals? totals, string? error)
    {
        var added = new List<(string Name, double? Number, string? Text)>();
        if (totals is not null)
            added.AddRange([("range_total", totals.Range, null), ("hab_total", totals.Habitat, null), ("dem_total", totals.Elevation, null), ("aoh_total", totals.Aoh, null), ("prevalence", totals.Prevalence, null)]);
        if (error is not null) added.Add(("error", null, error));
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Format))
        {
            json.WriteStartObject();
            foreach (var (name, value) in species.Properties.DistinctBy(static p => p.Name).Where(p => added.TrueForAll(a => a.Name != p.Name)))
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
            foreach (var (name, number, text) in added)
            {
                if (text is not null) json.WriteString(name, text);
                else if (double.IsFinite(number!.Value)) json.WriteNumber(name, number.Value);
                else json.WriteNull(name);
            }
            json.WriteEndObject();
        }
        Whole.Write(path, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
