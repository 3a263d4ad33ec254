using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Documents;

/// <summary>
/// The room's contract. A document is Markdown: prose, front matter, and fenced blocks that are steps. Reading it looks
/// at nothing but the document itself; a block is expanded into its elements only when the blocks before it have run,
/// since they may make the table or the files it is mapped over.
/// </summary>
internal sealed record Document
{
    /// <summary>Absolute path.</summary>
    public required string Path { get; init; }
    /// <summary>The folder it lies in; its steps start there.</summary>
    public required string Folder { get; init; }
    /// <summary>The folder its steps may write: that of the nearest varve.toml above, else its own.</summary>
    public required string Workspace { get; init; }
    /// <summary>What stands between the dashes at its top.</summary>
    public required FrontMatter FrontMatter { get; init; }
    /// <summary>The blocks that are steps, in the order in which they stand.</summary>
    public required IReadOnlyList<Block> Blocks { get; init; }
    /// <summary>Whether it is written in Shark's dialect.</summary>
    public bool IsShark { get; init; }

    /// <summary>Reads a document.</summary>
    /// <exception cref="DocumentException">It cannot be read or run, and where.</exception>
    public static Document Load(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        string text;
        try
        {
            text = File.ReadAllText(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DocumentException($"{path} cannot be read: {e.Message}", e);
        }
        return Parse(full, text);
    }

    /// <summary>Reads a document's text.</summary>
    public static Document Parse(string path, string text)
    {
        var folder = Files.Parent(path);
        var fences = MarkdownBlocks.Fences(text);
        var shark = fences.Exists(f => f.Info.StartsWith("shark-", StringComparison.Ordinal));
        var (yaml, yamlLine) = MarkdownBlocks.SplitFrontMatter(text);
        var frontMatter = FrontMatter.Parse(path, yaml, yamlLine, freeVariables: shark);
        var native = fences.Where(f => f.IsStep).ToList();
        if (shark && native.Count > 0)
            throw new DocumentException(path, native[0].Line, "a document is either Shark's (`shark-run:NAME`) or Varve's own (`sh name=NAME`); put the two kinds into two documents");
        var blocks = shark ? SharkBlocks.Read(path, fences) : native.ConvertAll(f => BlockAttributes.Read(path, f, frontMatter));
        var names = new Dictionary<string, Block>(StringComparer.Ordinal);
        foreach (var block in blocks)
        {
            if (!names.TryAdd(block.Name, block))
                throw new DocumentException(path, block.Line, $"the name {block.Name} is taken by the block in line {names[block.Name].Line}; names are unique");
            foreach (var join in block.Joins)
                if (join == block.Name || !names.ContainsKey(join))
                    throw new DocumentException(path, block.Line, $"join={join} names no block before this one; a join gathers what an earlier block made");
        }
        if (blocks.Count == 0)
            throw new DocumentException(path, 1, "no block to run; a step is a fence whose first line is ```sh name=NAME");
        return new Document
        {
            Path = path,
            Folder = folder,
            Workspace = Settings.WorkspaceOf(folder),
            FrontMatter = frontMatter,
            Blocks = blocks,
            IsShark = shark,
        };
    }
}

/// <summary>What kind of work a block is.</summary>
internal enum BlockKind
{
    /// <summary>Shell text that is one step, or one for each element of its maps.</summary>
    Shell,
    /// <summary>Shark: every line a step.</summary>
    SharkRun,
    /// <summary>Shark: makes an environment.</summary>
    SharkBuild,
    /// <summary>Shark: brings local files in.</summary>
    SharkImport,
    /// <summary>Shark: copies results out.</summary>
    SharkPublish,
}

/// <summary>A fenced block that is a step or several.</summary>
internal sealed record Block
{
    public required BlockKind Kind { get; init; }
    public required string Name { get; init; }
    /// <summary>What stands between the fences.</summary>
    public required string Text { get; init; }
    /// <summary>The line of the opening fence, from 1.</summary>
    public required int Line { get; init; }
    /// <summary>The environment's name.</summary>
    public string Environment { get; init; } = "host";
    /// <summary>What it is mapped over; several make a product.</summary>
    public IReadOnlyList<MapSource> Maps { get; init; } = [];
    /// <summary>Blocks whose files it is given as its arguments.</summary>
    public IReadOnlyList<string> Joins { get; init; } = [];
    public StepNetwork Network { get; init; }
    /// <summary>Whether clock, randomness and processor are the same everywhere.</summary>
    public bool Strict { get; init; }
    public IReadOnlyList<string> Pass { get; init; } = [];
    public IReadOnlyList<string> Write { get; init; } = [];
    public TimeSpan? Timeout { get; init; }
    public long? MemoryBytes { get; init; }
}

/// <summary>What a block is mapped over.</summary>
/// <param name="Variable">The variable for a file; empty for the rows of a table.</param>
/// <param name="Pattern">A glob for files, or the path of a CSV table.</param>
internal sealed record MapSource(string Variable, string Pattern);

/// <summary>One step of a block: the block itself, or one element of its map.</summary>
/// <param name="Id">What tells it from its siblings; empty when there are none.</param>
/// <param name="Text">The shell text.</param>
/// <param name="Variables">The variables it starts with besides those of every step.</param>
/// <param name="Arguments">Its positional parameters.</param>
internal sealed record Element(string Id, string Text, IReadOnlyList<KeyValuePair<string, string>> Variables, IReadOnlyList<string> Arguments);
