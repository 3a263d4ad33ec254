using System.Globalization;
using System.Text;
using Varve.Sandbox;

namespace Varve.Lineage;

/// <summary>A chain as a graph in the DOT language (Graphviz): files are ellipses, steps are boxes.</summary>
internal static class HowGraph
{
    public static string Write(Chain chain)
    {
        var workspace = chain.Steps[^1].Key.Workspace;
        var text = new StringBuilder("digraph how {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=10];\n");
        var files = new Dictionary<(string Path, Store.Digest Digest), string>();
        string File(string path, Store.Digest digest)
        {
            if (files.TryGetValue((path, digest), out var known)) return known;
            var name = files[(path, digest)] = string.Create(CultureInfo.InvariantCulture, $"f{files.Count}");
            var style = path == chain.Path && digest == chain.Digest ? ", style=filled, fillcolor=\"#d9ead3\"" : "";
            text.Append(CultureInfo.InvariantCulture, $"  {name} [label={Quote($"{ShellText.Relative(path, workspace)}\n{(digest == default ? "in a snapshot" : digest.Short)}")}{style}];\n");
            return name;
        }
        var inputs = chain.Inputs.Select(i => (i.Path, i.Digest)).ToHashSet();
        var made = chain.Steps.SelectMany(s => Written(s)).ToHashSet();
        for (var i = 0; i < chain.Steps.Count; i++)
        {
            var trace = chain.Steps[i];
            var label = ShellText.Readable(trace);
            if (label.Length > 80) label = label[..79] + "…";
            text.Append(CultureInfo.InvariantCulture, $"  s{i} [shape=box, label={Quote(label)}];\n");
            foreach (var item in trace.Observations)
                if (item.Kind is ObservationKind.Content or ObservationKind.Status && (inputs.Contains((item.Path, item.Digest)) || made.Contains((item.Path, item.Digest))))
                    text.Append(CultureInfo.InvariantCulture, $"  {File(item.Path, item.Digest)} -> s{i};\n");
            foreach (var (path, digest) in Written(trace)) text.Append(CultureInfo.InvariantCulture, $"  s{i} -> {File(path, digest)};\n");
        }
        return text.Append("}\n").ToString();
    }

    private static IEnumerable<(string Path, Store.Digest Digest)> Written(Trace trace) =>
        (trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes).Where(c => c.Kind == ChangeKind.File).Select(c => (c.Path, c.Digest));

    private static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}
