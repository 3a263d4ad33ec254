using System.Globalization;
using System.Text.Json;

namespace Varve.Snapshots.Datasets;

/// <summary>A clone as its file tells it: what comes where, and how far it is. The lock beside it is held by whoever works on it.</summary>
public sealed record CloneState
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Names it: the dataset and the beginning of the snapshot's GUID.</summary>
    public required string Id { get; init; }

    /// <summary>The dataset's name in the catalogue.</summary>
    public required string Dataset { get; init; }

    /// <summary>The snapshot's GUID at the hosts it comes from.</summary>
    public required ulong Guid { get; init; }

    /// <summary>The snapshot's name there, which it gets here too.</summary>
    public required string LocalName { get; init; }

    /// <summary>Where it is put: a folder, or the mounted dataset of ZFS.</summary>
    public required string Target { get; init; }

    /// <summary>The folder of <see cref="Target"/>.</summary>
    public required string Folder { get; init; }

    /// <summary>Paths that were wanted first; empty for all.</summary>
    public IReadOnlyList<string> First { get; init; } = [];

    /// <summary>Whether only those are wanted.</summary>
    public bool OnlyFirst { get; init; }

    /// <summary>Files that are in place.</summary>
    public long FilesDone { get; init; }

    /// <summary>Files in all; 0 while not known.</summary>
    public long Files { get; init; }

    /// <summary>Bytes that are in place.</summary>
    public long BytesDone { get; init; }

    /// <summary>Bytes in all.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether all is here and a snapshot of it is taken.</summary>
    public bool IsDone { get; init; }

    /// <summary>Why it stopped; empty while it goes on, or when it is done.</summary>
    public string Trouble { get; init; } = "";

    /// <summary>From which host it came last.</summary>
    public string From { get; init; } = "";

    /// <summary>When this was written, in seconds since 1970 (UTC).</summary>
    public long At { get; init; }

    /// <summary>The id of a clone.</summary>
    public static string IdOf(string dataset, ulong guid) => string.Create(CultureInfo.InvariantCulture, $"{Uri.EscapeDataString(dataset)}-{guid:x16}");

    /// <summary>Writes it down.</summary>
    public void Save(string clonesFolder)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable)) Write(json);
        LocalHost.WriteWhole($"{clonesFolder}/{Id}.json", bytes.ToArray());
    }

    /// <summary>As JSON.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("dataset", Dataset);
        json.WriteString("guid", Guid.ToString(CultureInfo.InvariantCulture));
        json.WriteString("snapshot", LocalName);
        json.WriteString("target", Target);
        json.WriteString("folder", Folder);
        json.WriteStartArray("first");
        foreach (var path in First) json.WriteStringValue(path);
        json.WriteEndArray();
        json.WriteBoolean("onlyFirst", OnlyFirst);
        json.WriteNumber("filesDone", FilesDone);
        json.WriteNumber("files", Files);
        json.WriteNumber("bytesDone", BytesDone);
        json.WriteNumber("bytes", Bytes);
        json.WriteBoolean("done", IsDone);
        json.WriteString("trouble", Trouble);
        json.WriteString("from", From);
        json.WriteNumber("at", At);
        json.WriteEndObject();
    }

    /// <summary>All clones, sorted by id.</summary>
    /// <exception cref="SnapshotException">A file is damaged.</exception>
    public static IReadOnlyList<CloneState> All(string clonesFolder) =>
        Directory.Exists(clonesFolder) ? [.. Directory.EnumerateFiles(clonesFolder, "*.json").Order(StringComparer.Ordinal).Select(Read)] : [];

    /// <summary>Whether a process works on it.</summary>
    public bool IsRunning(string clonesFolder)
    {
        if (!File.Exists($"{clonesFolder}/{Id}.lock")) return false;
        using var held = LocalHost.TryLock($"{clonesFolder}/{Id}.lock");
        return held is null;
    }

    private static CloneState Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = document.RootElement;
            string Text(string name) => root.GetProperty(name).GetString() ?? "";
            return new CloneState
            {
                Id = Text("id"),
                Dataset = Text("dataset"),
                Guid = ulong.Parse(Text("guid"), CultureInfo.InvariantCulture),
                LocalName = Text("snapshot"),
                Target = Text("target"),
                Folder = Text("folder"),
                First = [.. root.GetProperty("first").EnumerateArray().Select(static p => p.GetString() ?? "")],
                OnlyFirst = root.GetProperty("onlyFirst").GetBoolean(),
                FilesDone = root.GetProperty("filesDone").GetInt64(),
                Files = root.GetProperty("files").GetInt64(),
                BytesDone = root.GetProperty("bytesDone").GetInt64(),
                Bytes = root.GetProperty("bytes").GetInt64(),
                IsDone = root.GetProperty("done").GetBoolean(),
                Trouble = Text("trouble"),
                From = Text("from"),
                At = root.GetProperty("at").GetInt64(),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new SnapshotException($"{file} makes no sense: {e.Message}; remove it, and clone again", e);
        }
    }
}
