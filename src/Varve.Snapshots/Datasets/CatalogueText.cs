using System.Globalization;
using System.Text.Json;

namespace Varve.Snapshots.Datasets;

/// <summary>The catalogue as JSON (docs/datasets.md has the fields). Equal catalogues give equal bytes.</summary>
public static class CatalogueText
{
    private const string Format = "varve catalogue 1";
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes of a catalogue.</summary>
    public static byte[] Of(Catalogue catalogue)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteStartArray("datasets");
            foreach (var wish in catalogue.Wishes.Values)
            {
                json.WriteStartObject();
                json.WriteString("dataset", wish.Dataset);
                json.WriteNumber("copies", wish.Copies);
                json.WriteNumber("version", wish.Version);
                json.WriteString("by", wish.By);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("hosts");
            foreach (var host in catalogue.Hosts.Values) Write(json, host);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, HostRecord host)
    {
        json.WriteStartObject();
        json.WriteString("host", host.Name);
        json.WriteString("address", host.Address);
        json.WriteNumber("version", host.Version);
        json.WriteNumber("at", host.At);
        if (host.IsGone) json.WriteBoolean("gone", true);
        json.WriteStartArray("holds");
        foreach (var holding in host.Holdings)
        {
            json.WriteStartObject();
            json.WriteString("dataset", holding.Dataset);
            json.WriteString("at", holding.At);
            if (holding.IsLeaving) json.WriteBoolean("leaving", true);
            json.WriteNumber("available", holding.AvailableBytes);
            json.WriteNumber("full", holding.FullPercent);
            json.WriteNumber("count", holding.Count);
            json.WriteStartArray("snapshots");
            foreach (var snapshot in holding.Snapshots)
            {
                json.WriteStartObject();
                json.WriteString("name", snapshot.Name);
                json.WriteString("guid", snapshot.Guid.ToString(CultureInfo.InvariantCulture));
                json.WriteNumber("created", snapshot.CreatedAt);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads one.</summary>
    /// <param name="bytes">The text.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="SnapshotException">It is none, or of a newer Varve.</exception>
    public static Catalogue Read(ReadOnlyMemory<byte> bytes, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            if (root.GetProperty("format").GetString() is var format && format != Format) throw new SnapshotException($"{name} is '{format}', which this Varve does not know; use a newer one");
            var catalogue = Catalogue.Empty;
            foreach (var wish in root.GetProperty("datasets").EnumerateArray())
                catalogue = catalogue.With(new Wish(Text(wish, "dataset"), wish.GetProperty("copies").GetInt32(), wish.GetProperty("version").GetInt64(), Text(wish, "by")));
            foreach (var host in root.GetProperty("hosts").EnumerateArray())
                catalogue = catalogue.With(new HostRecord(Text(host, "host"), Text(host, "address"), host.GetProperty("version").GetInt64(), host.GetProperty("at").GetInt64())
                {
                    IsGone = host.TryGetProperty("gone", out _),
                    Holdings = [.. host.GetProperty("holds").EnumerateArray().Select(HoldingOf)],
                });
            return catalogue;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new SnapshotException($"{name} is no catalogue: {e.Message}; move it aside, and `varve data join HOST` brings back what other hosts know", e);
        }
    }

    private static Holding HoldingOf(JsonElement holding) => new(Text(holding, "dataset"), Text(holding, "at"))
    {
        IsLeaving = holding.TryGetProperty("leaving", out _),
        AvailableBytes = holding.GetProperty("available").GetInt64(),
        FullPercent = holding.GetProperty("full").GetInt32(),
        Count = holding.GetProperty("count").GetInt32(),
        Snapshots = [.. holding.GetProperty("snapshots").EnumerateArray().Select(static s => new HeldSnapshot(Text(s, "name"), ulong.Parse(Text(s, "guid"), CultureInfo.InvariantCulture), s.GetProperty("created").GetInt64()))],
    };

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is null");
}
