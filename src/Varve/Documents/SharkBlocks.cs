namespace Varve.Documents;

/// <summary>
/// Reads the fences of Shark's dialect (docs/shark.md): `shark-build:NAME`, `shark-run:NAME`, `shark-import`,
/// `shark-publish`. Each line of a run is a block of its own, for Shark caches line by line.
/// </summary>
internal static class SharkBlocks
{
    public static IReadOnlyList<Block> Read(string path, IReadOnlyList<Fence> fences)
    {
        var blocks = new List<Block>();
        var environments = new HashSet<string>(StringComparer.Ordinal);
        foreach (var fence in fences)
        {
            // A document that Shark rewrote has a hash behind the name.
            var (kind, name) = fence.Info.Split(':', 3) is [var k, var n, ..] ? (k, n) : (fence.Info, "");
            switch (kind)
            {
                case "shark-build":
                    if (name.Length == 0) throw new DocumentException(path, fence.Line, "a build needs a name: ```shark-build:NAME");
                    if (!environments.Add(name)) throw new DocumentException(path, fence.Line, $"the environment {name} is built twice");
                    blocks.Add(new Block { Kind = BlockKind.SharkBuild, Name = name, Text = fence.Text, Line = fence.Line });
                    break;
                case "shark-run":
                    if (name.Length > 0 && !environments.Contains(name) && name != "host") throw new DocumentException(path, fence.Line, $"the environment {name} is not built before this block; built are: {string.Join(", ", environments.Append("host"))}");
                    AddLines(blocks, fence, BlockKind.SharkRun, name.Length > 0 ? name : "host");
                    break;
                case "shark-import":
                    AddLines(blocks, fence, BlockKind.SharkImport, "host");
                    break;
                case "shark-publish":
                    blocks.Add(new Block { Kind = BlockKind.SharkPublish, Name = $"publish-{fence.Line}", Text = fence.Text, Line = fence.Line });
                    break;
                default:
                    if (kind.StartsWith("shark-", StringComparison.Ordinal)) throw new DocumentException(path, fence.Line, $"unknown kind of block {kind}; there are shark-build:NAME, shark-run:NAME, shark-import, shark-publish");
                    break;
            }
        }
        return blocks;
    }

    /// <summary>
    /// A block for each command line; a backslash at a line's end joins it with the next. What `cd` and `export` say holds
    /// for the lines that follow in the same fence.
    /// </summary>
    private static void AddLines(List<Block> blocks, Fence fence, BlockKind kind, string environment)
    {
        var carried = "";
        var lines = fence.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var start = i;
            var command = lines[i].Trim();
            while (command.EndsWith('\\') && i + 1 < lines.Length) command = $"{command[..^1].TrimEnd()} {lines[++i].Trim()}";
            if (command.StartsWith("$ ", StringComparison.Ordinal)) command = command[2..];
            if (command.Length == 0 || command.StartsWith('#')) continue;
            if (kind == BlockKind.SharkRun && (command.StartsWith("cd ", StringComparison.Ordinal) || command.StartsWith("export ", StringComparison.Ordinal)))
            {
                carried += command + "\n";
                continue;
            }
            var line = fence.Line + 1 + start;
            blocks.Add(new Block { Kind = kind, Name = $"{(kind == BlockKind.SharkImport ? "import" : environment)}-{line}", Text = carried + command, Line = line, Environment = environment });
        }
    }
}
