using System.Text;

namespace Varve.Shell;

/// <summary>The state that a shell left behind (<see cref="StateText.Epilogue"/>), read and laid over the one before.</summary>
internal static class StateDump
{
    /// <summary>Varve's own, and those the shell sets by itself.</summary>
    private const string OwnPrefix = "__varve_";
    private static readonly HashSet<string> NotCarried = new(StringComparer.Ordinal) { "PWD", "PPID", "LINENO", "_", "SHLVL", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO" };

    /// <summary>
    /// The state afterwards: only what the command changed is taken over, for it was started with no more of the state
    /// than it had to do with. Null when the shell ended before its end: `exit`, `set -e`, a signal.
    /// </summary>
    /// <param name="files">The files it left.</param>
    /// <param name="state">The state before.</param>
    /// <param name="status">Its exit status.</param>
    /// <param name="positional">Whether it was given the positional parameters.</param>
    public static ShellState? Apply(IReadOnlyDictionary<string, string> files, ShellState state, int status, bool positional)
    {
        if (!files.TryGetValue("after", out var afterText)) return null;
        var before = Assignments(files.GetValueOrDefault("before", ""));
        var after = Assignments(afterText);
        var variables = new Dictionary<string, string>(state.Variables, StringComparer.Ordinal);
        foreach (var (name, value) in after)
            if (!IsOwn(name) && (!before.TryGetValue(name, out var earlier) || earlier != value)) variables[name] = value;
        foreach (var name in before.Keys)
            if (!IsOwn(name) && !after.ContainsKey(name)) variables.Remove(name);
        var count = int.Parse(after[OwnPrefix + "n"], System.Globalization.CultureInfo.InvariantCulture);
        var parameters = Enumerable.Range(1, count).Select(i => after[$"{OwnPrefix}{i}"]).ToList();
        return state with
        {
            Variables = variables,
            Exported = Names(files.GetValueOrDefault("exported", "")),
            ReadOnly = Names(files.GetValueOrDefault("readonly", ""), state.ReadOnly.Where(n => !before.ContainsKey(n))),
            Directory = after.TryGetValue("PWD", out var folder) && folder.StartsWith('/') ? folder : state.Directory,
            Positional = positional || count > 0 ? parameters : state.Positional,
            Options = ShellState.Carried(after[OwnPrefix + "o"]),
            Aliases = files.GetValueOrDefault("aliases", ""),
            Mask = files.GetValueOrDefault("mask", state.Mask).Trim(),
            Status = status,
        };
    }

    private static bool IsOwn(string name) => NotCarried.Contains(name) || name.StartsWith(OwnPrefix, StringComparison.Ordinal);

    /// <summary>The names in the output of `export -p` or `readonly -p`.</summary>
    private static SortedSet<string> Names(string text, IEnumerable<string>? more = null)
    {
        var names = new SortedSet<string>(more ?? [], StringComparer.Ordinal);
        foreach (var line in Entries(text))
        {
            // `export NAME='value'`; bash writes `declare -x NAME="value"` outside its POSIX mode.
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var head = equals < 0 ? line : line[..equals];
            var name = head[(head.LastIndexOf(' ') + 1)..];
            if (name.Length > 0 && !IsOwn(name)) names.Add(name);
        }
        return names;
    }

    /// <summary>The output of `set`: a line NAME='value' each, the value quoted for the shell.</summary>
    private static Dictionary<string, string> Assignments(string text)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Entries(text))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) all[line[..equals]] = Unquoted(line.AsSpan(equals + 1));
        }
        return all;
    }

    /// <summary>Lines whose quoted parts may hold newlines.</summary>
    public static IEnumerable<string> Entries(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = EndOfLine(text, at);
            yield return text[at..end];
            at = end + 1;
        }
    }

    /// <summary>The newline that ends an assignment; newlines within quotes do not.</summary>
    private static int EndOfLine(string text, int at)
    {
        var quote = '\0';
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (quote == 0 && c == '\n') return at;
            if (c == '\\' && quote != '\'') at++;
            else if (quote == 0 && c is '\'' or '"' && quote == 0) quote = c;
            else if (c == quote) quote = '\0';
        }
        return text.Length;
    }

    private static string Unquoted(ReadOnlySpan<char> word)
    {
        var result = new StringBuilder(word.Length);
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            var c = word[i];
            if (quote == '\'' ? c == '\'' : quote == '"' && c == '"') quote = '\0';
            else if (quote == 0 && c is '\'' or '"' && quote == 0) quote = c;
            else if (c == '\\' && quote != '\'' && i + 1 < word.Length && (quote == 0 || word[i + 1] is '$' or '`' or '"' or '\\')) result.Append(word[++i]);
            else result.Append(c);
        }
        return result.ToString();
    }
}
