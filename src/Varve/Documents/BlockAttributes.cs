using System.Globalization;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Documents;

/// <summary>Reads what follows `sh` on a fence: `name=align map="tile=tiles/*.tif" join=aoh`.</summary>
internal static class BlockAttributes
{
    private const string Known = "name, env, map, join, net, strict, pass, write, timeout, memory";

    public static Block Read(string path, Fence fence, FrontMatter frontMatter)
    {
        DocumentException Wrong(string problem) => new(path, fence.Line, problem);
        var block = new Block { Kind = BlockKind.Shell, Name = "", Text = fence.Text, Line = fence.Line };
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in Split(fence.Arguments, Wrong))
        {
            if (key is not ("map" or "join") && !given.Add(key)) throw Wrong($"{key}= is given twice");
            block = key switch
            {
                "name" => block with { Name = IsName(value) ? value : throw Wrong($"name={value}: a name is made of letters, digits, - and _") },
                "env" => block with { Environment = frontMatter.HasEnvironment(value) ? value : throw Wrong($"env={value}: no such environment; the front matter's `environments:` has: {frontMatter.EnvironmentNames}") },
                "map" => block with { Maps = [.. block.Maps, Map(value, Wrong)] },
                "join" => block with { Joins = [.. block.Joins, value] },
                "net" => block with { Network = StepNetworks.Parse(value) ?? throw Wrong($"net={value}: it is {StepNetworks.Words}") },
                "strict" => block with { Strict = value switch { "yes" => true, "no" => false, _ => throw Wrong($"strict={value}: it is yes or no") } },
                "pass" => block with { Pass = List(value) },
                "write" => block with { Write = List(value) },
                "timeout" => block with { Timeout = Duration(value) ?? throw Wrong($"timeout={value}: a number of seconds, or with s, m or h after it") },
                "memory" => block with { MemoryBytes = ByteSize.Parse(value) ?? throw Wrong($"memory={value}: a size, {ByteSize.Forms}") },
                _ => throw Wrong($"unknown attribute {key}=; a block has: {Known}"),
            };
        }
        return block.Name.Length > 0 ? block : throw Wrong("a block needs a name: ```sh name=NAME");
    }

    private static bool IsName(string text) => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static MapSource Map(string value, Func<string, DocumentException> wrong)
    {
        var equals = value.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            if (value.Contains('*', StringComparison.Ordinal)) throw wrong($"map={value}: files need a variable: map=\"file={value}\"");
            return new MapSource("", value);
        }
        var variable = value[..equals];
        return Identifier.Is(variable) ? new MapSource(variable, value[(equals + 1)..]) : throw wrong($"map={value}: {variable} cannot be a variable's name");
    }

    private static IEnumerable<(string Key, string Value)> Split(string text, Func<string, DocumentException> wrong)
    {
        // Pandoc and others write attributes in braces; they change nothing.
        text = text.Trim();
        if (text.StartsWith('{') && text.EndsWith('}')) text = text[1..^1];
        for (var at = 0; at < text.Length;)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
            if (at == text.Length) yield break;
            var start = at;
            while (at < text.Length && text[at] != '=' && !char.IsWhiteSpace(text[at])) at++;
            var key = text[start..at];
            if (at == text.Length || text[at] != '=' || key.Length == 0) throw wrong($"{key}: an attribute is written NAME=VALUE; a block has: {Known}");
            at++;
            string value;
            if (at < text.Length && text[at] is '"' or '\'')
            {
                var end = text.IndexOf(text[at], at + 1);
                if (end < 0) throw wrong($"{key}=: the quote is not closed");
                value = text[(at + 1)..end];
                at = end + 1;
            }
            else
            {
                start = at;
                while (at < text.Length && !char.IsWhiteSpace(text[at])) at++;
                value = text[start..at];
            }
            yield return (key, value);
        }
    }

    private static TimeSpan? Duration(string text)
    {
        var factor = text.Length > 0 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 } : 0;
        var number = factor == 0 ? text : text[..^1];
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds * Math.Max(1, factor)) : null;
    }
}

/// <summary>Names that a shell variable can have (POSIX.1-2017, 3.235).</summary>
internal static class Identifier
{
    public static bool Is(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>
    /// Every identifier that occurs in a text as a whole word, with or without a dollar: arithmetic and programs name
    /// variables without one. A word inside a file's name (`grid/elevation.tif`) is none.
    /// </summary>
    public static HashSet<string> In(string text)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < text.Length; at++)
        {
            if (!char.IsAsciiLetter(text[at]) && text[at] != '_') continue;
            var start = at;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')) at++;
            if (start > 0 && char.IsAsciiDigit(text[start - 1])) continue;
            if (!IsInFileName(text, start, at)) found.Add(text[start..at]);
        }
        return found;
    }

    private static bool IsInFileName(string text, int start, int end)
    {
        var beforeExtension = end + 1 < text.Length && text[end] == '.' && char.IsAsciiLetter(text[end + 1]);
        var isExtension = start > 1 && text[start - 1] == '.' && char.IsAsciiLetterOrDigit(text[start - 2]);
        var isFolder = start > 0 && text[start - 1] == '/' && end < text.Length && text[end] == '/';
        return isExtension || isFolder || (beforeExtension && (start == 0 || text[start - 1] is not ('$' or '{')));
    }
}
