using System.Globalization;
using System.Text;

namespace Varve.Lineage;

/// <summary>Draws a graph as an SVG that needs nothing else: its styles are in it, for light and dark.</summary>
internal static class GraphPicture
{
    private const double ColumnWidth = 270, RowHeight = 62, NodeWidth = 200, NodeHeight = 42, Margin = 24;

    /// <summary>How it looks; pages whose policy forbids styles inside have it in their style file.</summary>
    internal const string Style = """
        .varve{--paper:#fff;--ink:#1d2327;--soft:#5d6a72;--line:#b3bdc4;--step:#f1f4f6;--accent:#0b6e63;--fill:#e2f1ee;font:13px system-ui,sans-serif}
        @media(prefers-color-scheme:dark){.varve{--paper:#14181b;--ink:#e6eaec;--soft:#98a5ad;--line:#4a565e;--step:#20272c;--accent:#58c4b4;--fill:#173833}}
        .varve .paper{fill:var(--paper)}.varve text{fill:var(--ink)}.varve .detail{fill:var(--soft);font-size:11px}
        .varve path{fill:none;stroke:var(--line);stroke-width:1.4}.varve .node rect{fill:var(--paper);stroke:var(--line)}
        .varve .step rect{fill:var(--step)}.varve .input rect{stroke-dasharray:4 3}.varve .result rect{fill:var(--fill);stroke:var(--accent);stroke-width:1.6}
        .varve .count{fill:var(--accent);font-weight:600}.varve a:focus rect,.varve a:hover rect,.varve .found rect{stroke:var(--accent);stroke-width:2.4}
        .varve .marked rect{stroke:#c0392b;stroke-width:2}.varve .dim{opacity:.25}
        """;

    /// <summary>Draws a graph.</summary>
    /// <param name="output">Where the SVG goes.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="link">Where a click on a node leads; null, or an empty text for nowhere.</param>
    /// <param name="isAlone">Whether the SVG stands alone and brings its styles.</param>
    /// <param name="isMarked">Whether a node is to be marked as one to be careful with.</param>
    public static void Write(TextWriter output, LineageGraph graph, Func<GraphNode, string>? link = null, bool isAlone = true, Func<GraphNode, bool>? isMarked = null)
    {
        var places = GraphLayout.Of(graph.Nodes.Count, graph.Edges);
        var width = (places.Column.Max() + 1) * ColumnWidth - (ColumnWidth - NodeWidth) + 2 * Margin;
        var height = places.Row.Concat(places.Bends.SelectMany(static b => b)).Max() * RowHeight + RowHeight / 2 + 2 * Margin;
        double X(int node) => Margin + places.Column[node] * ColumnWidth;
        double Y(double row) => Margin + row * RowHeight;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"varve\" width=\"{width:0}\" height=\"{height:0}\" viewBox=\"0 0 {width:0} {height:0}\" role=\"group\" aria-label=\"Lineage: {graph.Steps:#,0} steps\">\n");
        if (isAlone) text.Append("<style>\n").Append(Style).Append("\n</style>\n");
        text.Append(CultureInfo.InvariantCulture, $"<rect class=\"paper\" width=\"{width:0}\" height=\"{height:0}\"/>\n");
        for (var i = 0; i < graph.Edges.Count; i++)
        {
            var (from, to) = graph.Edges[i];
            var points = new List<(double X, double Y)> { (X(from) + NodeWidth, Y(places.Row[from])) };
            for (var b = 0; b < places.Bends[i].Count; b++)
            {
                // Flat behind the nodes of a column, so that it passes between them.
                var x = Margin + (places.Column[from] + 1 + b) * ColumnWidth;
                points.Add((x, Y(places.Bends[i][b])));
                points.Add((x + NodeWidth, Y(places.Bends[i][b])));
            }
            points.Add((X(to), Y(places.Row[to])));
            text.Append(CultureInfo.InvariantCulture, $"<path d=\"M{points[0].X:0.#} {points[0].Y:0.#}");
            for (var p = 1; p < points.Count; p++)
            {
                var middle = (points[p - 1].X + points[p].X) / 2;
                text.Append(CultureInfo.InvariantCulture, $"C{middle:0.#} {points[p - 1].Y:0.#} {middle:0.#} {points[p].Y:0.#} {points[p].X:0.#} {points[p].Y:0.#}");
            }
            text.Append("\"/>\n");
        }
        for (var i = 0; i < graph.Nodes.Count; i++) Node(text, graph.Nodes[i], X(i), Y(places.Row[i]), link, isMarked);
        output.Write(text.Append("</svg>\n").ToString());
    }

    private static void Node(StringBuilder text, GraphNode node, double x, double y, Func<GraphNode, string>? link, Func<GraphNode, bool>? isMarked)
    {
        var kind = node.Kind switch { GraphNodeKind.Step => "step", GraphNodeKind.Input => "input", GraphNodeKind.Result => "result", _ => "file" };
        var target = link?.Invoke(node) ?? "";
        var names = node.Kind == GraphNodeKind.Step ? $"{node.Title}: {string.Join(", ", node.Steps.Take(8).Select(static s => s.Name))}{(node.Count > 8 ? ", ..." : "")}" : string.Join('\n', node.Files.Take(8).Select(static f => f.Path)) + (node.Count > 8 ? "\n..." : "");
        text.Append(CultureInfo.InvariantCulture, $"<g class=\"node {kind}{(isMarked?.Invoke(node) == true ? " marked" : "")}\" transform=\"translate({x:0.#} {y - NodeHeight / 2:0.#})\">");
        if (target.Length > 0) text.Append(CultureInfo.InvariantCulture, $"<a href=\"{MarkupText.Escape(target)}\">");
        text.Append(CultureInfo.InvariantCulture, $"<title>{MarkupText.Escape(names)}</title>");
        text.Append(CultureInfo.InvariantCulture, $"<rect width=\"{NodeWidth}\" height=\"{NodeHeight}\" rx=\"{(node.Kind == GraphNodeKind.Step ? 4 : 21)}\"/>");
        var count = node.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"× {node.Count:#,0}") : "";
        // Proportional letters take some 7 units; what would not fit gets an ellipsis, the title above has it whole.
        var room = (int)((NodeWidth - 30 - count.Length * 8) / 7);
        var title = node.Title.Length <= room ? node.Title : string.Concat(node.Title.AsSpan(0, room - 1), "…");
        text.Append(CultureInfo.InvariantCulture, $"<text x=\"14\" y=\"{(node.Detail.Length > 0 ? 18 : 26)}\">{MarkupText.Escape(title)}</text>");
        if (node.Detail.Length > 0) text.Append(CultureInfo.InvariantCulture, $"<text class=\"detail\" x=\"14\" y=\"33\">{MarkupText.Escape(node.Detail)}</text>");
        if (count.Length > 0) text.Append(CultureInfo.InvariantCulture, $"<text class=\"count\" x=\"{NodeWidth - 14}\" y=\"18\" text-anchor=\"end\">{count}</text>");
        text.Append(target.Length > 0 ? "</a></g>\n" : "</g>\n");
    }
}
