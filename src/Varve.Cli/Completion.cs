using Varve.Linux;
using Varve.Shell;

namespace Varve.Cli;

/// <summary>What a half-typed word may become: commands where one stands, variables after a `$`, else paths.</summary>
internal sealed class Completion(Func<ShellState> state)
{
    private static readonly string[] BuiltIns =
        ["alias", "bg", "break", "case", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export", "false", "for", "getopts", "if", "printf", "pwd",
         "read", "readonly", "return", "set", "shift", "test", "trap", "true", "type", "umask", "unalias", "unset", "until", "wait", "while"];

    private static readonly System.Buffers.SearchValues<char> NeedQuotes = System.Buffers.SearchValues.Create(" \t\n\\'\"$`&;|<>()*?[]#~!{}");

    /// <summary>Where the word before the cursor begins, and the words it may become, sorted; a folder ends with a slash.</summary>
    public (int Start, IReadOnlyList<string> Words) At(string line, int cursor)
    {
        var start = cursor;
        while (start > 0 && (line[start - 1] is not (' ' or '\t' or '\n' or ';' or '&' or '|' or '(' or '<' or '>' or '=') || (start > 1 && line[start - 2] == '\\'))) start--;
        var word = line[start..cursor];
        if (word.StartsWith('$')) return (start, Sorted(state().Variables.Keys.Select(n => "$" + n), word));
        var before = line[..start].TrimEnd(' ', '\t');
        var isCommand = !word.Contains('/') && (before.Length == 0 || before[^1] is ';' or '&' or '|' or '(' or '\n');
        return (start, isCommand ? Sorted(Commands(), word) : Paths(word));
    }

    private static List<string> Sorted(IEnumerable<string> words, string prefix) =>
        [.. words.Where(w => w.StartsWith(prefix, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private IEnumerable<string> Commands()
    {
        var now = state();
        foreach (var name in BuiltIns.Concat(now.Functions.Keys).Concat(now.Aliases.Split('\n').Select(a => a.Split('=')[0]).Where(a => a.Length > 0))) yield return name;
        foreach (var folder in now.Variables.GetValueOrDefault("PATH", "").Split(':', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal))
            foreach (var entry in Files.List(folder) ?? [])
                if (entry.Kind is FileKind.File or FileKind.Link) yield return entry.Name;
    }

    private List<string> Paths(string word)
    {
        var slash = word.LastIndexOf('/');
        var typed = word[..(slash + 1)];
        var plain = Unescape(typed);
        var folder = plain.StartsWith('/') ? plain : $"{state().Directory}/{plain}";
        var prefix = Unescape(word[(slash + 1)..]);
        var found = new List<string>();
        foreach (var entry in Files.List(folder) ?? [])
        {
            if (!entry.Name.StartsWith(prefix, StringComparison.Ordinal) || (entry.Name.StartsWith('.') && prefix.Length == 0)) continue;
            var isFolder = entry.Kind == FileKind.Directory
                || (entry.Kind == FileKind.Link && Files.Look(PathText.EncodeTerminated($"{folder}/{entry.Name}"), follow: true).Kind == FileKind.Directory);
            found.Add(typed + Escape(entry.Name) + (isFolder ? "/" : ""));
        }
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static string Unescape(string word) => word.Replace("\\", "", StringComparison.Ordinal);

    private static string Escape(string name)
    {
        if (name.AsSpan().IndexOfAny(NeedQuotes) < 0) return name;
        return string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' or '+' or ',' or '/' or ':' or '@' or '%' or '=' ? c.ToString() : "\\" + c));
    }

    /// <summary>What all words begin with.</summary>
    public static string CommonPrefix(IReadOnlyList<string> words)
    {
        if (words.Count == 0) return "";
        var length = words[0].Length;
        foreach (var word in words) length = Math.Min(length, words[0].AsSpan().CommonPrefixLength(word));
        return words[0][..length];
    }
}
