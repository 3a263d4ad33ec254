namespace Varve.Shell;

/// <summary>The words that begin, join and end compound commands (POSIX XCU 2.4).</summary>
internal static class ReservedWords
{
    private static readonly HashSet<string> All = new(StringComparer.Ordinal)
        { "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while" };

    /// <summary>Whether a word is one.</summary>
    public static bool Contain(string word) => All.Contains(word);
}

/// <summary>Why a text is no complete command; thrown by the scanners and caught where one is asked for.</summary>
internal sealed class ScanException(NoPiece why) : Exception
{
    public NoPiece Why { get; } = why;
}
