using Varve.Linux;
using Varve.Running;

namespace Varve.Documents;

/// <summary>
/// Expands a block into its elements: the rows of its tables, the files of its globs, the values of the parameters it
/// mentions, and the product of them all. A variable reaches a step only when the step's text mentions it, so that
/// changing what a step does not mention runs nothing again.
/// </summary>
internal sealed class Expansion(Document document, FrontMatter values)
{
    /// <summary>The elements in order; one with an empty id when the block is not mapped.</summary>
    /// <param name="joined">For each join, the files that block wrote, as the step sees them.</param>
    /// <exception cref="DocumentException">A table or the files are not there.</exception>
    public IReadOnlyList<Element> Expand(Block block, Func<string, IReadOnlyList<string>> joined)
    {
        var mentioned = Identifier.In(block.Text);
        var axes = new List<IReadOnlyList<Choice>>();
        foreach (var map in block.Maps) axes.Add(map.Variable.Length > 0 ? OfFiles(block, map) : OfRows(block, map));
        foreach (var (name, list) in values.Parameters)
        {
            if (list.Count < 2 || (!mentioned.Contains(name) && !block.Text.Contains($"%{{{name}}}", StringComparison.Ordinal))) continue;
            axes.Add([.. list.Select(v => new Choice(v, [KeyValuePair.Create(name, v)]))]);
        }
        IReadOnlyList<string> arguments = [.. block.Joins.SelectMany(joined)];
        var elements = new List<Element>();
        foreach (var combination in Product(axes)) elements.Add(Make(block, mentioned, combination, arguments));
        return Unique(elements);
    }

    /// <summary>The names that decide what the elements are: the block's tables, and its patterns.</summary>
    public IReadOnlyList<NamePattern> MappedOver(Block block) => [.. block.Maps.Select(map => new NamePattern(Path.GetFullPath(Absolute(Named(block, map.Pattern)))))];

    private sealed record Choice(string Id, IReadOnlyList<KeyValuePair<string, string>> Variables);

    private static IEnumerable<IReadOnlyList<Choice>> Product(List<IReadOnlyList<Choice>> axes)
    {
        IEnumerable<IReadOnlyList<Choice>> all = [[]];
        foreach (var axis in axes) all = all.SelectMany(chosen => axis.Select(choice => (IReadOnlyList<Choice>)[.. chosen, choice]));
        return all;
    }

    private Element Make(Block block, HashSet<string> mentioned, IReadOnlyList<Choice> combination, IReadOnlyList<string> arguments)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, path) in values.Inputs) all[name] = InputPath(path);
        foreach (var (name, list) in values.Parameters)
            if (list.Count > 0) all[name] = list[0];
        foreach (var choice in combination)
            foreach (var (name, value) in choice.Variables) all[name] = value;
        var text = Template.Fill(block.Text, all, name => new DocumentException(document.Path, block.Line, $"%{{{name}}} names no input, parameter or variable of a map; there are: {string.Join(", ", all.Keys.Order(StringComparer.Ordinal))}"));
        var seen = ReferenceEquals(text, block.Text) ? mentioned : Identifier.In(text);
        return new Element(
            string.Join(" x ", combination.Select(c => c.Id)), text,
            [.. all.Where(v => mentioned.Contains(v.Key) || seen.Contains(v.Key)).OrderBy(v => v.Key, StringComparer.Ordinal)], arguments);
    }

    /// <summary>An input inside the document's folder goes by its relative name, others by their absolute one.</summary>
    private string InputPath(string path) =>
        path.StartsWith(document.Folder + "/", StringComparison.Ordinal) ? path[(document.Folder.Length + 1)..] : path;

    private List<Choice> OfRows(Block block, MapSource map)
    {
        var path = Absolute(Named(block, map.Pattern));
        if (Files.Look(PathText.EncodeTerminated(path), follow: true).Kind != FileKind.File)
            throw new DocumentException(document.Path, block.Line, $"map={map.Pattern}: there is no table {path}");
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DocumentException(document.Path, block.Line, $"map={map.Pattern}: the table cannot be read: {e.Message}", e);
        }
        var table = CsvTable.Parse(path, text);
        return [.. table.Rows.Select(row => new Choice(row[0], [.. table.Columns.Zip(row, KeyValuePair.Create)]))];
    }

    private List<Choice> OfFiles(Block block, MapSource map)
    {
        var pattern = Named(block, map.Pattern);
        var files = Glob.Match(document.Folder, pattern);
        if (files.Count == 0) throw new DocumentException(document.Path, block.Line, $"map=\"{map.Variable}={map.Pattern}\": no file matches {pattern} in {document.Folder}");
        return [.. files.Select(file =>
        {
            var name = file[(file.LastIndexOf('/') + 1)..];
            var dot = name.LastIndexOf('.');
            return new Choice(name, [KeyValuePair.Create(map.Variable, file), KeyValuePair.Create(map.Variable + "_name", name), KeyValuePair.Create(map.Variable + "_stem", dot > 0 ? name[..dot] : name)]);
        })];
    }

    /// <summary>A pattern may begin with an input: `$species`, or hold a template.</summary>
    private string Named(Block block, string pattern)
    {
        if (pattern.StartsWith('$') && values.Inputs.TryGetValue(pattern[1..], out var input)) return input;
        return Template.Fill(pattern, values.Inputs.ToDictionary(i => i.Key, i => InputPath(i.Value), StringComparer.Ordinal), name => new DocumentException(document.Path, block.Line, $"%{{{name}}} names no input"));
    }

    private string Absolute(string path) => path.StartsWith('/') ? path : $"{document.Folder}/{path}";

    /// <summary>Rows may begin alike; a number then tells them apart.</summary>
    private static List<Element> Unique(List<Element> elements)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < elements.Count; i++)
        {
            var id = elements[i].Id;
            var count = seen[id] = seen.GetValueOrDefault(id) + 1;
            if (count > 1) elements[i] = elements[i] with { Id = $"{id} #{count}" };
        }
        return elements;
    }
}

/// <summary>Fills `%{name}` in a text.</summary>
internal static class Template
{
    public static string Fill(string text, IReadOnlyDictionary<string, string> values, Func<string, DocumentException> unknown)
    {
        if (!text.Contains("%{", StringComparison.Ordinal)) return text;
        var result = new System.Text.StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf("%{", at, StringComparison.Ordinal);
            var close = open < 0 ? -1 : text.IndexOf('}', open);
            // date +%{...} and the like: only a name in braces is a template.
            if (close < 0)
            {
                result.Append(text, at, text.Length - at);
                break;
            }
            var name = text[(open + 2)..close];
            result.Append(text, at, open - at);
            if (!name.Split('.').All(Identifier.Is)) result.Append(text, open, close + 1 - open);
            else result.Append(values.TryGetValue(name, out var value) ? value : throw unknown(name));
            at = close + 1;
        }
        return result.ToString();
    }
}
