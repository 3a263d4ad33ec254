namespace Varve.Documents;

/// <summary>A node of an S-expression: a word or a list.</summary>
/// <param name="Word">The word; null for a list.</param>
/// <param name="Items">The list's items; empty for a word.</param>
/// <param name="Line">The line it stands in, from 0.</param>
internal sealed record SExpression(string? Word, IReadOnlyList<SExpression> Items, int Line)
{
    /// <summary>The first word of a list.</summary>
    public string Head => Items is [{ Word: { } head }, ..] ? head : "";

    /// <summary>The words of a list after its head.</summary>
    public IEnumerable<string> Words => Items.Skip(1).Select(i => i.Word ?? "");

    /// <summary>The first item of a list that is a list with that head.</summary>
    public SExpression? Find(string head) => Items.FirstOrDefault(i => i.Head == head);

    /// <summary>Reads one expression; quotes hold spaces, a semicolon begins a comment.</summary>
    /// <exception cref="FormatException">It is not closed, or more follows; the message begins with the line, from 0.</exception>
    public static SExpression Parse(string text)
    {
        var (at, line) = (0, 0);
        var result = Read(text, ref at, ref line);
        Skip(text, ref at, ref line);
        return at == text.Length ? result : throw new FormatException($"{line} more follows after the last parenthesis");
    }

    private static void Skip(string text, ref int at, ref int line)
    {
        while (at < text.Length && (char.IsWhiteSpace(text[at]) || text[at] == ';'))
        {
            if (text[at] == ';')
                while (at < text.Length && text[at] != '\n') at++;
            if (at < text.Length && text[at++] == '\n') line++;
        }
    }

    private static SExpression Read(string text, ref int at, ref int line)
    {
        Skip(text, ref at, ref line);
        if (at == text.Length) throw new FormatException($"{line} a parenthesis is not closed");
        var start = line;
        if (text[at] == ')') throw new FormatException($"{line} a parenthesis is closed that was not opened");
        if (text[at] == '"') return new SExpression(Quoted(text, ref at, ref line), [], start);
        if (text[at] != '(')
        {
            var from = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at]) && text[at] is not ('(' or ')' or ';')) at++;
            return new SExpression(text[from..at], [], start);
        }
        at++;
        var items = new List<SExpression>();
        while (true)
        {
            Skip(text, ref at, ref line);
            if (at < text.Length && text[at] == ')') break;
            items.Add(Read(text, ref at, ref line));
        }
        at++;
        return new SExpression(null, items, start);
    }

    private static string Quoted(string text, ref int at, ref int line)
    {
        var start = line;
        var word = new System.Text.StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\n') line++;
            if (text[at] != '\\' || at + 1 == text.Length)
            {
                word.Append(text[at]);
                continue;
            }
            at++;
            // A backslash at a line's end joins it with the next, without the blanks that begin that one.
            if (text[at] == '\n')
            {
                line++;
                while (at + 1 < text.Length && text[at + 1] is ' ' or '\t') at++;
            }
            else
            {
                word.Append(text[at] switch { 'n' => '\n', 't' => '\t', var c => c });
            }
        }
        if (at == text.Length) throw new FormatException($"{start} a quote is not closed");
        at++;
        return word.ToString();
    }
}
