using Varve.Lineage;
using Varve.Store;

namespace Varve.Export;

/// <summary>A file that a pipeline starts from.</summary>
/// <param name="Path">As the pipeline names it.</param>
/// <param name="Digest">Its content.</param>
internal sealed record PipelineFile(string Path, Digest Digest);

/// <summary>A named input: a file, or a folder of files.</summary>
/// <param name="Name">Its name, one that a variable can have.</param>
/// <param name="Path">The file, or the folder.</param>
/// <param name="Files">The files it stands for; just itself when it is a file.</param>
internal sealed record PipelineInput(string Name, string Path, IReadOnlyList<PipelineFile> Files)
{
    /// <summary>Whether it is a folder.</summary>
    public bool IsFolder => Files.Count != 1 || Files[0].Path != Path;
}

/// <summary>A block: a step, or a map of steps over a table.</summary>
internal sealed record PipelineBlock
{
    /// <summary>Its name, unique.</summary>
    public required string Name { get; init; }
    /// <summary>Its shell text.</summary>
    public required string Text { get; init; }
    /// <summary>What stands on its fence besides the name, the map and the join.</summary>
    public required string Attributes { get; init; }
    /// <summary>Blocks whose files are its arguments.</summary>
    public IReadOnlyList<string> Joins { get; init; } = [];
    /// <summary>For a map, the table's header.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];
    /// <summary>For a map, a row for each element.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows { get; init; } = [];
    /// <summary>What ran, a list for each element: one step, or those that cannot be told apart.</summary>
    public required IReadOnlyList<IReadOnlyList<PlainStep>> Elements { get; init; }

    /// <summary>Whether it is a map.</summary>
    public bool IsMap => Columns.Count > 0;
}

/// <summary>A chain as a pipeline: what a document and a crate have in common.</summary>
internal sealed record Pipeline
{
    /// <summary>How the file came to be.</summary>
    public required Chain Chain { get; init; }
    /// <summary>The folder that everything is relative to.</summary>
    public required Root Root { get; init; }
    /// <summary>What it starts from.</summary>
    public required IReadOnlyList<PipelineInput> Inputs { get; init; }
    /// <summary>Values that several blocks mention, or that a document named.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; }
    /// <summary>Named root file systems that blocks run in.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Environments { get; init; }
    /// <summary>The blocks, each after those it needs something of.</summary>
    public required IReadOnlyList<PipelineBlock> Blocks { get; init; }
    /// <summary>Where the result is published, relative to the root; empty for nowhere.</summary>
    public string PublishFolder { get; init; } = "";
    /// <summary>What to be careful with, in words.</summary>
    public IReadOnlyList<string> Cautions { get; init; } = [];

    /// <summary>The result as the pipeline names it.</summary>
    public string Result => Root.Name(Chain.Path);

    /// <summary>The result under the name that was asked for.</summary>
    public string Asked => Chain.CopyAs.Length == 0 ? Result : PublishFolder.Length > 0 ? $"{PublishFolder}/{Chain.Path[(Chain.Path.LastIndexOf('/') + 1)..]}" : Root.Holds(Chain.CopyAs) ? Root.Name(Chain.CopyAs) : Chain.CopyAs[(Chain.CopyAs.LastIndexOf('/') + 1)..];
}
