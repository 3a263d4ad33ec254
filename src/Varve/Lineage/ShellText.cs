namespace Varve.Lineage;

/// <summary>Writes words so that a POSIX shell reads them back as they are (POSIX.1-2017, 2.2 Quoting).</summary>
internal static class ShellText
{
    private const string PlainMarks = "_-./:=,+@%^";

    /// <summary>One word, quoted if it must be.</summary>
    public static string Quote(string word)
    {
        if (word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || PlainMarks.Contains(c, StringComparison.Ordinal))) return word;
        return "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    /// <summary>A command line.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    /// <summary>The word that <see cref="Quote"/> wrote at a place in a text, and where it ends; null when something else stands there.</summary>
    public static (string Word, int End)? Unquote(string text, int at)
    {
        var word = new System.Text.StringBuilder();
        while (at < text.Length && !char.IsWhiteSpace(text[at]))
        {
            if (text[at] == '\'')
            {
                var close = text.IndexOf('\'', at + 1);
                if (close < 0) return null;
                word.Append(text, at + 1, close - at - 1);
                at = close + 1;
            }
            else if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '\'')
            {
                word.Append('\'');
                at += 2;
            }
            else if (char.IsAsciiLetterOrDigit(text[at]) || PlainMarks.Contains(text[at], StringComparison.Ordinal))
            {
                word.Append(text[at++]);
            }
            else
            {
                return null;
            }
        }
        return (word.ToString(), at);
    }

    /// <summary>Which word of a command is a shell's text, and whether that shell stops at errors as a block's does; null when none is.</summary>
    public static (int Word, bool IsStrict)? Script(IReadOnlyList<string> command) => (string[])[.. command.Take(4)] switch
    {
        ["/bin/sh", "-eu", "-c", _] => (3, true),
        ["sh" or "/bin/sh" or "/usr/bin/sh", "-c", _, ..] => (2, false),
        _ => null,
    };

    /// <summary>What a person wrote: the text of `sh -c`, or the command line.</summary>
    public static string Readable(Trace trace)
    {
        string[] command = [.. trace.Key.Command];
        var text = command switch
        {
            ["/bin/sh", "-eu", "-c", var script, ..] => script.Trim(),
            _ => Join(command),
        };
        return trace.OutputFile is { } file ? $"{text} > {Quote(Relative(file.Path, trace.Key.Directory))}" : text;
    }

    /// <summary>The path from a folder, when it lies below it.</summary>
    public static string Relative(string path, string folder) =>
        path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal) ? path[(folder.TrimEnd('/').Length + 1)..] : path;
}
