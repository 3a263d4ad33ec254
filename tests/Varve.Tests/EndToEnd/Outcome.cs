using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>What came of one call of the program.</summary>
/// <param name="ExitCode">Its status; 128 + N when signal N ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error, the JSON of `exec --json` included.</param>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    private Told? trace;

    /// <summary>The trace that `exec --json` prints.</summary>
    public Told Trace => trace ??= Told.In(Error);

    /// <summary>Standard error without the JSON.</summary>
    public string Said => Error.LastIndexOf(Told.Start, StringComparison.Ordinal) is var at and >= 0 ? Error[..at] : Error;

    /// <summary>The same, held to have ended well.</summary>
    public Outcome Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit status {ExitCode}: {Error}\n{Output}");
        return this;
    }

    /// <summary>The same, held to have run now.</summary>
    public Outcome Ran()
    {
        Assert.False(Succeeded().Trace.Reused, "it was reused and should have run");
        return this;
    }

    /// <summary>The same, held to have been reused.</summary>
    public Outcome WasReused()
    {
        Assert.True(Succeeded().Trace.Reused, $"it ran and should have been reused; why: {Trace.Why}");
        return this;
    }
}

/// <summary>A trace as `exec --json` and `show --json` tell it (docs/commands.md).</summary>
internal sealed class Told
{
    public const string Start = "{\"step\":";
    private readonly JsonElement json;

    private Told(JsonElement json) => this.json = json;

    /// <summary>The last trace in a text.</summary>
    public static Told In(string text)
    {
        var at = text.LastIndexOf(Start, StringComparison.Ordinal);
        Assert.True(at >= 0, $"there is no trace in: {text}");
        var end = text.IndexOf('\n', at);
        return new Told(JsonDocument.Parse(end < 0 ? text[at..] : text[at..end]).RootElement.Clone());
    }

    public string Step => json.GetProperty("step").GetString()!;
    public string Execution => json.GetProperty("execution").GetString()!;
    public int ExitCode => json.GetProperty("exitCode").GetInt32();
    public bool Reused => json.GetProperty("reused").GetBoolean();
    public bool Reusable => json.GetProperty("reusable").GetBoolean();
    public string NotReusable => Text("notReusable");
    public string Why => Text("why");
    public string[] Warnings => json.TryGetProperty("warnings", out var all) ? [.. all.EnumerateArray().Select(w => w.GetString()!)] : [];
    /// <summary>Files whose bytes were read.</summary>
    public IReadOnlyDictionary<string, string> Reads => Digests("reads");
    /// <summary>Files whose status was looked at; the bytes of those with a digest count too.</summary>
    public IReadOnlyDictionary<string, string> Looks => Digests("looks");
    /// <summary>What only had to be there.</summary>
    public IReadOnlyDictionary<string, string> Existing => Digests("exists");
    public IReadOnlyDictionary<string, string> Listings => Digests("listings");
    public IReadOnlyDictionary<string, string> Writes => Digests("writes");
    public IReadOnlyDictionary<string, string> Followed => Pairs("followed", "path", "target");
    public IReadOnlyDictionary<string, string> Links => Pairs("links", "path", "target");
    public IReadOnlyDictionary<string, string> Modes => Pairs("modes", "path", "mode");
    public ISet<string> Absent => Texts("absent");
    public ISet<string> Denied => Texts("denied");
    public ISet<string> Deletes => Texts("deletes");
    public ISet<string> Directories => Texts("directories");
    public ISet<string> Fifos => Texts("fifos");
    public ISet<string> Programs => Texts("programs");
    public IReadOnlyList<(string From, string To)> Renames =>
        [.. json.GetProperty("renames").EnumerateArray().Select(r => (r.GetProperty("from").GetString()!, r.GetProperty("to").GetString()!))];
    public IReadOnlyList<(string Kind, string Detail)> Effects =>
        [.. json.GetProperty("effects").EnumerateArray().Select(e => (e.GetProperty("kind").GetString()!, e.GetProperty("detail").GetString()!))];
    /// <summary>What came from a recorded network.</summary>
    public IReadOnlyList<(string Url, int Status, string Digest)> Fetched =>
        [.. json.GetProperty("fetched").EnumerateArray().Select(f => (f.GetProperty("url").GetString()!, f.GetProperty("status").GetInt32(), f.GetProperty("digest").GetString()!))];
    public JsonElement Json => json;

    /// <summary>The details of the effects of one kind.</summary>
    public string Of(string kind) => string.Join("; ", Effects.Where(e => e.Kind == kind).Select(e => e.Detail));

    /// <summary>Holds an effect of the kind to have been told, with this in its detail.</summary>
    public void Tells(string kind, string part = "") =>
        Assert.True(Effects.Any(e => e.Kind == kind && e.Detail.Contains(part, StringComparison.Ordinal)), $"no effect {kind} with '{part}' among: {string.Join("; ", Effects)}");

    /// <summary>Whether anything about the path is in the trace.</summary>
    public bool Knows(string path) =>
        Reads.ContainsKey(path) || Looks.ContainsKey(path) || Existing.ContainsKey(path) || Listings.ContainsKey(path) || Writes.ContainsKey(path) || Followed.ContainsKey(path)
        || Links.ContainsKey(path) || Absent.Contains(path) || Denied.Contains(path) || Deletes.Contains(path) || Directories.Contains(path)
        || Fifos.Contains(path) || Programs.Contains(path);

    /// <summary>The bytes of names that are not UTF-8, wherever they are told.</summary>
    public IReadOnlyList<byte[]> PathBytes(string list) =>
        [.. json.GetProperty(list).EnumerateArray().Where(e => e.TryGetProperty("pathBytes", out _)).Select(e => e.GetProperty("pathBytes").GetBytesFromBase64())];

    private string Text(string name) => json.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private HashSet<string> Texts(string name) => json.GetProperty(name).EnumerateArray().Select(e => e.GetString()!).ToHashSet(StringComparer.Ordinal);

    private Dictionary<string, string> Digests(string name) => Pairs(name, "path", "digest");

    private Dictionary<string, string> Pairs(string list, string key, string value)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in json.GetProperty(list).EnumerateArray())
            pairs[entry.GetProperty(key).GetString()!] = entry.TryGetProperty(value, out var text) ? text.GetString()! : "";
        return pairs;
    }
}
