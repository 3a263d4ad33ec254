using Varve.Lineage;

namespace Varve.Export;

/// <summary>
/// A step as a block of a document could have it: a command line or a shell text in a folder, the variables and the
/// arguments it is given. Paths of the workspace are relative.
/// </summary>
internal sealed record PlainStep
{
    /// <summary>What ran.</summary>
    public required Trace Trace { get; init; }
    /// <summary>The folder it starts in, relative to the pipeline's; empty for that folder itself.</summary>
    public required string Folder { get; init; }
    /// <summary>Program and arguments; empty when it is a shell text.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
    /// <summary>The shell text; empty when it is a command line.</summary>
    public string Text { get; init; } = "";
    /// <summary>Whether it ran in a shell that goes on after errors and takes unset variables as empty, which no block's shell does by itself.</summary>
    public bool IsLenient { get; init; }
    /// <summary>The variables it is given besides those every step has, in the order in which they were set.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];
    /// <summary>Its positional parameters, as far as its shell text can see them.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
    /// <summary>The file that its standard output goes to, relative to its folder; empty for none.</summary>
    public string Output { get; init; } = "";
    /// <summary>What stands on its fence besides the name: environment, network, writable folders, memory.</summary>
    public string Attributes { get; init; } = "";

    /// <summary>Whether it is a shell text rather than a command line.</summary>
    public bool IsText => Words.Count == 0;

    /// <summary>The document's block it comes from; empty when nothing but a person asked for it.</summary>
    public string Block => Trace.Origin is { } origin ? $"{origin.Document}\0{origin.Block}" : "";
}
