namespace Varve.Lineage;

/// <summary>Writes words so that a POSIX shell reads them back as they are (POSIX.1-2017, 2.2 Quoting).</summary>
internal static class ShellText
{
    /// <summary>One word, quoted if it must be.</summary>
    public static string Quote(string word)
    {
        if (word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || "_-./:=,+@%^".Contains(c, StringComparison.Ordinal))) return word;
        return "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    /// <summary>A command line.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

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
