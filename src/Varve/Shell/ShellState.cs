namespace Varve.Shell;

/// <summary>
/// What one top-level command leaves to the next: everything that a POSIX shell keeps in its execution environment
/// (XCU 2.12) and that can be read off it and given to another. Functions are kept in the words they were defined by.
/// </summary>
internal sealed record ShellState
{
    /// <summary>Options that carry over; the others change how the shell reads its input.</summary>
    private const string CarriedOptions = "aCefux";
    /// <summary>The file mode mask that every step begins with.</summary>
    public const string UsualMask = "0022";

    /// <summary>Variables, exported or not.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }
    /// <summary>Names that are exported, set or not.</summary>
    public required IReadOnlySet<string> Exported { get; init; }
    /// <summary>Names that cannot be changed any more.</summary>
    public IReadOnlySet<string> ReadOnly { get; init; } = new SortedSet<string>(StringComparer.Ordinal);
    /// <summary>The working directory, absolute.</summary>
    public required string Directory { get; init; }
    /// <summary><c>$0</c>.</summary>
    public required string Name { get; init; }
    /// <summary><c>$1</c> and on.</summary>
    public IReadOnlyList<string> Positional { get; init; } = [];
    /// <summary>Single-letter options, sorted.</summary>
    public string Options { get; init; } = "";
    /// <summary>Aliases, as <c>alias</c> prints them.</summary>
    public string Aliases { get; init; } = "";
    /// <summary>Whether every alias stands for plain words, so that commands end where they seem to.</summary>
    public bool HasPlainAliases => StateDump.Entries(Aliases).All(static alias =>
        alias.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && alias[(equals + 1)..] is ['\'', .. var value, '\'']
        && value.Trim().Length > 0 && !value.EndsWith(' ') && value.All(static c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '.' or '_' or '/' or '-' or '+' or '=' or ':' or ',')
        && !ReservedWords.Contain(value.Split(' ')[0]));

    /// <summary>The file mode mask in octal.</summary>
    public string Mask { get; init; } = UsualMask;
    /// <summary><c>$?</c>.</summary>
    public int Status { get; init; }
    /// <summary>Functions, the last definition of each name.</summary>
    public IReadOnlyDictionary<string, FunctionText> Functions { get; init; } = new Dictionary<string, FunctionText>(StringComparer.Ordinal);

    /// <summary>Those of a <c>$-</c> that carry over, sorted.</summary>
    public static string Carried(string options) => string.Concat(options.Where(CarriedOptions.Contains).Order());

    /// <summary>The same with these functions defined.</summary>
    public ShellState Defining(IReadOnlyList<FunctionText> functions)
    {
        if (functions.Count == 0) return this;
        var all = new Dictionary<string, FunctionText>(Functions, StringComparer.Ordinal);
        foreach (var function in functions) all[function.Name] = function;
        return this with { Functions = all };
    }

    /// <summary>The variables that programs are started with, sorted by name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment() =>
        [.. Variables.Where(v => Exported.Contains(v.Key)).OrderBy(v => v.Key, StringComparer.Ordinal)];
}
