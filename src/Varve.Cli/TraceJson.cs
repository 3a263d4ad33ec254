using System.Text.Encodings.Web;
using System.Text.Json;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary>
/// An execution as <c>show --json</c> and <c>exec --json</c> print it (<c>docs/commands.md</c> has the fields). JSON
/// cannot hold a name that is not UTF-8: its text is then only like it, and <c>pathBytes</c> has the bytes in base64.
/// </summary>
internal static class TraceJson
{
    // Paths and commands are for reading: only what JSON itself needs is escaped.
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line: what came of a step.</summary>
    public static void Write(Stream output, StepOutcome outcome) =>
        WriteLine(output, json => Body(json, outcome.Trace, outcome.Reused, outcome));

    /// <summary>One line: an execution that the lineage knows.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="trace">The execution.</param>
    /// <param name="reused">Whether it was reused since.</param>
    public static void Write(Stream output, Trace trace, bool reused) => WriteLine(output, json => Body(json, trace, reused, outcome: null));

    /// <summary>One JSON object and a line feed.</summary>
    public static void WriteLine(Stream output, Action<Utf8JsonWriter> body)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        output.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        output.Flush();
    }

    internal static void Body(Utf8JsonWriter json, Trace trace, bool reused, StepOutcome? outcome)
    {
        json.WriteString("step", trace.Step.ToString());
        json.WriteString("execution", trace.Execution);
        Texts(json, "command", trace.Key.Command);
        json.WriteString("cwd", Safe(trace.Key.Directory));
        json.WriteString("workspace", Safe(trace.Key.Workspace));
        json.WriteString("environment", trace.Key.Environment);
        json.WriteStartObject("variables");
        foreach (var (name, value) in trace.Key.Variables) json.WriteString(Safe(name), Safe(value));
        json.WriteEndObject();
        Texts(json, "options", trace.Key.Options);
        json.WriteNumber("exitCode", trace.ExitCode);
        json.WriteBoolean("reused", reused);
        json.WriteBoolean("reusable", trace.Reusable);
        if (!trace.Reusable) json.WriteString("notReusable", Safe(trace.NotReusable));
        if (outcome is { Why.Length: > 0 }) json.WriteString("why", Safe(outcome.Why));
        if (outcome is { Warnings.Count: > 0 }) Texts(json, "warnings", outcome.Warnings);

        Observed(json, "reads", trace, ObservationKind.Content);
        Observed(json, "looks", trace, ObservationKind.Status);
        Observed(json, "exists", trace, ObservationKind.Exists);
        Fetched(json, trace);
        Paths(json, "absent", trace, ObservationKind.Absent);
        Observed(json, "listings", trace, ObservationKind.Listing);
        Observed(json, "followed", trace, ObservationKind.Link);
        Paths(json, "denied", trace, ObservationKind.Denied);
        Changed(json, trace);
        Texts(json, "programs", trace.Programs);
        json.WriteStartArray("effects");
        foreach (var effect in trace.Effects)
        {
            json.WriteStartObject();
            json.WriteString("kind", effect.Kind);
            json.WriteString("detail", Safe(effect.Detail));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("input");
        json.WriteString("kind", trace.Input.Kind);
        if (trace.Input.Digest != default) json.WriteString("digest", trace.Input.Digest.ToString());
        json.WriteNumber("bytes", trace.Input.Bytes);
        json.WriteEndObject();
        if (trace.Transcript != default) json.WriteString("transcript", trace.Transcript.ToString());
        if (trace.OutputFile is { } file) Entry(json, "outputFile", file);
        if (trace.Origin is { } origin) Origin(json, origin);
        BytesOfTexts(json, trace);

        json.WriteNumber("seconds", Math.Round(trace.Elapsed.TotalSeconds, 6));
        json.WriteNumber("cpuSeconds", Math.Round(trace.Processor.TotalSeconds, 6));
        json.WriteNumber("peakBytes", trace.PeakBytes);
        json.WriteString("startedAt", trace.StartedAt.UtcDateTime);
        Inside(json, trace);
    }

    /// <summary>How the programs within the step fared, if any of them was taken by itself.</summary>
    public static void Inside(Utf8JsonWriter json, Trace trace)
    {
        if (trace.Parts == PartTally.None) return;
        json.WriteStartObject("inside");
        json.WriteNumber("reused", trace.Parts.Reused);
        json.WriteNumber("savedSeconds", Math.Round(trace.Parts.Saved.TotalSeconds, 6));
        json.WriteNumber("kept", trace.Parts.Kept);
        json.WriteStartArray("whole");
        foreach (var reason in trace.Parts.Whole) json.WriteStringValue(Safe(reason));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Fetched(Utf8JsonWriter json, Trace trace)
    {
        json.WriteStartArray("fetched");
        foreach (var observation in Sorted(trace, ObservationKind.Fetched))
        {
            var answer = observation.Detail.Split('\n')[0].Split(' ', 3);
            json.WriteStartObject();
            json.WriteString("url", Safe(observation.Path));
            json.WriteString("method", answer[0]);
            json.WriteNumber("status", int.Parse(answer[1], System.Globalization.CultureInfo.InvariantCulture));
            if (answer.Length > 2) json.WriteString("location", Safe(answer[2]));
            json.WriteString("digest", observation.Digest.ToString());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Observed(Utf8JsonWriter json, string name, Trace trace, ObservationKind kind)
    {
        json.WriteStartArray(name);
        foreach (var observation in Sorted(trace, kind))
        {
            json.WriteStartObject();
            Path(json, "path", observation.Path);
            if (observation.Digest != default) json.WriteString("digest", observation.Digest.ToString());
            if (kind == ObservationKind.Link) json.WriteString("target", Safe(observation.Detail));
            else if (observation.Detail.Length > 0) json.WriteString("status", observation.Detail);
            if (StatusText.Snapshot(observation.Detail) is { Length: > 0 } snapshot) json.WriteString("snapshot", snapshot);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Paths(Utf8JsonWriter json, string name, Trace trace, ObservationKind kind) =>
        Texts(json, name, Sorted(trace, kind).Select(static o => o.Path));

    /// <summary>By path, whether it comes from the database or has just been made.</summary>
    private static IEnumerable<Observation> Sorted(Trace trace, ObservationKind kind) =>
        trace.Observations.Where(o => o.Kind == kind).OrderBy(static o => o.Path, StringComparer.Ordinal);

    private static void Changed(Utf8JsonWriter json, Trace trace)
    {
        json.WriteStartArray("writes");
        foreach (var change in trace.Changes)
            if (change.Kind == ChangeKind.File) Entry(json, null, change);
        json.WriteEndArray();
        Texts(json, "deletes", trace.Changes.Where(static c => c.Kind == ChangeKind.Deleted).Select(static c => c.Path));
        Texts(json, "directories", trace.Changes.Where(static c => c.Kind == ChangeKind.Directory).Select(static c => c.Path));
        Texts(json, "fifos", trace.Changes.Where(static c => c.Kind == ChangeKind.Fifo).Select(static c => c.Path));
        json.WriteStartArray("links");
        foreach (var change in trace.Changes)
        {
            if (change.Kind != ChangeKind.Link) continue;
            json.WriteStartObject();
            Path(json, "path", change.Path);
            json.WriteString("target", Safe(change.Target));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("renames");
        foreach (var (from, to) in trace.Renames)
        {
            json.WriteStartObject();
            json.WriteString("from", Safe(from));
            Path(json, "to", to);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("modes");
        foreach (var change in trace.Changes)
        {
            if (change.Kind is not (ChangeKind.File or ChangeKind.Directory or ChangeKind.Fifo)) continue;
            json.WriteStartObject();
            Path(json, "path", change.Path);
            json.WriteString("mode", Convert.ToString(change.Permissions, 8));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Entry(Utf8JsonWriter json, string? name, in Change change)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        Path(json, "path", change.Path);
        json.WriteString("digest", change.Digest.ToString());
        json.WriteNumber("bytes", change.Bytes);
        if (change.SameFileAs.Length > 0) json.WriteString("sameFileAs", Safe(change.SameFileAs));
        json.WriteEndObject();
    }

    public static void Origin(Utf8JsonWriter json, Origin origin)
    {
        json.WriteStartObject("origin");
        json.WriteString("document", Safe(origin.Document));
        json.WriteString("block", origin.Block);
        if (origin.Element.Length > 0) json.WriteString("element", Safe(origin.Element));
        json.WriteEndObject();
    }

    /// <summary>For the lists of plain texts, which have no room for a second field.</summary>
    private static void BytesOfTexts(Utf8JsonWriter json, Trace trace)
    {
        var texts = trace.Observations.Where(static o => o.Kind is ObservationKind.Absent or ObservationKind.Denied).Select(static o => o.Path)
            .Concat(trace.Changes.Select(static c => c.Path)).Concat(trace.Key.Command).Concat(trace.Programs)
            .Concat([trace.Key.Directory, trace.Key.Workspace])
            .Where(PathText.HasEscapes).Distinct(StringComparer.Ordinal).ToArray();
        if (texts.Length == 0) return;
        json.WriteStartArray("pathBytes");
        foreach (var text in texts)
        {
            json.WriteStartObject();
            Path(json, "path", text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Path(Utf8JsonWriter json, string name, string path)
    {
        json.WriteString(name, Safe(path));
        if (PathText.HasEscapes(path)) json.WriteString("pathBytes", Convert.ToBase64String(PathText.Encode(path)));
    }

    public static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(Safe(text));
        json.WriteEndArray();
    }

    /// <summary>The text with each byte that is not UTF-8 shown as U+FFFD.</summary>
    public static string Safe(string text) => PathText.HasEscapes(text)
        ? string.Create(text.Length, text, static (span, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                var isLone = char.IsLowSurrogate(from[i]) && (i == 0 || !char.IsHighSurrogate(from[i - 1]));
                span[i] = isLone ? '\uFFFD' : from[i];
            }
        })
        : text;
}
