using System.Text;

namespace Varve.Documents;

/// <summary>A CSV table with a header (RFC 4180: quoted fields, doubled quotes, line breaks inside quotes; CRLF or LF).</summary>
/// <param name="Columns">The header.</param>
/// <param name="Rows">The rows, each with a field for every column.</param>
internal sealed record CsvTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <exception cref="DocumentException">It is no table, and in which line.</exception>
    public static CsvTable Parse(string path, string text)
    {
        if (text.StartsWith('\uFEFF')) text = text[1..];
        IReadOnlyList<string>? header = null;
        var rows = new List<IReadOnlyList<string>>();
        foreach (var (line, fields) in Records(path, text))
        {
            if (header is null)
            {
                header = fields;
                if (fields.FirstOrDefault(f => !Identifier.Is(f)) is { } bad)
                    throw new DocumentException(path, line, $"the column \"{bad}\" cannot be a variable's name: letters, digits and _, not a digit first");
                if (fields.GroupBy(f => f, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
                    throw new DocumentException(path, line, $"the column {twice.Key} stands twice in the header");
            }
            else if (fields.Count != header.Count)
            {
                throw new DocumentException(path, line, $"this row has {fields.Count} fields, the header has {header.Count}");
            }
            else
            {
                rows.Add(fields);
            }
        }
        return new CsvTable(header ?? throw new DocumentException(path, 1, "the table is empty: it needs a header line with the columns' names"), rows);
    }

    private static IEnumerable<(int Line, List<string> Fields)> Records(string path, string text)
    {
        var line = 1;
        for (var at = 0; at < text.Length;)
        {
            var start = line;
            var fields = new List<string>();
            while (true)
            {
                fields.Add(text.Length > at && text[at] == '"' ? Quoted(path, text, ref at, ref line) : Plain(text, ref at));
                if (at >= text.Length || text[at] != ',') break;
                at++;
            }
            if (at < text.Length && text[at] == '\r') at++;
            if (at < text.Length && text[at] != '\n') throw new DocumentException(path, line, "there is text after a closing quote");
            at++;
            line++;
            // An empty line between rows is no row.
            if (fields is not [""]) yield return (start, fields);
        }
    }

    private static string Plain(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && text[at] is not (',' or '\n')) at++;
        return text[start..at].TrimEnd('\r');
    }

    private static string Quoted(string path, string text, ref int at, ref int line)
    {
        var opened = line;
        var field = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                if (at >= text.Length || text[at] != '"') return field.ToString();
            }
            if (text[at] == '\n') line++;
            field.Append(text[at]);
        }
        throw new DocumentException(path, opened, "a quote is opened and never closed");
    }
}
