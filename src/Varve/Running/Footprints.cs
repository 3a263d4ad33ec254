using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;

namespace Varve.Running;

/// <summary>What one execution looked at and left, inside its workspace.</summary>
internal sealed class Footprint
{
    /// <summary>Names it read, looked at or looked for, other than folders it found or made.</summary>
    public List<string> Looked { get; } = [];
    /// <summary>Names it found to be there and depended on, a part of the former.</summary>
    public List<string> Read { get; } = [];
    /// <summary>Folders it listed.</summary>
    public List<string> Listed { get; } = [];
    /// <summary>What it wrote, without folders, which any number of steps may make.</summary>
    public List<Change> Written { get; } = [];

    /// <summary>The files an execution wrote, relative to where it started if they lie below, as its successors name them.</summary>
    public static IEnumerable<string> FilesOf(Trace trace) =>
        trace.Changes.Where(c => c.Kind == ChangeKind.File).Select(c => ShellText.Relative(c.Path, trace.Key.Directory));

    public static Footprint Of(Trace trace)
    {
        var print = new Footprint();
        var observations = trace.Observations is SplitObservations split ? split.Own.Items : trace.Observations;
        foreach (var item in observations)
        {
            if (!View.IsWithin(item.Path, trace.Key.Workspace)) continue;
            if (item.Kind == ObservationKind.Listing) print.Listed.Add(item.Path);
            else if (!item.Detail.StartsWith('d')) print.Looked.Add(item.Path);
            if (item.Kind is ObservationKind.Content or ObservationKind.Status && item.Detail.StartsWith('f')) print.Read.Add(item.Path);
        }
        foreach (var change in trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes)
            if (change.Kind != ChangeKind.Directory) print.Written.Add(change);
        return print;
    }
}

/// <summary>
/// The graph of a plan as earlier runs observed it: which block wrote which names, and so which blocks must wait for
/// which. A block that was never observed waits for all before it, and all after it wait for it.
/// </summary>
internal sealed class PredictedGraph
{
    private readonly Dictionary<string, (int First, int Last)> writers = new(StringComparer.Ordinal);
    private readonly List<int>[] dependencies;

    /// <param name="blocks">The plan's blocks, in order.</param>
    /// <param name="earlier">For each block, its elements' last executions.</param>
    public PredictedGraph(IReadOnlyList<PlannedBlock> blocks, ILookup<string, Trace> earlier)
    {
        dependencies = new List<int>[blocks.Count];
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        var writersOf = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var writersIn = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var lookersAt = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var lastUnknown = -1;
        for (var i = 0; i < blocks.Count; i++)
        {
            index[blocks[i].Name] = i;
            var waits = new SortedSet<int>();
            if (lastUnknown >= 0) waits.Add(lastUnknown);
            foreach (var join in blocks[i].Joins)
                if (index.TryGetValue(join, out var joined)) waits.Add(joined);
            foreach (var pattern in blocks[i].MappedOver) AddMatching(waits, writersOf, pattern);
            var prints = earlier[blocks[i].Name].Select(Footprint.Of).ToList();
            if (prints.Count == 0)
            {
                for (var j = Math.Max(0, lastUnknown); j < i; j++) waits.Add(j);
                lastUnknown = i;
            }
            foreach (var print in prints)
            {
                foreach (var path in print.Looked) AddAll(waits, writersOf, path);
                foreach (var folder in print.Listed) AddAll(waits, writersIn, folder);
                foreach (var change in print.Written)
                {
                    AddAll(waits, writersOf, change.Path);
                    AddAll(waits, lookersAt, change.Path);
                }
            }
            foreach (var print in prints) Note(print, i, writersOf, writersIn, lookersAt);
            waits.Remove(i);
            dependencies[i] = [.. waits];
        }
    }

    private void Note(Footprint print, int i, Dictionary<string, List<int>> writersOf, Dictionary<string, List<int>> writersIn, Dictionary<string, List<int>> lookersAt)
    {
        foreach (var path in print.Looked) Add(lookersAt, path, i);
        foreach (var change in print.Written)
        {
            Add(writersOf, change.Path, i);
            Add(writersIn, Files.Parent(change.Path), i);
            writers[change.Path] = writers.TryGetValue(change.Path, out var known) ? (known.First, i) : (i, i);
        }
    }

    private static void Add(Dictionary<string, List<int>> map, string path, int block)
    {
        if (!map.TryGetValue(path, out var list)) map[path] = list = [];
        if (list.Count == 0 || list[^1] != block) list.Add(block);
    }

    private static void AddAll(SortedSet<int> waits, Dictionary<string, List<int>> map, string path)
    {
        if (map.TryGetValue(path, out var list)) waits.UnionWith(list);
    }

    private static void AddMatching(SortedSet<int> waits, Dictionary<string, List<int>> writersOf, NamePattern pattern)
    {
        if (pattern.Name is { } name)
        {
            AddAll(waits, writersOf, name);
            return;
        }
        foreach (var (path, list) in writersOf)
            if (pattern.Matches(path)) waits.UnionWith(list);
    }

    /// <summary>The blocks before it that a block waits for.</summary>
    public IReadOnlyList<int> Dependencies(int block) => dependencies[block];

    /// <summary>The block that wrote a file last, or -1.</summary>
    public int WriterOf(string path) => writers.TryGetValue(path, out var known) ? known.Last : -1;

    /// <summary>Whether a name is written by a block that comes later, or by the block's own other elements.</summary>
    public bool IsNotMine(string path, int block, bool isMap) =>
        writers.TryGetValue(path, out var known) && (known.Last > block || (isMap && known.First <= block && known.Last >= block));
}
