namespace Varve.Lineage;

/// <summary>Where the nodes of a graph stand: columns from left to right, rows within a column; in units of one cell.</summary>
/// <param name="Column">The column of each node.</param>
/// <param name="Row">The row of each node; fractions are allowed.</param>
/// <param name="Bends">For each edge the rows at which it passes the columns between its ends, from left to right.</param>
internal sealed record GraphPlaces(IReadOnlyList<int> Column, IReadOnlyList<double> Row, IReadOnlyList<IReadOnlyList<double>> Bends);

/// <summary>
/// A layered drawing (K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures",
/// 1981): columns by the longest way, orders by the barycentre of the neighbours, rows by moving each towards them.
/// </summary>
internal static class GraphLayout
{
    private const int OrderSweeps = 12, RowSweeps = 16;
    private const double BendHeight = 0.5;

    /// <summary>Places the nodes of a graph without circles.</summary>
    public static GraphPlaces Of(int nodes, IReadOnlyList<GraphEdge> edges)
    {
        var columns = Columns(nodes, edges);
        var column = columns.ToList();
        var left = Lists(nodes);
        var right = Lists(nodes);
        var bends = new List<List<int>>(edges.Count);
        void Join(int from, int to)
        {
            right[from].Add(to);
            left[to].Add(from);
        }
        foreach (var (from, to) in edges)
        {
            // An edge over several columns passes each of them in a place of its own.
            var own = new List<int>();
            var last = from;
            for (var c = columns[from] + 1; c < columns[to]; c++)
            {
                column.Add(c);
                left.Add([]);
                right.Add([]);
                own.Add(column.Count - 1);
                Join(last, column.Count - 1);
                last = column.Count - 1;
            }
            Join(last, to);
            bends.Add(own);
        }
        var layers = Layers(column);
        Order(layers, left, right);
        var rows = Rows(layers, left, right, nodes);
        return new GraphPlaces(columns, rows[..nodes], bends.ConvertAll(b => (IReadOnlyList<double>)b.ConvertAll(i => rows[i])));
    }

    private static List<List<int>> Lists(int count) => [.. Enumerable.Range(0, count).Select(static _ => new List<int>())];

    private static int[] Columns(int nodes, IReadOnlyList<GraphEdge> edges)
    {
        var (column, open) = (new int[nodes], new int[nodes]);
        var right = Lists(nodes);
        foreach (var (from, to) in edges)
        {
            right[from].Add(to);
            open[to]++;
        }
        var isSource = open.Select(static n => n == 0).ToArray();
        var ready = new Queue<int>(Enumerable.Range(0, nodes).Where(i => open[i] == 0));
        while (ready.TryDequeue(out var node))
            foreach (var to in right[node])
            {
                column[to] = Math.Max(column[to], column[node] + 1);
                if (--open[to] == 0) ready.Enqueue(to);
            }
        // What has nothing before it stands beside what uses it first.
        for (var i = 0; i < nodes; i++)
            if (isSource[i] && right[i].Count > 0) column[i] = right[i].Min(to => column[to]) - 1;
        return column;
    }

    private static List<int>[] Layers(List<int> column)
    {
        var layers = new List<int>[column.Count == 0 ? 0 : column.Max() + 1];
        for (var i = 0; i < layers.Length; i++) layers[i] = [];
        for (var i = 0; i < column.Count; i++) layers[column[i]].Add(i);
        return layers;
    }

    private static void Order(List<int>[] layers, List<List<int>> left, List<List<int>> right)
    {
        var place = new double[left.Count];
        void Number(List<int> layer)
        {
            for (var i = 0; i < layer.Count; i++) place[layer[i]] = i;
        }
        foreach (var layer in layers) Number(layer);
        for (var sweep = 0; sweep < OrderSweeps; sweep++)
        {
            var forward = sweep % 2 == 0;
            for (var i = 0; i < layers.Length; i++)
            {
                var layer = layers[forward ? i : layers.Length - 1 - i];
                var neighbours = forward ? left : right;
                var wanted = layer.ToDictionary(static n => n, n => neighbours[n].Count == 0 ? place[n] : neighbours[n].Average(m => place[m]));
                var sorted = layer.OrderBy(n => wanted[n]).ThenBy(n => place[n]).ToList();
                layer.Clear();
                layer.AddRange(sorted);
                Number(layer);
            }
        }
    }

    private static double[] Rows(List<int>[] layers, List<List<int>> left, List<List<int>> right, int nodes)
    {
        double Height(int node) => node < nodes ? 1 : BendHeight;
        var row = new double[left.Count];
        foreach (var layer in layers)
        {
            double at = 0;
            foreach (var node in layer)
            {
                row[node] = at + Height(node) / 2;
                at += Height(node);
            }
            foreach (var node in layer) row[node] -= at / 2;
        }
        for (var sweep = 0; sweep < RowSweeps; sweep++)
        {
            var forward = sweep % 2 == 0;
            for (var i = 0; i < layers.Length; i++)
                Settle(layers[forward ? i : layers.Length - 1 - i], node => (forward ? left : right)[node] is { Count: > 0 } near ? near.Average(m => row[m]) : row[node], row, Height);
        }
        var top = row.Length == 0 ? 0 : Enumerable.Range(0, row.Length).Min(i => row[i] - Height(i) / 2);
        for (var i = 0; i < row.Length; i++) row[i] -= top;
        return row;
    }

    /// <summary>
    /// Puts a column's nodes as near to where they want to be as their order and heights allow: those that would overlap
    /// form a block that stands at the mean of what its members want (pool adjacent violators).
    /// </summary>
    private static void Settle(List<int> layer, Func<int, double> wanted, double[] row, Func<int, double> height)
    {
        var blocks = new List<(int First, int Count, double Sum, double Height)>();
        for (var i = 0; i < layer.Count; i++)
        {
            // A block is kept by the place of its top: each member wants that top where its own offset allows.
            var block = (First: i, Count: 1, Sum: wanted(layer[i]) - height(layer[i]) / 2, Height: height(layer[i]));
            while (blocks.Count > 0 && blocks[^1] is var before && before.Sum / before.Count + before.Height > block.Sum / block.Count)
            {
                block = (before.First, before.Count + block.Count, before.Sum + block.Sum - block.Count * before.Height, before.Height + block.Height);
                blocks.RemoveAt(blocks.Count - 1);
            }
            blocks.Add(block);
        }
        foreach (var (first, count, sum, _) in blocks)
        {
            var at = sum / count;
            for (var i = first; i < first + count; i++)
            {
                row[layer[i]] = at + height(layer[i]) / 2;
                at += height(layer[i]);
            }
        }
    }
}
