namespace Varve.Shell;

/// <summary>A function that a piece defines for what follows, in its own words.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">The whole definition.</param>
/// <param name="Inside">What its body holds.</param>
internal sealed record FunctionText(string Name, string Text, PieceFacts Inside);

/// <summary>What of a text matters for whether it can be a step of its own.</summary>
internal sealed class PieceFacts
{
    /// <summary>Command words that stand in the text as they are; <c>""</c> for one that is only known when it runs.</summary>
    public HashSet<string> Commands { get; } = new(StringComparer.Ordinal);
    /// <summary>Those of them that the shell itself runs, rather than a subshell or a stage of a pipeline.</summary>
    public HashSet<string> OwnCommands { get; } = new(StringComparer.Ordinal);
    /// <summary>Why the shell's state after it cannot be carried to another shell; empty when it can.</summary>
    public string CannotCarry { get; set; } = "";

    public void Add(PieceFacts other)
    {
        Commands.UnionWith(other.Commands);
        OwnCommands.UnionWith(other.OwnCommands);
        if (CannotCarry.Length == 0) CannotCarry = other.CannotCarry;
    }
}

/// <summary>One complete command of a script, from its first word to its newline (POSIX XCU 2.10, <c>complete_command</c>).</summary>
/// <param name="Text">The text, with the bodies of its here-documents and the newline.</param>
/// <param name="Line">The line it begins on, from 1.</param>
/// <param name="Functions">Functions it defines whatever else happens, in their order.</param>
/// <param name="OnlyDefines">Whether defining them is all it does.</param>
/// <param name="Facts">What it holds.</param>
internal sealed record Piece(string Text, int Line, IReadOnlyList<FunctionText> Functions, bool OnlyDefines, PieceFacts Facts);

/// <summary>Why no complete command begins at a place in a script.</summary>
internal enum NoPiece
{
    /// <summary>There is one.</summary>
    None,
    /// <summary>Nothing but blanks and comments is left.</summary>
    End,
    /// <summary>The text ends within it: an open quote, an unfinished loop.</summary>
    Incomplete,
    /// <summary>It is no shell syntax; the shell says what is wrong with it better than Varve would.</summary>
    Wrong,
}
