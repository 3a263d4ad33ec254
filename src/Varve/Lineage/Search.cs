using System.Globalization;
using System.Text;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>What is looked for; everything that is given must hold.</summary>
public sealed record SearchTerms
{
    /// <summary>Labels of the file: a name, and a value or null for any.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Labels { get; init; } = [];
    /// <summary>A part of the command line.</summary>
    public string Command { get; init; } = "";
    /// <summary>A program it executed: a name, or an absolute path.</summary>
    public string Program { get; init; } = "";
    /// <summary>A content it was made from, in one step or in many.</summary>
    internal NamedContent? Input { get; init; }
    /// <summary>A kind of effect (<see cref="EffectKinds"/>).</summary>
    public string Effect { get; init; } = "";
    /// <summary>Started at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }
    /// <summary>Started before this time.</summary>
    public DateTimeOffset? Until { get; init; }
    /// <summary>Took at least so long.</summary>
    public TimeSpan? AtLeast { get; init; }
    /// <summary>The file has at least so many bytes.</summary>
    public long? AtLeastBytes { get; init; }
    /// <summary>Only what is downstream of a condemned content.</summary>
    public bool Tainted { get; init; }

    /// <summary>Whether anything is asked of the execution rather than of the file alone.</summary>
    internal bool AsksOfExecutions => Command.Length + Program.Length + Effect.Length > 0 || Input is not null || Since is not null || Until is not null || AtLeast is not null || AtLeastBytes is not null || Tainted;
}

/// <summary>A file that was found, with the newest execution that left it so.</summary>
/// <param name="Path">Absolute path; empty for an execution that left no file.</param>
/// <param name="Digest">Its content; all zero where there is no file.</param>
/// <param name="Bytes">Its size; -1 when it is not known.</param>
/// <param name="Maker">The execution that left it; null for a labelled file that nobody made.</param>
public sealed record Finding(string Path, Digest Digest, long Bytes, Trace? Maker);

/// <summary>Finds files and executions by what is known of them.</summary>
internal sealed class Search(LineageDatabase lineage)
{
    /// <summary>The findings, newest first; each content under each name once.</summary>
    public IReadOnlyList<Finding> Find(SearchTerms terms)
    {
        var labelled = terms.Labels.Count == 0 ? null : Labelled(terms.Labels);
        var found = new List<Finding>();
        var seen = new HashSet<(string, Digest)>();
        foreach (var trace in Candidates(terms, labelled))
        {
            var any = false;
            foreach (var change in trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes)
            {
                if (change.Kind != ChangeKind.File) continue;
                any = true;
                if (labelled is not null && !labelled.ContainsKey(change.Digest)) continue;
                if (change.Bytes < (terms.AtLeastBytes ?? 0)) continue;
                if (seen.Add((change.Path, change.Digest))) found.Add(new Finding(change.Path, change.Digest, change.Bytes, trace));
            }
            if (!any && labelled is null && terms.AtLeastBytes is null) found.Add(new Finding("", default, -1, trace));
        }
        if (labelled is null || terms.AsksOfExecutions) return found;
        var made = found.Select(static f => f.Digest).ToHashSet();
        found.AddRange(labelled.Where(l => !made.Contains(l.Key)).Select(l => new Finding(l.Value.Path, l.Key, -1, null)));
        return found;
    }

    /// <summary>The contents that have all the labels.</summary>
    private Dictionary<Digest, Label> Labelled(IReadOnlyList<KeyValuePair<string, string?>> wanted)
    {
        var labels = new Labels(lineage);
        Dictionary<Digest, Label>? all = null;
        foreach (var (name, value) in wanted)
        {
            var these = labels.Named(name, value).ToDictionary(static l => l.Digest);
            all = all is null ? these : all.Where(l => these.ContainsKey(l.Key)).ToDictionary();
        }
        return all ?? [];
    }

    private IEnumerable<Trace> Candidates(SearchTerms terms, Dictionary<Digest, Label>? labelled)
    {
        var downstream = terms.Input is { } input ? new Downstream(lineage).Of([input]).Executions : null;
        var taints = new Taints(lineage);
        return Read(terms, labelled).Where(trace =>
            (downstream is null || downstream.Contains(trace.Execution))
            && (terms.Program.Length == 0 || Programs(trace).Any(p => p == terms.Program || p.EndsWith("/" + terms.Program, StringComparison.Ordinal)))
            && (terms.Effect.Length == 0 || trace.Effects.Any(e => e.Kind == terms.Effect))
            && (!terms.Tainted || taints.OfExecution(trace.Execution).Count > 0 || (trace.OutputFile is { } o ? trace.Changes.Append(o) : trace.Changes).Any(c => taints.OfFile(c.Digest, "").Count > 0)));
    }

    private static IEnumerable<string> Programs(Trace trace) => trace.Programs.Append(trace.Key.Command[0]);

    /// <summary>What the database can tell by itself.</summary>
    private IReadOnlyList<Trace> Read(SearchTerms terms, Dictionary<Digest, Label>? labelled) => lineage.Ask(() =>
    {
        var sql = new StringBuilder("WHERE 1");
        var values = new List<object?>();
        void And(string condition, object value)
        {
            values.Add(value);
            sql.Append(" AND ").Append(condition).Append(CultureInfo.InvariantCulture, $"${values.Count}");
        }
        if (terms.Since is { } since) And("e.started >= ", since.ToUnixTimeMilliseconds());
        if (terms.Until is { } until) And("e.started < ", until.ToUnixTimeMilliseconds());
        if (terms.AtLeast is { } time) And("e.elapsed >= ", time.TotalSeconds);
        if (terms.Command.Length > 0)
        {
            And("e.step IN (SELECT step FROM steps WHERE instr(command, ", terms.Command);
            sql.Append(") > 0)");
        }
        if (terms.AtLeastBytes is { } bytes)
        {
            And("e.number IN (SELECT execution FROM writes WHERE bytes >= ", bytes);
            sql.Append(')');
        }
        if (labelled is not null) sql.Append(" AND e.number IN (SELECT w.execution FROM writes w JOIN labels l ON l.digest = w.digest)");
        return lineage.Read(sql.Append(" ORDER BY e.number DESC").ToString(), [.. values]);
    });
}
