namespace Varve.Export;

/// <summary>A value that differs from element to element.</summary>
/// <param name="Name">Its name, when it has one already; else empty.</param>
/// <param name="Hint">What it could be called: an option's name, a folder's.</param>
/// <param name="Values">What it is for each element.</param>
internal sealed record Column(string Name, string Hint, IReadOnlyList<string> Values);

/// <summary>
/// Finds in what commands of one shape differ. Of two words that differ, what is common at both ends stays, as far as it
/// does not cut a name or a number in two; what is left is a column. Words with the same differences share a column.
/// </summary>
internal sealed class Alignment(int elements)
{
    private readonly List<Column> columns = [];
    private readonly Dictionary<string, int> byValues = new(StringComparer.Ordinal);

    /// <summary>The columns found so far.</summary>
    public IReadOnlyList<Column> Columns => columns;

    /// <summary>A column that is known to be one, such as a variable of a document's map.</summary>
    public void Know(string name, IReadOnlyList<string> values) => Add(new Column(name, "", values));

    /// <summary>
    /// Lines up words, one list for each element, all of one length. Variables of the templates are the columns' numbers.
    /// </summary>
    public IReadOnlyList<WordTemplate> Align(IReadOnlyList<IReadOnlyList<string>> words)
    {
        var count = words[0].Count;
        var templates = new WordTemplate[count];
        var differing = new List<(int At, int Prefix, int Suffix, int Length)>();
        var values = new string[elements];
        for (var at = 0; at < count; at++)
        {
            for (var e = 0; e < elements; e++) values[e] = words[e][at];
            if (Array.TrueForAll(values, v => v == values[0]))
            {
                templates[at] = WordTemplate.Of(values[0]);
                continue;
            }
            var prefix = CommonStart(values);
            var suffix = CommonEnd(values, prefix);
            differing.Add((at, prefix, suffix, values.Sum(v => v.Length - prefix - suffix)));
        }
        // The shortest differences first: what is longer may be made of them.
        foreach (var (at, prefix, suffix, _) in differing.OrderBy(static d => d.Length).ThenBy(static d => d.At))
        {
            for (var e = 0; e < elements; e++) values[e] = words[e][at][prefix..^suffix];
            var whole = words[0][at];
            List<WordPart> parts = [];
            if (prefix > 0) parts.Add(new(false, whole[..prefix]));
            parts.AddRange(Differing(values, () => Hint(words[0], at, prefix, suffix)));
            if (suffix > 0) parts.Add(new(false, whole[^suffix..]));
            templates[at] = new WordTemplate(Merged(parts));
        }
        return templates;
    }

    private List<WordPart> Differing(string[] values, Func<string> hint)
    {
        if (byValues.TryGetValue(Key(values), out var known)) return [Variable(known)];
        return Composed(values) ?? [Variable(Add(new Column("", hint(), [.. values])))];
    }

    private static WordPart Variable(int column) => new(true, column.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private int Add(Column column)
    {
        columns.Add(column);
        byValues.TryAdd(Key(column.Values), columns.Count - 1);
        return columns.Count - 1;
    }

    private static string Key(IReadOnlyList<string> values) => string.Join('\0', values);

    /// <summary>The values as constants and known columns, when they are made of nothing else.</summary>
    private List<WordPart>? Composed(string[] values)
    {
        List<WordPart> parts = [new(false, values[0])];
        for (var c = 0; c < columns.Count; c++) parts = Split(parts, columns[c].Values[0], Variable(c).Text);
        if (!parts.Exists(static p => p.IsVariable)) return null;
        var template = new WordTemplate(parts);
        for (var e = 0; e < elements; e++)
        {
            var element = e;
            if (template.Fill(c => columns[int.Parse(c, System.Globalization.CultureInfo.InvariantCulture)].Values[element]) != values[e]) return null;
        }
        return parts;
    }

    /// <summary>The pieces with a variable in every place where its value stands by itself.</summary>
    public static List<WordPart> Split(IEnumerable<WordPart> parts, string value, string variable) =>
        [.. parts.SelectMany(p => p.IsVariable ? [p] : Split(p.Text, value, variable))];

    private static IEnumerable<WordPart> Split(string text, string value, string variable)
    {
        var plain = 0;
        for (var at = value.Length == 0 ? -1 : text.IndexOf(value, StringComparison.Ordinal); at >= 0; at = text.IndexOf(value, at + 1, StringComparison.Ordinal))
        {
            if (at < plain || !IsBoundary(text, at) || !IsBoundary(text, at + value.Length)) continue;
            if (at > plain) yield return new(false, text[plain..at]);
            yield return new(true, variable);
            plain = at + value.Length;
        }
        if (plain < text.Length) yield return new(false, text[plain..]);
    }

    private static List<WordPart> Merged(List<WordPart> parts)
    {
        var merged = new List<WordPart>();
        foreach (var part in parts)
        {
            if (!part.IsVariable && merged is [.., { IsVariable: false } last]) merged[^1] = new(false, last.Text + part.Text);
            else merged.Add(part);
        }
        return merged;
    }

    private static int CommonStart(string[] values)
    {
        var length = values.Min(static v => v.Length);
        var common = 0;
        while (common < length && Array.TrueForAll(values, v => v[common] == values[0][common])) common++;
        while (common > 0 && !Array.TrueForAll(values, v => IsBoundary(v, common))) common--;
        return common;
    }

    private static int CommonEnd(string[] values, int start)
    {
        var length = values.Min(static v => v.Length) - start;
        var common = 0;
        while (common < length && Array.TrueForAll(values, v => v[^(common + 1)] == values[0][^(common + 1)])) common++;
        while (common > 0 && !Array.TrueForAll(values, v => IsBoundary(v, v.Length - common))) common--;
        return common;
    }

    /// <summary>Whether a text may be cut at a place: not inside a name, nor inside a number.</summary>
    public static bool IsBoundary(string text, int at)
    {
        if (at <= 0 || at >= text.Length) return true;
        var (left, right) = (text[at - 1], text[at]);
        if (IsOfName(left) && IsOfName(right)) return false;
        if (left == '.' && char.IsAsciiDigit(right)) return at < 2 || !char.IsAsciiDigit(text[at - 2]);
        if (right == '.' && char.IsAsciiDigit(left)) return at + 1 >= text.Length || !char.IsAsciiDigit(text[at + 1]);
        // A sign belongs to its number.
        return left is not ('-' or '+') || !char.IsAsciiDigit(right) || (at >= 2 && IsOfName(text[at - 2]));
    }

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || c > '\x7F';

    /// <summary>What a value could be called: the option before it, the name before an equals sign, or the folder it stands in.</summary>
    private static string Hint(IReadOnlyList<string> words, int at, int prefix, int suffix)
    {
        var word = words[at];
        var start = word[..prefix];
        var equals = start.EndsWith('=') ? start.TrimEnd('=') : "";
        if (equals.Length > 0) return equals.Trim('-');
        var slash = start.LastIndexOf('/');
        if (slash > 0) return Singular(start[(start.LastIndexOf('/', slash - 1) + 1)..slash]);
        // Blanks stand between the words of a text.
        var before = at - 1;
        while (before >= 0 && string.IsNullOrWhiteSpace(words[before])) before--;
        if (prefix == 0 && suffix == 0 && before >= 0 && words[before] is ['-', .. var option] && !option.Any(char.IsAsciiDigit)) return option.Trim('-');
        return "";
    }

    private static string Singular(string folder) => folder switch
    {
        "species" or "series" => folder,
        _ when folder.EndsWith("ies", StringComparison.Ordinal) => folder[..^3] + "y",
        _ when folder.Length > 3 && folder.EndsWith('s') && !folder.EndsWith("ss", StringComparison.Ordinal) => folder[..^1],
        _ => folder,
    };
}
