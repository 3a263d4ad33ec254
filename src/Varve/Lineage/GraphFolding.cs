using System.Globalization;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>
/// Makes a graph of a chain. Steps of one shape that lie equally far from the inputs become one node with a count, and so do
/// the files between the same nodes. A graph that is still too large to read is folded a second time, by shape alone;
/// steps that then depend on each other in a circle become one node.
/// </summary>
internal sealed class GraphFolding(Chain chain)
{
    private const int FewestAlike = 3, MostNodes = 240, LongestTitle = 34;
    private readonly string workspace = chain.Steps[^1].Key.Workspace;
    private readonly Dictionary<(string Path, Digest Digest), int> makers = [];
    private readonly List<List<(string Path, Digest Digest)>> reads = [];

    /// <summary>The graph of a chain.</summary>
    public static LineageGraph Of(Chain chain) => new GraphFolding(chain).Fold();

    private LineageGraph Fold()
    {
        Connect();
        var shapes = chain.Steps.Select(CommandShape.Of).ToList();
        var depths = Depths();
        var graph = Build(Groups(i => $"{depths[i]}\0{shapes[i]}"));
        if (graph.Nodes.Count <= MostNodes) return graph;
        var coarse = Groups(i => shapes[i]);
        graph = Build(Joined(coarse));
        return graph.Nodes.Count <= MostNodes ? graph : Build(new int[chain.Steps.Count]);
    }

    /// <summary>Which step made what, and what each reads of that and of the inputs.</summary>
    private void Connect()
    {
        var known = chain.Inputs.Select(static i => (i.Path, i.Digest)).ToHashSet();
        for (var i = 0; i < chain.Steps.Count; i++)
        {
            var trace = chain.Steps[i];
            var own = new List<(string, Digest)>();
            var seen = new HashSet<(string, Digest)>();
            foreach (var item in trace.Observations)
            {
                if (item.Kind is not (ObservationKind.Content or ObservationKind.Status)) continue;
                var content = (item.Path, item.Digest);
                if ((makers.ContainsKey(content) || known.Contains(content)) && seen.Add(content)) own.Add(content);
            }
            reads.Add(own);
            foreach (var change in trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes)
                if (change.Kind == ChangeKind.File) makers.TryAdd((change.Path, change.Digest), i);
        }
    }

    /// <summary>For each step, how many steps lie on the longest way from the inputs.</summary>
    private int[] Depths()
    {
        var depths = new int[chain.Steps.Count];
        for (var i = 0; i < depths.Length; i++)
            foreach (var read in reads[i])
                if (makers.TryGetValue(read, out var maker) && maker < i) depths[i] = Math.Max(depths[i], depths[maker] + 1);
        return depths;
    }

    /// <summary>For each step the number of its group; those with too few of a kind stay alone.</summary>
    private int[] Groups(Func<int, string> shape)
    {
        var alike = Enumerable.Range(0, chain.Steps.Count).GroupBy(shape, StringComparer.Ordinal);
        var groups = new int[chain.Steps.Count];
        var next = 0;
        foreach (var group in alike)
        {
            var members = group.ToList();
            var together = members.Count >= FewestAlike;
            foreach (var member in members) groups[member] = together ? next : next++;
            if (together) next++;
        }
        return groups;
    }

    /// <summary>Groups that depend on each other in a circle, as one (R. Tarjan, "Depth-first search and linear graph algorithms", 1972).</summary>
    private int[] Joined(int[] groups)
    {
        var count = groups.Max() + 1;
        var next = new HashSet<int>[count];
        for (var i = 0; i < count; i++) next[i] = [];
        for (var i = 0; i < groups.Length; i++)
            foreach (var read in reads[i])
                if (makers.TryGetValue(read, out var maker) && groups[maker] != groups[i]) next[groups[maker]].Add(groups[i]);
        var component = Circles.Of(next);
        return [.. groups.Select(g => component[g])];
    }

    private LineageGraph Build(int[] groups)
    {
        var nodes = new List<GraphNode>();
        var edges = new HashSet<GraphEdge>();
        var stepNode = new Dictionary<int, int>();
        foreach (var group in Enumerable.Range(0, groups.Length).GroupBy(i => groups[i]))
        {
            stepNode[group.Key] = nodes.Count;
            nodes.Add(StepNode([.. group.Select(i => chain.Steps[i])]));
        }

        // A file's readers decide with which others it is folded.
        var readers = new Dictionary<(string Path, Digest Digest), SortedSet<int>>();
        for (var i = 0; i < groups.Length; i++)
            foreach (var read in reads[i])
            {
                if (makers.TryGetValue(read, out var maker) && groups[maker] == groups[i]) continue;
                if (!readers.TryGetValue(read, out var set)) readers[read] = set = [];
                set.Add(stepNode[groups[i]]);
            }
        var goal = (chain.Path, chain.Digest);
        readers.TryAdd(goal, []);
        var bundles = readers.GroupBy(r => r.Key == goal ? "goal" : $"{Maker(r.Key)}:{string.Join(',', r.Value)}:{Path.GetExtension(r.Key.Path)}", StringComparer.Ordinal);
        foreach (var bundle in bundles)
        {
            var files = bundle.Select(static b => b.Key).OrderBy(static f => f.Path, StringComparer.Ordinal).ToList();
            var maker = Maker(files[0]);
            var together = files.Count >= FewestAlike || (maker >= 0 && nodes[maker].Count > 1);
            foreach (var part in together ? [files] : files.ConvertAll(static f => new List<(string, Digest)> { f }))
            {
                var node = nodes.Count;
                nodes.Add(FileNode(part, bundle.Key == "goal" ? GraphNodeKind.Result : maker < 0 ? GraphNodeKind.Input : GraphNodeKind.File));
                if (maker >= 0) edges.Add(new GraphEdge(maker, node));
                foreach (var reader in bundle.First().Value) edges.Add(new GraphEdge(node, reader));
            }
        }
        return new LineageGraph(nodes, [.. edges], chain.Steps.Count);

        int Maker((string Path, Digest Digest) file) => makers.TryGetValue(file, out var maker) ? stepNode[groups[maker]] : -1;
    }

    private static GraphNode StepNode(List<Trace> steps)
    {
        var blocks = steps.Select(static s => s.Origin?.Block).Distinct().ToList();
        var title = blocks is [{ } block] ? block
            : steps.Select(Program).Distinct().ToList() is [var program] ? Short(steps.Count == 1 ? ShellText.Readable(steps[0]) : program)
            : "steps of several kinds";
        var seconds = steps.Sum(static s => s.Elapsed.TotalSeconds);
        return new GraphNode(GraphNodeKind.Step, title, Time(seconds), steps.ConvertAll(static s => new GraphStep(s.Execution, s.Origin?.Element is { Length: > 0 } element ? element : ShellText.Readable(s), s.Elapsed)), []);
    }

    private static string Program(Trace trace) =>
        ShellText.Readable(trace).Split([' ', '\n'], 2)[0] is var word ? word[(word.LastIndexOf('/') + 1)..] : "";

    private GraphNode FileNode(List<(string Path, Digest Digest)> files, GraphNodeKind kind)
    {
        if (files is [var (path, _)])
        {
            var local = ShellText.Relative(path, workspace);
            var slash = local.LastIndexOf('/');
            return new GraphNode(kind, Short(local[(slash + 1)..]), slash > 0 ? Short(local[..slash]) : "", [], files);
        }
        var folders = files.Select(static f => Linux.Files.Parent(f.Path)).Distinct().ToList();
        var endings = files.Select(static f => Path.GetExtension(f.Path)).Distinct().ToList();
        var place = folders is [var folder] ? ShellText.Relative(folder + "/", workspace).TrimEnd('/') : string.Create(CultureInfo.InvariantCulture, $"{folders.Count:#,0} folders");
        return new GraphNode(kind, endings is [{ Length: > 0 } ending] ? $"*{ending}" : "files", Short(place == workspace ? "" : place), [], files);
    }

    private static string Short(string text)
    {
        text = text.ReplaceLineEndings(" ");
        return text.Length <= LongestTitle ? text : string.Concat(text.AsSpan(0, LongestTitle - 1), "…");
    }

    private static string Time(double seconds) => seconds switch
    {
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0#} s"),
        < 6000 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
    };
}
