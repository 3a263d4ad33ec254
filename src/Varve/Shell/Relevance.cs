using System.Text.RegularExpressions;

namespace Varve.Shell;

/// <summary>
/// How much of the state a command can have to do with, so that what it has nothing to do with does not run it again.
/// A variable counts when its name stands anywhere in the command, in a function it names, or in the value of a
/// variable that counts; all count where names can come from elsewhere (`export "$name"`, `set`).
/// </summary>
internal sealed partial class Relevance
{
    private const int MostMilliseconds = 10_000;
    private static readonly HashSet<string> NamesFromElsewhere = new(StringComparer.Ordinal)
        { "", "eval", ".", "source", "set", "export", "readonly", "unset", "local", "command", "getopts", "alias", "unalias", "trap" };

    /// <summary>These change what the shell itself does with every word.</summary>
    private static readonly string[] AlwaysRelevant = ["IFS", "CDPATH", "PS4", "OPTIND"];

    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\$\{?#?[0-9@*#]|\b(shift|set|getopts)\b|\bfor\s+[A-Za-z_][A-Za-z0-9_]*\s*(;|\n|do\b)", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex Positionals();

    [GeneratedRegex(@"\$\{?0", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex ShellName();

    [GeneratedRegex(@"\$\{?\?|\b(exit|return)\b", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex LastStatus();

    /// <summary>A loop that gives its variable a value before anybody can ask for the one it had.</summary>
    [GeneratedRegex(@"^\s*for\s+(?<name>[A-Za-z_][A-Za-z0-9_]*)\s+in(?<words>\s[^;\n]*)?[;\n](.*\bdone\b)(?<rest>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline, MostMilliseconds)]
    private static partial Regex Loop();

    private Relevance(IReadOnlyList<FunctionText> functions, IReadOnlyList<KeyValuePair<string, string>> variables, string text, PieceFacts facts)
    {
        (Functions, Variables, Facts) = (functions, variables, facts);
        Positional = Positionals().IsMatch(text);
        Name = ShellName().IsMatch(text) || functions.Any(f => ShellName().IsMatch(f.Text));
        Status = LastStatus().IsMatch(text) || functions.Any(f => LastStatus().IsMatch(f.Text));
    }

    /// <summary>Functions it may call.</summary>
    public IReadOnlyList<FunctionText> Functions { get; }
    /// <summary>Variables that are not exported (those are known to every program anyway) and that it may read.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; }
    /// <summary>Whether it may read <c>$1</c> and the like.</summary>
    public bool Positional { get; }
    /// <summary>Whether it may read <c>$0</c>.</summary>
    public bool Name { get; }
    /// <summary>Whether it may read <c>$?</c>.</summary>
    public bool Status { get; }
    /// <summary>What the command and the functions it may call hold.</summary>
    public PieceFacts Facts { get; }

    public static Relevance Of(Piece piece, ShellState state)
    {
        var facts = new PieceFacts();
        facts.Add(piece.Facts);
        var names = new HashSet<string>(AlwaysRelevant, StringComparer.Ordinal);
        var functions = new SortedDictionary<string, FunctionText>(StringComparer.Ordinal);
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var whole = WithJoinedLines(piece.Text);
        var unread = new Queue<string>([whole, state.Aliases]);
        var loop = Loop().Match(piece.Text);
        var own = loop.Success && !Mentions(loop.Groups["words"].Value + loop.Groups["rest"].Value, loop.Groups["name"].Value) ? loop.Groups["name"].Value : "";
        // One that cannot be changed ends the shell there.
        if (state.ReadOnly.Contains(own)) own = "";
        while (unread.TryDequeue(out var text))
        {
            foreach (Match name in Identifier().Matches(text)) names.Add(name.Value);
            if (names.Contains("cd")) names.Add("OLDPWD");
            foreach (var (name, function) in state.Functions)
            {
                if (functions.ContainsKey(name) || !(text.Contains(name, StringComparison.Ordinal) || facts.Commands.Contains(""))) continue;
                functions.Add(name, function);
                facts.Add(function.Inside);
                unread.Enqueue(WithJoinedLines(function.Text));
            }
            var all = facts.Commands.Overlaps(NamesFromElsewhere) || text.Contains("$((", StringComparison.Ordinal) || text.Contains('`', StringComparison.Ordinal);
            foreach (var (name, value) in state.Variables)
            {
                if (state.Exported.Contains(name) || variables.ContainsKey(name) || name == own || !(all || names.Contains(name))) continue;
                variables.Add(name, value);
                unread.Enqueue(value);
            }
        }
        return new Relevance([.. functions.Values], [.. variables], whole, facts);
    }

    /// <summary>A name may be broken by a backslash and the end of a line: the text, and where it has such, the text without them too.</summary>
    private static string WithJoinedLines(string text) =>
        text.Contains("\\\n", StringComparison.Ordinal) ? text + "\n" + text.Replace("\\\n", "", StringComparison.Ordinal) : text;

    private static bool Mentions(string text, string name) => Identifier().Matches(text).Any(m => m.Value == name);
}
