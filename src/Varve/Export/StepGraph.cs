using Varve.Lineage;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Export;

/// <summary>
/// Which steps of a chain must come before which, and which cannot be told apart in a document: a document's blocks never
/// leave one file different, nor read what a later one writes, and each has a /tmp of its own. Such steps become one unit.
/// </summary>
internal sealed class StepGraph
{
    private static readonly string[] PrivateFolders = ["/tmp", "/var/tmp", View.Home];
    private readonly IReadOnlyList<Trace> steps;
    private readonly HashSet<int>[] before;

    public StepGraph(Chain chain, Root root)
    {
        steps = chain.Steps;
        before = new HashSet<int>[steps.Count];
        for (var i = 0; i < steps.Count; i++) before[i] = [];
        var together = new int[steps.Count];
        for (var i = 0; i < together.Length; i++) together[i] = i;
        foreach (var (path, uses) in Uses()) Note(path, uses, root, together);
        Units = Contract(together, out var unitOf);
        Before = new HashSet<int>[Units.Count];
        for (var i = 0; i < Units.Count; i++) Before[i] = [];
        for (var i = 0; i < steps.Count; i++)
            foreach (var earlier in before[i])
                if (unitOf[earlier] != unitOf[i]) Before[unitOf[i]].Add(unitOf[earlier]);
        Depths = Depth();
    }

    /// <summary>The units, in the order of their first steps; the steps of each in the chain's order.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Units { get; }

    /// <summary>For each unit, those it needs something of.</summary>
    public HashSet<int>[] Before { get; }

    /// <summary>For each unit, how many units lie on the longest way from the inputs.</summary>
    public int[] Depths { get; }

    private sealed class PathUses
    {
        public List<(int Step, (ChangeKind Kind, Digest Digest) Left)> Writers { get; } = [];
        public List<(int Step, Digest Digest)> Readers { get; } = [];
    }

    private Dictionary<string, PathUses> Uses()
    {
        var uses = new Dictionary<string, PathUses>(StringComparer.Ordinal);
        PathUses Of(string path) => uses.TryGetValue(path, out var known) ? known : uses[path] = new PathUses();
        for (var i = 0; i < steps.Count; i++)
            foreach (var change in Written(steps[i]))
                if (change.Kind != ChangeKind.Directory) Of(change.Path).Writers.Add((i, (change.Kind, change.Digest)));
        for (var i = 0; i < steps.Count; i++)
        {
            var own = steps[i].Changes.Select(static c => c.Path).ToHashSet(StringComparer.Ordinal);
            foreach (var item in steps[i].Observations)
            {
                // Only what some step writes can stand between two steps.
                if (item.Kind is not (ObservationKind.Content or ObservationKind.Status) || !uses.TryGetValue(item.Path, out var known)) continue;
                if (item.Kind == ObservationKind.Status && own.Contains(item.Path)) continue;
                known.Readers.Add((i, item.Digest));
            }
        }
        return uses;
    }

    /// <summary>What a step left, its redirected standard output included.</summary>
    public static IEnumerable<Change> Written(Trace trace) => trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes;

    private void Note(string path, PathUses uses, Root root, int[] together)
    {
        var firstMaker = new Dictionary<Digest, int>();
        foreach (var (step, left) in uses.Writers)
            if (left.Kind == ChangeKind.File) firstMaker.TryAdd(left.Digest, step);
        foreach (var (reader, digest) in uses.Readers)
            if (firstMaker.TryGetValue(digest, out var maker) && maker < reader) before[reader].Add(maker);
        var last = uses.Writers[^1].Left;
        bool IsMade(int reader, Digest digest) => digest == default || (last.Kind == ChangeKind.File && last.Digest == digest && firstMaker[digest] < reader);
        var isPrivate = !root.Holds(path) && Array.Exists(PrivateFolders, folder => View.IsWithin(path, folder));
        if (isPrivate || uses.Writers.Exists(w => w.Left != last) || uses.Readers.Exists(r => !IsMade(r.Step, r.Digest)))
        {
            var members = uses.Writers.Select(static w => w.Step).Concat(uses.Readers.Where(r => isPrivate || !IsMade(r.Step, r.Digest)).Select(static r => r.Step)).Distinct().Order().ToList();
            for (var i = 1; i < members.Count; i++)
            {
                Join(together, members[0], members[i]);
                before[members[i]].Add(members[i - 1]);
            }
        }
    }

    private static int Find(int[] together, int step)
    {
        while (together[step] != step) step = together[step] = together[together[step]];
        return step;
    }

    private static void Join(int[] together, int a, int b) => together[Find(together, b)] = Find(together, a);

    /// <summary>Sets that depend on each other in a circle become one; each is then a unit.</summary>
    private List<IReadOnlyList<int>> Contract(int[] together, out int[] unitOf)
    {
        var next = new HashSet<int>[steps.Count];
        for (var i = 0; i < next.Length; i++) next[i] = [];
        for (var i = 0; i < steps.Count; i++)
            foreach (var earlier in before[i])
                if (Find(together, earlier) != Find(together, i)) next[Find(together, earlier)].Add(Find(together, i));
        var component = Circles.Of(next);
        var units = Enumerable.Range(0, steps.Count).GroupBy(i => component[Find(together, i)]).Select(static g => (IReadOnlyList<int>)[.. g]).OrderBy(static u => u[0]).ToList();
        unitOf = new int[steps.Count];
        for (var unit = 0; unit < units.Count; unit++)
            foreach (var step in units[unit]) unitOf[step] = unit;
        return units;
    }

    private int[] Depth()
    {
        var depths = new int[Units.Count];
        foreach (var unit in Sorted(Units.Count, Before, static i => i))
            foreach (var earlier in Before[unit]) depths[unit] = Math.Max(depths[unit], depths[earlier] + 1);
        return depths;
    }

    /// <summary>Nodes in an order in which each comes after those before it; of several that could come next, the one of the lowest rank.</summary>
    public static IEnumerable<int> Sorted(int count, IReadOnlyList<IReadOnlySet<int>> before, Func<int, int> rank)
    {
        var after = new List<int>[count];
        var open = new int[count];
        for (var i = 0; i < count; i++) after[i] = [];
        for (var i = 0; i < count; i++)
            foreach (var earlier in before[i])
            {
                after[earlier].Add(i);
                open[i]++;
            }
        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < count; i++)
            if (open[i] == 0) ready.Enqueue(i, rank(i));
        while (ready.TryDequeue(out var node, out _))
        {
            yield return node;
            foreach (var next in after[node])
                if (--open[next] == 0) ready.Enqueue(next, rank(next));
        }
    }
}
