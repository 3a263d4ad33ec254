using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>
/// Finds which execution made which content, so that the chain to one file is short and has a beginning. Contents are
/// settled from the inputs upwards, those of the shortest chains first (D. E. Knuth, "A generalization of Dijkstra's
/// algorithm", 1977): a content is never its own origin, and no chain is too deep for the stack.
/// </summary>
internal sealed class MakerSearch(LineageDatabase lineage)
{
    private const int MostWriters = 8;
    private readonly Dictionary<string, IReadOnlyList<(string Path, Digest Digest, string Detail)>> reads = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Path, Digest Digest), Trace?> makers = [];

    /// <summary>A way to have a content, and how many different contents it still waits for.</summary>
    private sealed class Way(Trace trace, (string Path, Digest Digest) content)
    {
        public Trace Trace { get; } = trace;
        public (string Path, Digest Digest) Content { get; } = content;
        public int Open { get; set; }
    }

    /// <summary>The execution that made the content, after <see cref="Settle"/> of a file it is part of; null for an input.</summary>
    public Trace? Maker(string path, Digest digest) => makers.GetValueOrDefault((path, digest));

    /// <summary>What an execution read that could have been made by another one.</summary>
    public IReadOnlyList<(string Path, Digest Digest, string Detail)> Read(Trace trace)
    {
        if (reads.TryGetValue(trace.Execution, out var known)) return known;
        // A step that looks whether its own output of the last time is there (`rm -f`, `make`) does not read it.
        var own = trace.Changes.Select(c => c.Path).ToHashSet(StringComparer.Ordinal);
        var found = new List<(string, Digest, string)>();
        foreach (var item in trace.Observations)
        {
            if (item.Kind is not (ObservationKind.Content or ObservationKind.Status) || (item.Digest == default && StatusText.Snapshot(item.Detail).Length == 0)) continue;
            if (item.Kind == ObservationKind.Status && own.Contains(item.Path)) continue;
            if (View.IsWithin(item.Path, trace.Key.Workspace) || !ChainFinder.IsSystem(item.Path)) found.Add((item.Path, item.Digest, item.Detail));
        }
        return reads[trace.Execution] = found;
    }

    /// <summary>An execution and all that made what it needs, as far as they are settled.</summary>
    public Dictionary<string, Trace> Closure(Trace last)
    {
        var steps = new Dictionary<string, Trace>(StringComparer.Ordinal) { [last.Execution] = last };
        var open = new Stack<Trace>([last]);
        while (open.TryPop(out var trace))
        {
            foreach (var (path, digest, _) in Read(trace))
                if (Maker(path, digest) is { } maker && steps.TryAdd(maker.Execution, maker)) open.Push(maker);
        }
        return steps;
    }

    /// <summary>Decides what made a content and all that went into it.</summary>
    /// <returns>What made it; null when nobody did.</returns>
    public Trace? Settle(string path, Digest digest)
    {
        makers.Clear();
        var goal = (path, digest);
        var waiting = new Dictionary<(string Path, Digest Digest), List<Way>>();
        var ready = new PriorityQueue<Way, (int Steps, int Order)>();
        var ways = Ways(goal, waiting, out var contents);
        var choice = ways.GroupBy(static w => w.Content).Any(static g => g.Count() > 1);
        var order = ways.Index().ToDictionary(static w => w.Item, static w => w.Index);
        void Offer(Way way) => ready.Enqueue(way, (choice ? Closure(way.Trace).Count : 0, order[way]));
        void Fix((string Path, Digest Digest) content, Trace? maker)
        {
            if (!makers.TryAdd(content, maker)) return;
            foreach (var way in waiting.GetValueOrDefault(content, []))
                if (--way.Open == 0) Offer(way);
        }

        var made = ways.Select(static w => w.Content).ToHashSet();
        foreach (var way in ways)
            if (way.Open == 0) Offer(way);
        foreach (var content in contents)
            if (!made.Contains(content)) Fix(content, null);
        // What goes round without a beginning began from an input: the one furthest from what was asked for.
        for (var last = contents.Count - 1; ; last--)
        {
            while (!makers.ContainsKey(goal) && ready.TryDequeue(out var way, out _)) Fix(way.Content, way.Trace);
            if (makers.TryGetValue(goal, out var maker)) return maker;
            Fix(contents[last], null);
        }
    }

    /// <summary>All ways to the goal and to what they read, found from the goal outwards.</summary>
    private List<Way> Ways((string Path, Digest Digest) goal, Dictionary<(string Path, Digest Digest), List<Way>> waiting, out List<(string Path, Digest Digest)> contents)
    {
        var ways = new List<Way>();
        var seen = new HashSet<(string Path, Digest Digest)> { goal };
        contents = [goal];
        for (var i = 0; i < contents.Count; i++)
        {
            foreach (var writer in Writers(contents[i]))
            {
                var way = new Way(writer, contents[i]);
                ways.Add(way);
                foreach (var need in Read(writer).Select(static r => (r.Path, r.Digest)).Distinct())
                {
                    if (!waiting.TryGetValue(need, out var those)) waiting[need] = those = [];
                    those.Add(way);
                    way.Open++;
                    if (seen.Add(need)) contents.Add(need);
                }
            }
        }
        return ways;
    }

    private IEnumerable<Trace> Writers((string Path, Digest Digest) content) =>
        // One step run twice is one way; a step that found the file as it is did not make it.
        lineage.Writers(content.Path, content.Digest).Where(static w => w.ExitCode == 0 || w.Origin is null).Take(MostWriters)
            .Where(w => !Read(w).Any(r => r.Path == content.Path && r.Digest == content.Digest)).DistinctBy(static w => w.Step);
}
