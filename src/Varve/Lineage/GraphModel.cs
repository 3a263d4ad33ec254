namespace Varve.Lineage;

/// <summary>What a node of a lineage graph stands for.</summary>
internal enum GraphNodeKind
{
    /// <summary>A file that the chain starts from.</summary>
    Input,
    /// <summary>A file between two steps.</summary>
    File,
    /// <summary>The file that was asked for.</summary>
    Result,
    /// <summary>A step, or several that differ only in values.</summary>
    Step,
}

/// <summary>A step of a graph, without what it observed: graphs are kept.</summary>
/// <param name="Execution">The execution.</param>
/// <param name="Name">What tells it from its siblings: the element of a map, else the command.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record GraphStep(string Execution, string Name, TimeSpan Elapsed);

/// <summary>A node: one thing, or several alike folded into one.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Title">The block's name, the command, or the file's name.</param>
/// <param name="Detail">A second line: how long it took, where the file lies.</param>
/// <param name="Steps">For a step, its executions, in the order of the chain.</param>
/// <param name="Files">For a file, its paths with their contents, sorted.</param>
internal sealed record GraphNode(GraphNodeKind Kind, string Title, string Detail, IReadOnlyList<GraphStep> Steps, IReadOnlyList<(string Path, Store.Digest Digest)> Files)
{
    /// <summary>How many things are folded into it.</summary>
    public int Count => Math.Max(Steps.Count, Files.Count);
}

/// <summary>A line between two nodes, by their places in the list.</summary>
/// <param name="From">The node read from.</param>
/// <param name="To">The node that reads.</param>
internal readonly record struct GraphEdge(int From, int To);

/// <summary>The lineage of one file, folded so that a person can read it. Edges never form a circle.</summary>
/// <param name="Nodes">Files and steps.</param>
/// <param name="Edges">What went into what, each pair once.</param>
/// <param name="Steps">How many steps there are in all.</param>
internal sealed record LineageGraph(IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, int Steps);
