using System.Text;
using System.Text.RegularExpressions;

namespace Varve.Export;

/// <summary>Finds names for what has none: blocks, columns, parameters, inputs.</summary>
internal static partial class Names
{
    private const int MostMilliseconds = 10_000;
    private static readonly HashSet<string> Interpreters = new(StringComparer.Ordinal) { "sh", "bash", "dash", "perl", "ruby", "node", "Rscript", "julia", "lua", "awk", "env", "nice", "time", "timeout", "exec", "command", "xargs" };
    private static readonly HashSet<string> SaysNothing = new(StringComparer.Ordinal)
        { "cd", "mkdir", "set", "export", "test", "[", "true", "false", ":", "echo", "printf", "umask", "local", "return", "exit", "unset", "shift", "read", "then", "do", "else", "ln", "rm", "in", "." };

    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex Identifier();

    /// <summary>Every word of a text that could be a variable's name.</summary>
    public static IEnumerable<string> In(string text) => Identifier().Matches(text).Select(static m => m.Value);

    /// <summary>A variable's name like a hint, not yet taken; it is taken then. Always begins with a small letter: capitals belong to the system.</summary>
    public static string Variable(string hint, string otherwise, HashSet<string> taken)
    {
        var name = new StringBuilder();
        foreach (var c in hint) name.Append(char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_');
        var plain = name.ToString().Trim('_');
        if (plain.Length == 0) plain = otherwise;
        if (char.IsAsciiDigit(plain[0])) plain = "n" + plain;
        return Unique(plain, "_", taken);
    }

    private static string Unique(string plain, string separator, HashSet<string> taken)
    {
        var name = plain;
        for (var i = 2; !taken.Add(name); i++) name = $"{plain}{separator}{i.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        return name;
    }

    /// <summary>A block's name: its own if it comes from a document, else its script's, its program's or its result's.</summary>
    public static string Block(FoldedSteps steps, Root root, HashSet<string> taken)
    {
        var first = steps.Steps[0];
        var last = steps.Steps[^1];
        if (last.Trace.Origin is { } origin && (!steps.IsSequence || steps.Steps.All(s => s.Block == last.Block))) return Unique(origin.Block, "-", taken);
        var program = Program(steps.IsSequence ? last : first);
        var result = Clean(Result(steps, root));
        if (program.Length == 0) return Unique(result.Length > 0 ? result : "step", "-", taken);
        return taken.Add(program) ? program : Unique(result.Length > 0 && result != program ? $"{program}-{result}" : program, "-", taken);
    }

    private static string Program(PlainStep step)
    {
        var words = step.IsText ? Plain(step.Text) : step.Words;
        foreach (var word in words)
        {
            if (word.Length == 0 || word[0] is '-' or '$' or '"' or '\'' or '>' or '<' or '|' or '&' or ';' or '(' or ')' or '{' or '}' or '#' || word.Contains('=', StringComparison.Ordinal)) continue;
            var name = word.TrimEnd(';', ')', '(')[(word.TrimEnd(';', ')', '(').LastIndexOf('/') + 1)..];
            if (Interpreters.Contains(name) || SaysNothing.Contains(name) || Shell.ReservedWords.Contain(name) || name.StartsWith("python", StringComparison.Ordinal))
            {
                if (step.IsText && SaysNothing.Contains(name)) return "";
                continue;
            }
            var dot = name.LastIndexOf('.');
            return Clean(dot > 0 ? name[..dot] : name);
        }
        return "";
    }

    /// <summary>The words of a text up to its first command that says something.</summary>
    private static IEnumerable<string> Plain(string text)
    {
        foreach (var line in text.Split('\n', ';'))
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || SaysNothing.Contains(words[0]) || words[0][0] == '#') continue;
            if (words.All(static w => w.Contains('=', StringComparison.Ordinal))) continue;
            return words;
        }
        return [];
    }

    private static string Result(FoldedSteps steps, Root root)
    {
        var file = StepGraph.Written(steps.Steps[^1].Trace).Where(c => c.Kind == Sandbox.ChangeKind.File && root.Holds(c.Path)).Select(static c => c.Path).LastOrDefault() ?? "";
        var name = steps.IsMap ? Linux.Files.Parent(file) : file;
        if (!root.Holds(name) || name == root.Folder) name = file;
        name = name[(name.LastIndexOf('/') + 1)..];
        var dot = name.LastIndexOf('.');
        return dot > 0 ? name[..dot] : name;
    }

    private static string Clean(string name) =>
        string.Concat(name.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')).Trim('-');
}
