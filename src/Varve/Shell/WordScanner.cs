using System.Text;

namespace Varve.Shell;

/// <summary>Where the words of a script end: quotes, expansions and substitutions (POSIX XCU 2.2, 2.3, 2.6).</summary>
internal sealed class WordScanner(string text)
{
    private const int MostDepth = 400;
    private int depth;

    /// <summary>The word at a place when it is plain, without quotes and expansions; else null.</summary>
    public string? Plain(int at, out int end)
    {
        end = at;
        var joined = false;
        while (end < text.Length && !IsEnd(text[end]))
        {
            if (text[end] == '\\' && end + 1 < text.Length && text[end + 1] == '\n')
            {
                joined = true;
                end += 2;
                continue;
            }
            if (text[end] is '\'' or '"' or '\\' or '$' or '`' or '*' or '?' or '[' && !(end == at && text[end] == '[')) return null;
            end++;
        }
        if (end == at) return null;
        return joined ? text[at..end].Replace("\\\n", "", StringComparison.Ordinal) : text[at..end];
    }

    /// <summary>Whether the word at a place is <c>NAME=...</c>.</summary>
    public bool IsAssignment(int at)
    {
        var end = at;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_')) end++;
        return end > at && end < text.Length && text[end] == '=' && !char.IsAsciiDigit(text[at]);
    }

    /// <summary>Where the word at a place ends; the place itself when there is none.</summary>
    /// <param name="at">Where it begins.</param>
    /// <param name="substitution">Scans the commands of a <c>$(...)</c> from after its parenthesis, and says where it ends.</param>
    public int End(int at, Func<int, int> substitution)
    {
        while (at < text.Length && !IsEnd(text[at])) at = Part(at, substitution, quoted: false);
        return at;
    }

    private static bool IsEnd(char c) => c is ' ' or '\t' or '\n' or ';' or '&' or '|' or '(' or ')' or '<' or '>';

    private static ScanException Incomplete() => new(NoPiece.Incomplete);

    private int Part(int at, Func<int, int> substitution, bool quoted)
    {
        switch (text[at])
        {
            case '\\':
                return at + 2 <= text.Length ? at + 2 : throw Incomplete();
            case '\'' when !quoted:
                return text.IndexOf('\'', at + 1) is var end and >= 0 ? end + 1 : throw Incomplete();
            case '"':
                return Quoted(at + 1, substitution);
            case '`':
                return Backquoted(at + 1);
            case '$':
                return Expansion(at, substitution, quoted);
            default:
                return at + 1;
        }
    }

    private int Quoted(int at, Func<int, int> substitution)
    {
        while (at < text.Length && text[at] != '"') at = Part(at, substitution, quoted: true);
        return at < text.Length ? at + 1 : throw Incomplete();
    }

    private int Backquoted(int at)
    {
        for (; at < text.Length; at++)
        {
            if (text[at] == '\\') at++;
            else if (text[at] == '`') return at + 1;
        }
        throw Incomplete();
    }

    private int Expansion(int at, Func<int, int> substitution, bool quoted)
    {
        if (++depth > MostDepth) throw new ScanException(NoPiece.Wrong);
        try
        {
            if (at + 1 >= text.Length) return at + 1;
            if (text[at + 1] == '{') return Braced(at + 2, substitution, quoted);
            if (text[at + 1] != '(') return at + 1;
            if (at + 2 < text.Length && text[at + 2] == '(' && Arithmetic(at + 3, substitution) is { } end) return end;
            return substitution(at + 2);
        }
        finally
        {
            depth--;
        }
    }

    private int Braced(int at, Func<int, int> substitution, bool quoted)
    {
        while (at < text.Length && text[at] != '}') at = Part(at, substitution, quoted);
        return at < text.Length ? at + 1 : throw Incomplete();
    }

    /// <summary>The end of <c>$((...))</c>; null when the parentheses do not close as those of an expression, and it is a subshell within a substitution.</summary>
    private int? Arithmetic(int at, Func<int, int> substitution)
    {
        var open = 0;
        while (at < text.Length)
        {
            if (text[at] == '(')
            {
                open++;
                at++;
            }
            else if (text[at] == ')')
            {
                if (open == 0) return at + 1 < text.Length ? text[at + 1] == ')' ? at + 2 : null : throw Incomplete();
                open--;
                at++;
            }
            else
            {
                at = Part(at, substitution, quoted: true);
            }
        }
        throw Incomplete();
    }

    /// <summary>A word as it stands after quotes are removed, as the end of a here-document is told.</summary>
    public static string Unquote(string word)
    {
        var result = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            if (quote == 0 && word[i] is '\'' or '"' && quote == 0) quote = word[i];
            else if (quote != 0 && word[i] == quote) quote = '\0';
            else if (word[i] == '\\' && quote != '\'' && i + 1 < word.Length) result.Append(word[++i]);
            else result.Append(word[i]);
        }
        return result.ToString();
    }
}
