using Varve.Raster.Graph;

namespace Varve.Raster.Evaluation;

/// <summary>Which results can be computed in one pass: those that lie on the same pixels.</summary>
internal static class Areas
{
    /// <summary>Groups of results, by their numbers, in the order of their first.</summary>
    public static List<List<int>> Group(IReadOnlyList<Node> nodes)
    {
        if (nodes.Count == 1) return [[0]];
        var groups = new List<(Grid Grid, List<int> Members)>();
        for (var i = 0; i < nodes.Count; i++)
        {
            var grid = new Placement([nodes[i]]) is var placement ? placement.GridOf(placement.Everything) : null!;
            var known = groups.Find(g => g.Grid == grid);
            if (known.Members is { } members) members.Add(i);
            else groups.Add((grid, [i]));
        }
        return [.. groups.Select(static g => g.Members)];
    }
}
