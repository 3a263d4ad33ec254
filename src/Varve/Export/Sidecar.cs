using System.Text.Json;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Export;

/// <summary>
/// A file's ancestry as a file of its own, `NAME.varve.json`: how the content came to be, for where no lineage knows it. Each
/// step stands there in words, and once more in the lineage's own form (docs/lineage.md), without what it observed of the host
/// outside its workspace.
/// </summary>
internal static class Sidecar
{
    public const string Ending = ".varve.json";
    private const string Format = "varve sidecar 1";
    private const long MostBytes = 256L << 20;
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The sidecar of a chain's file.</summary>
    public static byte[] Write(Chain chain)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("path", LineageDatabase.Printable(chain.Path));
            json.WriteString("digest", chain.Digest.ToString());
            json.WriteStartArray("inputs");
            foreach (var input in chain.Inputs)
            {
                json.WriteStartObject();
                json.WriteString("path", LineageDatabase.Printable(input.Path));
                if (input.Snapshot.Length > 0) json.WriteString("snapshot", input.Snapshot);
                else json.WriteString("digest", input.Digest.ToString());
                json.WriteNumber("bytes", input.Bytes);
                if (input.Executable) json.WriteBoolean("executable", true);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("steps");
            foreach (var step in chain.Steps) Write(json, step);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, Trace trace)
    {
        var own = trace.Observations.Where(o => View.IsWithin(o.Path, trace.Key.Workspace)).ToList();
        json.WriteStartObject();
        json.WriteString("step", trace.Step.ToString());
        json.WriteString("execution", trace.Execution);
        json.WriteString("command", LineageDatabase.Printable(ShellText.Readable(trace)));
        json.WriteString("cwd", LineageDatabase.Printable(trace.Key.Directory));
        if (trace.Origin is { } origin)
        {
            json.WriteStartObject("origin");
            json.WriteString("document", LineageDatabase.Printable(origin.Document));
            json.WriteString("block", origin.Block);
            json.WriteString("element", origin.Element);
            json.WriteEndObject();
        }
        Digests(json, "reads", own.Where(static o => o.Kind == ObservationKind.Content).Select(static o => (o.Path, o.Digest)));
        Digests(json, "writes", StepGraph.Written(trace).Where(static c => c.Kind == ChangeKind.File).Select(static c => (c.Path, c.Digest)));
        json.WriteStartArray("effects");
        foreach (var effect in trace.Effects) json.WriteStringValue(LineageDatabase.Printable($"{effect.Kind}: {effect.Detail}"));
        json.WriteEndArray();
        json.WriteString("startedAt", trace.StartedAt.UtcDateTime);
        json.WriteNumber("seconds", Math.Round(trace.Elapsed.TotalSeconds, 6));
        json.WriteBase64String("key", TraceCodec.EncodeKey(trace.Key));
        json.WriteBase64String("observed", TraceCodec.EncodeSet(own));
        json.WriteBase64String("outcome", TraceCodec.EncodeOutcome(trace));
        json.WriteEndObject();
    }

    private static void Digests(Utf8JsonWriter json, string name, IEnumerable<(string Path, Digest Digest)> files)
    {
        json.WriteStartArray(name);
        foreach (var (path, digest) in files)
        {
            json.WriteStartObject();
            json.WriteString("path", LineageDatabase.Printable(path));
            json.WriteString("digest", digest.ToString());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>The chain that a sidecar tells of.</summary>
    /// <param name="sidecar">The sidecar's path.</param>
    /// <param name="file">The file it lies beside, absolute.</param>
    /// <param name="digest">That file's content now.</param>
    /// <exception cref="NoChainException">It cannot be read, or tells of another content.</exception>
    public static Chain Read(string sidecar, string file, Digest digest)
    {
        try
        {
            using var handle = Files.OpenRead(sidecar);
            var bytes = new byte[Math.Min(RandomAccess.GetLength(handle), MostBytes)];
            var length = RandomAccess.Read(handle, bytes, 0);
            using var json = JsonDocument.Parse(bytes.AsMemory(0, length));
            var root = json.RootElement;
            if (Text(root, "format") != Format) throw new NoChainException($"{sidecar} is no sidecar that this Varve can read (format '{Text(root, "format")}')");
            var told = DigestOf(root);
            if (told != digest) throw new NoChainException($"{sidecar} tells of another content ({told.Short}) than {file} has ({digest.Short}): one of the two was changed");
            var made = Text(root, "path");
            return new Chain(made, told, made == file ? "" : file,
                [.. root.GetProperty("steps").EnumerateArray().Select(Step)],
                [.. root.GetProperty("inputs").EnumerateArray().Select(static i => new ChainInput(Text(i, "path"), i.TryGetProperty("snapshot", out _) ? default : DigestOf(i), i.GetProperty("bytes").GetInt64(), i.TryGetProperty("executable", out _)) { Snapshot = i.TryGetProperty("snapshot", out var snapshot) ? snapshot.GetString() ?? "" : "" })]);
        }
        catch (Exception e) when (e is not (NoChainException or OutOfMemoryException))
        {
            throw new NoChainException($"{sidecar} cannot be read: {e.Message}");
        }
    }

    private static Trace Step(JsonElement step)
    {
        var key = TraceCodec.DecodeKey(step.GetProperty("key").GetBytesFromBase64());
        var origin = step.TryGetProperty("origin", out var from) ? new Origin(Text(from, "document"), Text(from, "block"), Text(from, "element")) : null;
        return TraceCodec.DecodeOutcome(step.GetProperty("outcome").GetBytesFromBase64(), References.Bare with
        {
            Execution = Text(step, "execution"),
            Key = key,
            Step = key.Id(),
            Observations = TraceCodec.DecodeSet(step.GetProperty("observed").GetBytesFromBase64()),
            Origin = origin,
            StartedAt = step.GetProperty("startedAt").GetDateTimeOffset(),
            Elapsed = TimeSpan.FromSeconds(step.GetProperty("seconds").GetDouble()),
        });
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    private static Digest DigestOf(JsonElement element) => Digest.TryParse(Text(element, "digest"), out var digest) ? digest : throw new FormatException($"'{Text(element, "digest")}' is no digest");
}
