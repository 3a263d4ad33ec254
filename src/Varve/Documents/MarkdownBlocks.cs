using Markdig;
using Markdig.Syntax;

namespace Varve.Documents;

/// <summary>A fence of a Markdown document.</summary>
/// <param name="Info">The first word after the backticks.</param>
/// <param name="Arguments">What follows it.</param>
/// <param name="Text">What stands between the fences.</param>
/// <param name="Line">The line of the opening fence, from 1.</param>
internal sealed record Fence(string Info, string Arguments, string Text, int Line)
{
    /// <summary>A `sh` fence with attributes is a step; without them it is an example in the prose.</summary>
    public bool IsStep => Info == "sh" && Arguments.Length > 0;
}

/// <summary>Finds the front matter and the fences of a Markdown document (CommonMark 0.31, fenced code blocks).</summary>
internal static class MarkdownBlocks
{
    /// <summary>The YAML between the first line `---` and the next, and the line it starts at; empty when there is none.</summary>
    public static (string Yaml, int Line) SplitFrontMatter(string text)
    {
        var lines = text.Split('\n');
        if (lines[0].TrimEnd() != "---") return ("", 1);
        var end = Array.FindIndex(lines, 1, static l => l.TrimEnd() is "---" or "...");
        return end < 0 ? ("", 1) : (string.Join('\n', lines[1..end]), 2);
    }

    /// <summary>All fences in order, also those inside lists and quotes.</summary>
    public static List<Fence> Fences(string text)
    {
        var skipped = SplitFrontMatter(text) is { Yaml.Length: > 0 } front ? front.Yaml.Split('\n').Length + 2 : 0;
        // The front matter would be read as a heading; blank lines keep the line numbers.
        var body = skipped == 0 ? text : new string('\n', skipped) + string.Join('\n', text.Split('\n')[skipped..]);
        var fences = new List<Fence>();
        foreach (var block in Markdown.Parse(body).Descendants<FencedCodeBlock>())
        {
            var content = block.Lines.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
            fences.Add(new Fence(block.Info ?? "", (block.Arguments ?? "").Trim(), content, block.Line + 1));
        }
        return fences;
    }
}
