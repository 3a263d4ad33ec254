using System.Globalization;
using Varve.Lineage;
using Varve.Linux;
using Varve.Running;
using Varve.Sandbox;
using Varve.Steps;
using Varve.Strict;

namespace Varve.Documents;

/// <summary>Makes steps of the blocks of a document in Varve's own syntax: the shell runs a block's text, `sh -eu -c TEXT`, in the document's folder.</summary>
internal sealed class NativePlan(Document document, FrontMatter values, Settings settings, IReadOnlyList<string> pass)
{
    private readonly Expansion expansion = new(document, values);
    private readonly Settings environments = settings with { Environments = Merge(document, values, settings) };

    public IReadOnlyList<PlannedBlock> Plan() => [.. document.Blocks.Select(Plan)];

    private static Dictionary<string, string> Merge(Document document, FrontMatter values, Settings settings)
    {
        var all = new Dictionary<string, string>(settings.Environments, StringComparer.Ordinal);
        foreach (var (name, root) in values.Environments) all[name] = root.StartsWith('/') ? root : Path.GetFullPath($"{document.Folder}/{root}");
        return all;
    }

    private PlannedBlock Plan(Block block) => new()
    {
        Name = block.Name,
        Place = string.Create(CultureInfo.InvariantCulture, $"{document.Path}:{block.Line}"),
        IsFixed = block.Maps.Count == 0 && block.Joins.Count == 0,
        Joins = block.Joins,
        MappedOver = expansion.MappedOver(block),
        Expand = joined => [.. expansion.Expand(block, joined).Select(e => new PlannedStep(e.Id, Request(block, e)))],
    };

    private StepRequest Request(Block block, Element element)
    {
        string[] write = [.. settings.Write.Concat(block.Write.Select(w => w.StartsWith('/') ? w : Path.GetFullPath($"{document.Folder}/{w}"))).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        foreach (var folder in write)
            if (Files.Look(folder).Kind != FileKind.Directory) throw new DocumentException(document.Path, block.Line, $"write={folder} is no folder");
        List<string> options = [.. write.Select(w => $"write={w}")];
        options.AddRange(StepNetworks.Options(block.Network));
        var strict = block.Strict || settings.Strict;
        if (strict) options.Add(StrictTerms.Option);
        if (block.MemoryBytes is { } most) options.Add($"memory={most}");
        options.Sort(StringComparer.Ordinal);
        IEnumerable<KeyValuePair<string, string>> extra = block.Environment == "host" ? element.Variables : element.Variables.Prepend(new("PATH", StepEnvironment.PlainPath));
        return new StepRequest
        {
            Key = new StepKey
            {
                Command = ["/bin/sh", "-eu", "-c", element.Text, block.Name, .. element.Arguments],
                Directory = document.Folder,
                Workspace = document.Workspace,
                Environment = environments.Identity(block.Environment),
                Variables = StepEnvironment.Variables(settings.Pass.Concat(pass).Concat(block.Pass), strict, extra),
                Options = options,
            },
            WorkspaceOutside = document.Workspace,
            WriteAlso = [.. write.Select(w => new KeyValuePair<string, string>(w, w))],
            RootLayers = environments.RootLayers(block.Environment),
            Network = block.Network,
            Strict = strict,
            Timeout = block.Timeout,
            MemoryBytes = block.MemoryBytes,
        };
    }
}
