using Varve.Documents;
using Varve.Lineage;
using Varve.Store;

namespace Varve.Export;

/// <summary>
/// Decides what stands in the front matter. A variable does when every block whose text mentions it is given it with the same value,
/// because it reaches all of them; any other is set in its blocks.
/// </summary>
internal sealed class Globals
{
    private const int FewestInFolder = 3;
    private readonly Chain chain;
    private readonly Root root;
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    private readonly HashSet<string> local = new(StringComparer.Ordinal);

    /// <param name="chain">The chain.</param>
    /// <param name="root">The pipeline's folder.</param>
    /// <param name="blocks">The blocks.</param>
    /// <param name="drafts">Their texts, before any variable is set in one.</param>
    public Globals(Chain chain, Root root, IReadOnlyList<FoldedSteps> blocks, IReadOnlyList<string> drafts)
    {
        (this.chain, this.root) = (chain, root);
        for (var i = 0; i < blocks.Count; i++)
            foreach (var (name, value) in blocks[i].Variables)
                if (!values.TryAdd(name, value) && values[name] != value) local.Add(name);
        if (values.Count == 0) return;
        for (var i = 0; i < blocks.Count; i++)
        {
            var own = blocks[i].Variables.Select(static v => v.Key).Concat(blocks[i].Columns.Select(static c => c.Name)).ToHashSet(StringComparer.Ordinal);
            foreach (var name in Identifier.In(drafts[i]))
                if (values.ContainsKey(name) && !own.Contains(name)) local.Add(name);
        }
        // In another folder a relative path means another file.
        foreach (var block in blocks)
            if (block.Steps[0].Folder.Length > 0)
                foreach (var (name, value) in block.Variables)
                    if (chain.Inputs.Any(input => root.From(block.Steps[0].Folder, input.Path) == value)) local.Add(name);
    }

    /// <summary>Whether a block has to set this variable itself.</summary>
    public bool IsLocal(string name) => local.Contains(name);

    /// <summary>Inputs and parameters, as the finished texts mention them.</summary>
    public (IReadOnlyList<PipelineInput> Inputs, IReadOnlyList<KeyValuePair<string, string>> Parameters) Of(IReadOnlyList<PipelineBlock> blocks)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var parameters = new List<KeyValuePair<string, string>>();
        var inputs = new List<PipelineInput>();
        var left = chain.Inputs.ToDictionary(i => root.Name(i.Path), static i => i.Digest, StringComparer.Ordinal);
        foreach (var name in blocks.SelectMany(static b => Names.In(b.Text)).Distinct(StringComparer.Ordinal))
        {
            if (name == BlockText.Percent && blocks.Any(static b => b.Text.Contains($"%{{{BlockText.Percent}}}", StringComparison.Ordinal))) parameters.Add(new(name, "%"));
            else if (!values.TryGetValue(name, out var value) || local.Contains(name)) continue;
            else if (left.Remove(value, out var digest)) inputs.Add(new PipelineInput(name, value, [new PipelineFile(value, digest)]));
            else if (TakeFolder(left, value) is { Count: > 0 } files) inputs.Add(new PipelineInput(name, value, files));
            else parameters.Add(new(name, value));
        }
        taken.UnionWith(blocks.SelectMany(static b => Identifier.In(b.Text).Concat(b.Columns)));
        foreach (var folder in left.GroupBy(static f => Folder(f.Key)).ToList())
        {
            var files = folder.Select(static f => new PipelineFile(f.Key, f.Value)).OrderBy(static f => f.Path, StringComparer.Ordinal).ToList();
            if (files.Count >= FewestInFolder) inputs.Add(new PipelineInput(Unused(Path.GetFileName(folder.Key), "files", taken), folder.Key, files));
            else inputs.AddRange(files.Select(f => new PipelineInput(Unused(Path.GetFileNameWithoutExtension(f.Path), "file", taken), f.Path, [f])));
        }
        return ([.. inputs.OrderBy(static i => i.Path, StringComparer.Ordinal).ThenBy(static i => i.Name, StringComparer.Ordinal)], parameters);
    }

    /// <summary>A name for an input that no text mentions, and so none may come to mention.</summary>
    private static string Unused(string hint, string kind, HashSet<string> taken)
    {
        var plain = Names.Variable(hint, kind, new HashSet<string>(StringComparer.Ordinal));
        return Names.Variable(taken.Contains(plain) ? $"{plain}_{kind}" : plain, kind, taken);
    }

    private static string Folder(string path) => path.LastIndexOf('/') switch
    {
        > 0 and var slash => path[..slash],
        0 => "/",
        _ => ".",
    };

    private static List<PipelineFile> TakeFolder(Dictionary<string, Digest> left, string folder)
    {
        if (folder.Length == 0) return [];
        var files = left.Where(f => f.Key.StartsWith(folder + "/", StringComparison.Ordinal)).Select(static f => new PipelineFile(f.Key, f.Value)).OrderBy(static f => f.Path, StringComparer.Ordinal).ToList();
        foreach (var file in files) left.Remove(file.Path);
        return files;
    }
}
