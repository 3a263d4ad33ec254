using Varve.Sandbox;

namespace Varve.Lineage;

/// <summary>One thing in which two executions differ.</summary>
/// <param name="What"><c>command</c>, <c>directory</c>, <c>environment</c>, <c>variable</c>, <c>option</c>, <c>input</c>, <c>exists</c>, <c>absent</c>, <c>listing</c>, <c>link</c>, <c>output</c>, <c>said</c> or <c>exit status</c>.</param>
/// <param name="Name">Which one: a path or a variable's name; empty where there is only one.</param>
/// <param name="First">How it was in the first; empty when it was not there.</param>
/// <param name="Second">How it was in the second; empty when it was not there.</param>
public sealed record Difference(string What, string Name, string First, string Second);

/// <summary>Compares two executions: what was asked for, what they saw, what they left.</summary>
internal static class Comparison
{
    /// <summary>All differences: of the key first, then of what was seen, then of what was left.</summary>
    public static IReadOnlyList<Difference> Between(Trace first, Trace second) => [.. Asked(first, second), .. Seen(first, second), .. Left(first, second)];

    /// <summary>What was asked for.</summary>
    public static IEnumerable<Difference> Asked(Trace first, Trace second) => Asked(first.Key, second.Key);

    /// <summary>What two keys ask for differently.</summary>
    public static IEnumerable<Difference> Asked(StepKey a, StepKey b)
    {
        if (!a.Command.SequenceEqual(b.Command, StringComparer.Ordinal)) yield return new("command", "", string.Join(' ', a.Command), string.Join(' ', b.Command));
        if (a.Directory != b.Directory) yield return new("directory", "", a.Directory, b.Directory);
        if (a.Environment != b.Environment) yield return new("environment", "", a.Environment, b.Environment);
        foreach (var difference in OfTables("variable", a.Variables, b.Variables)) yield return difference;
        foreach (var option in a.Options.Except(b.Options, StringComparer.Ordinal)) yield return new("option", option, option, "");
        foreach (var option in b.Options.Except(a.Options, StringComparer.Ordinal)) yield return new("option", option, "", option);
    }

    /// <summary>The same in one line, for people: `variable value: 2 to 7`.</summary>
    public static string Words(StepKey before, StepKey now) =>
        string.Join("; ", Asked(before, now).Select(d => d.What == "command" ? "its text was changed"
            : $"{d.What}{(d.Name.Length > 0 && d.What == "variable" ? " " + d.Name : "")}: {(d.First.Length > 0 ? d.First : "none")} to {(d.Second.Length > 0 ? d.Second : "none")}"));

    /// <summary>What they learnt of files.</summary>
    public static IEnumerable<Difference> Seen(Trace first, Trace second)
    {
        foreach (var (what, kinds) in ((string, ObservationKind[])[])[
            ("input", [ObservationKind.Content, ObservationKind.Status, ObservationKind.Fetched]), ("exists", [ObservationKind.Exists]), ("absent", [ObservationKind.Absent]), ("listing", [ObservationKind.Listing]), ("link", [ObservationKind.Link])])
            foreach (var difference in OfTables(what, Observed(first, kinds), Observed(second, kinds))) yield return difference;
        if (first.Input.Digest != second.Input.Digest) yield return new("input", "standard input", $"{first.Input.Digest}", $"{second.Input.Digest}");
    }

    /// <summary>What they left: files, what they said, their exit status.</summary>
    public static IEnumerable<Difference> Left(Trace first, Trace second)
    {
        foreach (var difference in OfTables("output", Outputs(first), Outputs(second))) yield return difference;
        if (first.Transcript != second.Transcript) yield return new("said", "", Said(first), Said(second));
        if (first.ExitCode != second.ExitCode) yield return new("exit status", "", $"{first.ExitCode}", $"{second.ExitCode}");
    }

    private static string Said(Trace trace) => trace.Transcript == default ? "nothing" : trace.Transcript.ToString();

    private static IEnumerable<KeyValuePair<string, string>> Observed(Trace trace, ObservationKind[] kinds)
    {
        foreach (var item in trace.Observations)
        {
            if (!kinds.Contains(item.Kind)) continue;
            yield return new(item.Kind == ObservationKind.Fetched ? FetchKey.Of(item).Words() : item.Path, item.Kind switch
            {
                ObservationKind.Absent => "not there",
                ObservationKind.Link => item.Detail,
                _ => item.Digest == default ? item.Detail : item.Digest.ToString(),
            });
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Outputs(Trace trace)
    {
        foreach (var change in trace.OutputFile is { } file ? trace.Changes.Append(file) : trace.Changes)
        {
            yield return new(change.Path, change.Kind switch
            {
                ChangeKind.File => $"{change.Digest}, mode {Convert.ToString(change.Permissions, 8)}",
                ChangeKind.Link => $"a link to {change.Target}",
                ChangeKind.Directory => $"a directory, mode {Convert.ToString(change.Permissions, 8)}",
                ChangeKind.Fifo => "a FIFO",
                _ => "deleted",
            });
        }
    }

    private static IEnumerable<Difference> OfTables(string what, IEnumerable<KeyValuePair<string, string>> first, IEnumerable<KeyValuePair<string, string>> second)
    {
        var (a, b) = (Table(first), Table(second));
        foreach (var (name, value) in a)
        {
            var other = b.GetValueOrDefault(name, "");
            if (other != value) yield return new(what, name, value, other);
        }
        foreach (var (name, value) in b)
            if (!a.ContainsKey(name)) yield return new(what, name, "", value);
    }

    /// <summary>The same path may have been looked at and read: what was read counts.</summary>
    private static SortedDictionary<string, string> Table(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var table = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in pairs) table.TryAdd(name, value);
        return table;
    }
}
