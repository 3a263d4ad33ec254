namespace Varve.Shell;

/// <summary>What the shell's own commands do to it that no other shell can be given: the descriptors, traps and jobs it has.</summary>
internal static class ShellBoundState
{
    private static readonly string[] Bound = ["trap", "ulimit", "times", "fg", "bg", "jobs", "wait"];
    private static readonly string[] ByCommand = ["exec", "eval", ".", "trap", "ulimit"];

    /// <summary>Why the state after a command cannot be carried; empty when it can.</summary>
    /// <param name="name">The command's name.</param>
    /// <param name="command">All of it.</param>
    /// <param name="insideCompound">Whether it stands in a loop or a condition, which has ended when the state is read off.</param>
    public static string Why(string name, string command, bool insideCompound) => name switch
    {
        _ when Bound.Contains(name) => $"{name} is about this very shell",
        "exec" => "exec changes this very shell",
        "eval" or "." or "source" => $"{name} may define functions that cannot be read off the shell",
        "getopts" when !insideCompound => "getopts is in the middle of the options",
        "command" when command.Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries).Any(ByCommand.Contains) => "it changes this very shell",
        "set" when ChangesReading(command.AsSpan(3).Trim()) => "it sets an option of this very shell",
        _ => "",
    };

    /// <summary>Whether `set` is given an option that changes how the shell reads on (v, n, m), or one by its long name.</summary>
    private static bool ChangesReading(ReadOnlySpan<char> words)
    {
        if (words.Length < 2 || words[0] is not ('-' or '+') || words[1] == '-') return false;
        var end = words.IndexOfAny(' ', '\t');
        return (end < 0 ? words : words[..end]).IndexOfAny("vnmo") > 0;
    }
}
