namespace Varve.Lineage;

/// <summary>Finds the circles of a directed graph: its strongly connected components.</summary>
internal static class Circles
{
    /// <summary>For each node the number of its component. An explicit stack: a chain may be thousands of nodes deep.</summary>
    public static int[] Of(IReadOnlyList<IReadOnlyCollection<int>> next)
    {
        var count = next.Count;
        var (index, low, component) = (new int[count], new int[count], new int[count]);
        Array.Fill(component, -1);
        var open = new Stack<int>();
        var (visited, components) = (0, 0);
        for (var root = 0; root < count; root++)
        {
            if (index[root] != 0) continue;
            var path = new Stack<(int Node, IEnumerator<int> Ahead)>();
            Enter(root, path);
            while (path.TryPeek(out var at))
            {
                if (at.Ahead.MoveNext())
                {
                    var to = at.Ahead.Current;
                    if (index[to] == 0) Enter(to, path);
                    else if (component[to] < 0) low[at.Node] = Math.Min(low[at.Node], index[to]);
                    continue;
                }
                path.Pop();
                if (path.TryPeek(out var above)) low[above.Node] = Math.Min(low[above.Node], low[at.Node]);
                if (low[at.Node] != index[at.Node]) continue;
                while (open.TryPop(out var member))
                {
                    component[member] = components;
                    if (member == at.Node) break;
                }
                components++;
            }
        }
        return component;

        void Enter(int node, Stack<(int, IEnumerator<int>)> path)
        {
            index[node] = low[node] = ++visited;
            open.Push(node);
            path.Push((node, next[node].GetEnumerator()));
        }
    }
}
