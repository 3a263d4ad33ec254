using Varve.Store;

namespace Varve.Lineage;

/// <summary>A content that turned out wrong. Everything made from it is marked, also what is made later.</summary>
/// <param name="Digest">The content.</param>
/// <param name="Path">The file it was when it was condemned.</param>
/// <param name="Bytes">Its size; -1 when it was not known.</param>
/// <param name="Reason">Why, in a person's words; may be empty.</param>
/// <param name="At">When it was condemned, UTC.</param>
public sealed record Taint(Digest Digest, string Path, long Bytes, string Reason, DateTimeOffset At)
{
    /// <summary>For people: which file, and why.</summary>
    public override string ToString() => Reason.Length == 0 ? $"{Path} ({Digest.Short})" : $"{Path} ({Digest.Short}): {Reason}";
}

/// <summary>Which contents are condemned, and which executions and files are downstream of them.</summary>
internal sealed class Taints(LineageDatabase lineage)
{
    private IReadOnlyList<Taint>? all;
    private Dictionary<string, List<Taint>>? executions;

    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<Taint> All() => all ??= lineage.Ask(() =>
    {
        var taints = new List<Taint>();
        using var row = lineage.Query("SELECT digest, path, bytes, reason, at FROM taints ORDER BY at, path");
        while (row.Read()) taints.Add(new Taint(new Digest((byte[])row[0]), row.GetString(1), row.GetInt64(2), row.GetString(3), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4))));
        return taints;
    });

    /// <summary>Condemns a content.</summary>
    public Taint Add(NamedContent content, string reason)
    {
        var taint = new Taint(content.Digest, LineageDatabase.Printable(content.Path), content.Bytes, reason, DateTimeOffset.UtcNow);
        List<Digest> names = [taint.Digest];
        // Steps that read it in a snapshot know it by its identity there.
        if (Linux.SnapshotIdentity.Of(content.Path, Linux.Files.Look(content.Path)) is { } identity) names.Add(SnapshotInputs.NameOf(identity));
        lineage.Ask(() =>
        {
            foreach (var name in names)
                lineage.Run("INSERT OR REPLACE INTO taints VALUES($1, $2, $3, $4, $5)", name.Bytes.ToArray(), taint.Path, taint.Bytes, reason, taint.At.ToUnixTimeMilliseconds());
            return true;
        });
        Forget();
        return taint;
    }

    /// <summary>Takes it back.</summary>
    /// <param name="name">What was said: a path, or a digest or the beginning of one.</param>
    /// <param name="path">The same as an absolute path.</param>
    /// <exception cref="NotKnownException">Nothing of that name is condemned.</exception>
    public IReadOnlyList<Taint> Remove(string name, string path)
    {
        var hex = name.StartsWith("sha256:", StringComparison.Ordinal) ? name[7..] : name;
        var present = Linux.Files.Look(path).Kind == Linux.FileKind.File ? NamedContent.Of(lineage, name, path).Digest : default;
        var gone = All().Where(t => t.Digest == present || t.Path == LineageDatabase.Printable(path) || (hex.Length >= 8 && t.Digest.Hex.StartsWith(hex, StringComparison.Ordinal))).ToList();
        if (gone.Count == 0) throw new NotKnownException($"{path} is not tainted itself; `varve taint` lists what is");
        lineage.Ask(() =>
        {
            foreach (var taint in gone) lineage.Run("DELETE FROM taints WHERE digest = $1", taint.Digest.Bytes.ToArray());
            return true;
        });
        Forget();
        return gone;
    }

    /// <summary>What an execution is downstream of; nothing when it is sound.</summary>
    public IReadOnlyList<Taint> OfExecution(string execution) => All().Count == 0 ? [] : Marked().GetValueOrDefault(execution, []);

    /// <summary>What a content is, or is made from, that is condemned.</summary>
    public IReadOnlyList<Taint> OfChain(Chain chain) => All().Count == 0 ? []
        : [.. All().Where(t => t.Digest == chain.Digest || chain.Inputs.Any(i => (i.Snapshot.Length > 0 ? SnapshotInputs.NameOf(i.Snapshot) : i.Digest) == t.Digest)).Concat(chain.Steps.SelectMany(s => OfExecution(s.Execution))).Distinct()];

    /// <summary>What a file with this content, left by this execution, is marked with.</summary>
    public IReadOnlyList<Taint> OfFile(Digest digest, string execution) =>
        All().Count == 0 ? [] : [.. All().Where(t => t.Digest == digest).Concat(OfExecution(execution)).Distinct()];

    /// <summary>What a file is, or is made from, that is condemned, by its picture.</summary>
    public IReadOnlyList<Taint> OfGraph(LineageGraph graph) => All().Count == 0 ? []
        : [.. graph.Nodes.SelectMany(n => n.Steps.SelectMany(s => OfExecution(s.Execution)).Concat(All().Where(t => n.Files.Any(f => f.Digest == t.Digest)))).Distinct()];

    /// <summary>Whether anything that a node of a picture stands for is condemned, or is downstream of what is.</summary>
    public bool Marks(GraphNode node) =>
        All().Count > 0 && (node.Steps.Any(s => OfExecution(s.Execution).Count > 0) || node.Files.Any(f => All().Any(t => t.Digest == f.Digest)));

    private Dictionary<string, List<Taint>> Marked()
    {
        if (executions is not null) return executions;
        executions = new Dictionary<string, List<Taint>>(StringComparer.Ordinal);
        var downstream = new Downstream(lineage);
        foreach (var taint in All())
            foreach (var execution in downstream.Of([new NamedContent(taint.Path, taint.Digest, taint.Bytes)]).Executions)
            {
                if (!executions.TryGetValue(execution, out var list)) executions[execution] = list = [];
                list.Add(taint);
            }
        return executions;
    }

    private void Forget() => (all, executions) = (null, null);
}
