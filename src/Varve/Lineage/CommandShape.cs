using System.Text;

namespace Varve.Lineage;

/// <summary>
/// The shape of a command: what stays when its values are taken out. Steps of one block of a document have one shape;
/// elsewhere two commands do when they run the same program with the same options on values of the same kind.
/// </summary>
internal static class CommandShape
{
    private static readonly char[] Blanks = [' ', '\t', '\n'];

    /// <summary>Two steps have equal texts here exactly when they may be folded into one node.</summary>
    public static string Of(Trace trace)
    {
        var shape = new StringBuilder(trace.Key.Workspace).Append('\0').Append(trace.Key.Environment).Append('\0');
        if (trace.Origin is { } origin) return shape.Append(origin.Document).Append('\0').Append(origin.Block).ToString();
        var command = trace.Key.Command;
        var words = (IReadOnlyList<string>)[.. command] switch
        {
            ["/bin/sh", "-eu", "-c", var script, ..] => script.Split(Blanks, StringSplitOptions.RemoveEmptyEntries),
            ["/bin/sh" or "sh" or "bash" or "/bin/bash", "-c", var script, ..] => script.Split(Blanks, StringSplitOptions.RemoveEmptyEntries),
            _ => command,
        };
        var first = true;
        foreach (var word in words)
        {
            shape.Append(' ').Append(first || IsName(word) ? word : Kind(word));
            first = false;
        }
        return trace.OutputFile is { } file ? shape.Append(" > ").Append(Kind(file.Path)).ToString() : shape.ToString();
    }

    /// <summary>A word that says what to do rather than on what: a plain word, an option, a script.</summary>
    private static bool IsName(string word) =>
        (word.StartsWith('-') && !word.Any(char.IsAsciiDigit)) || word.EndsWith(".py", StringComparison.Ordinal) || word.EndsWith(".sh", StringComparison.Ordinal)
        || word.EndsWith(".R", StringComparison.Ordinal) || word.All(static c => char.IsAsciiLetter(c) || c is '|' or '&' or ';' or '<' or '>');

    private static string Kind(string value)
    {
        if (value.StartsWith('-') && value.IndexOf('=') is var equals and > 0) return value[..(equals + 1)] + "?";
        var dot = value.LastIndexOf('.');
        var ending = dot > 0 ? value[dot..] : "";
        return ending.Length is > 1 and < 8 && ending.Skip(1).All(char.IsAsciiLetter) ? "?" + ending : "?";
    }
}
