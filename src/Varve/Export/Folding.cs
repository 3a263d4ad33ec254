using System.Text;
using System.Text.RegularExpressions;
using Varve.Documents;

namespace Varve.Export;

/// <summary>What will be one block: a step, several that cannot be told apart, or the elements of a map.</summary>
internal sealed record FoldedSteps
{
    /// <summary>The units it is made of (<see cref="StepGraph.Units"/>), one for each element.</summary>
    public required IReadOnlyList<int> Units { get; init; }
    /// <summary>For a map, its elements, in the order of <see cref="Units"/>; else one, or the steps of a unit of several.</summary>
    public required IReadOnlyList<PlainStep> Steps { get; init; }
    /// <summary>The columns of the map; empty when it is none. Templates name a column by its number.</summary>
    public IReadOnlyList<Column> Columns { get; init; } = [];
    /// <summary>For a command line, its words.</summary>
    public IReadOnlyList<WordTemplate> Words { get; init; } = [];
    /// <summary>For a shell text, its words and what stands between them.</summary>
    public IReadOnlyList<WordTemplate> Text { get; init; } = [];
    /// <summary>The positional parameters.</summary>
    public IReadOnlyList<WordTemplate> Arguments { get; init; } = [];
    /// <summary>Where standard output goes; null for nowhere.</summary>
    public WordTemplate? Output { get; init; }
    /// <summary>Variables that are the same for all elements.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];

    /// <summary>Whether it is a map.</summary>
    public bool IsMap => Columns.Count > 0;
    /// <summary>Whether it is one unit of several steps, written one after another.</summary>
    public bool IsSequence => !IsMap && Steps.Count > 1;
}

/// <summary>
/// Folds steps that differ only in values into maps. Steps are alike when they run the same program with the same options;
/// they fold when none needs anything of another. Steps of one block of a document are alike already.
/// </summary>
internal sealed partial class Folding(IReadOnlyList<PlainStep> steps, StepGraph graph)
{
    private const int FewestAlike = 3, MostColumns = 16, MostMilliseconds = 10_000;

    [GeneratedRegex(@"\s+|[^\s]+", RegexOptions.None, MostMilliseconds)]
    private static partial Regex WordsAndBlanks();

    /// <summary>All that will be blocks, in the order of their first steps.</summary>
    public IReadOnlyList<FoldedSteps> Fold()
    {
        var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var folded = new List<FoldedSteps>();
        for (var unit = 0; unit < graph.Units.Count; unit++)
        {
            if (graph.Units[unit] is not [var only])
            {
                folded.Add(new FoldedSteps { Units = [unit], Steps = [.. graph.Units[unit].Select(i => steps[i])] });
                continue;
            }
            var key = $"{graph.Depths[unit]}\0{Shape(steps[only])}";
            if (!groups.TryGetValue(key, out var alike)) groups[key] = alike = [];
            alike.Add(unit);
        }
        foreach (var alike in groups.Values)
        {
            var fewest = steps[graph.Units[alike[0]][0]].Block.Length > 0 ? 2 : FewestAlike;
            if (alike.Count >= fewest && AsMap(alike) is { } map) folded.Add(map);
            else folded.AddRange(alike.Select(unit => Alone(unit)));
        }
        return [.. folded.OrderBy(static f => f.Units.Min())];
    }

    private FoldedSteps Alone(int unit) => Alone(unit, steps[graph.Units[unit][0]]);

    /// <summary>A step by itself.</summary>
    public static FoldedSteps Alone(int unit, PlainStep step) => new()
    {
        Units = [unit],
        Steps = [step],
        Words = [.. step.Words.Select(WordTemplate.Of)],
        Text = step.IsText ? Templates(step) : [],
        Arguments = [.. step.Arguments.Select(WordTemplate.Of)],
        Output = step.Output.Length > 0 ? WordTemplate.Of(step.Output) : null,
        Variables = step.Variables,
    };

    /// <summary>
    /// The text of a step by itself. A variable that a document gave it and that its text does not mention was filled into the
    /// text before the shell saw it.
    /// </summary>
    private static IReadOnlyList<WordTemplate> Templates(PlainStep step)
    {
        IReadOnlyList<WordPart> parts = [new(false, step.Text)];
        if (step.Block.Length == 0) return [new WordTemplate(parts)];
        var mentioned = Identifier.In(step.Text);
        foreach (var (name, value) in step.Variables)
            if (!mentioned.Contains(name) && name != BlockText.Percent) parts = Alignment.Split(parts, value, name);
        return [new WordTemplate(parts)];
    }

    private FoldedSteps? AsMap(List<int> units)
    {
        var members = units.ConvertAll(unit => steps[graph.Units[unit][0]]);
        var first = members[0];
        var alignment = new Alignment(members.Count);
        var constant = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < first.Variables.Count; i++)
        {
            var values = members.ConvertAll(m => m.Variables[i].Value);
            if (values.TrueForAll(v => v == values[0])) constant.Add(first.Variables[i]);
            else alignment.Know(first.Variables[i].Key, values);
        }
        var (words, arguments) = (first.IsText ? 0 : first.Words.Count, first.Arguments.Count);
        var all = members.ConvertAll(m => (IReadOnlyList<string>)[.. m.IsText ? Split(m.Text) : m.Words, .. m.Arguments, .. m.Output.Length > 0 ? [m.Output] : Array.Empty<string>()]);
        if (all.Exists(a => a.Count != all[0].Count)) return null;
        var text = first.IsText ? all[0].Count - arguments - (first.Output.Length > 0 ? 1 : 0) : 0;
        var aligned = alignment.Align(all);
        if (alignment.Columns.Count is 0 or > MostColumns) return null;
        // A row of one empty field is no row of a table.
        if (alignment.Columns.Count == 1 && alignment.Columns[0].Values.Any(static v => v.Length == 0)) return null;
        return new FoldedSteps
        {
            Units = units,
            Steps = members,
            Columns = alignment.Columns,
            Words = [.. aligned.Take(words)],
            Text = [.. aligned.Take(text)],
            Arguments = [.. aligned.Skip(words + text).Take(arguments)],
            Output = first.Output.Length > 0 ? aligned[^1] : null,
            Variables = constant,
        };
    }

    private static IEnumerable<string> Split(string text) => WordsAndBlanks().Matches(text).Select(static m => m.Value);

    /// <summary>What stays of a step when its values are taken out.</summary>
    private static string Shape(PlainStep step)
    {
        var trace = step.Trace;
        var shape = new StringBuilder();
        void Add(string part) => shape.Append(part).Append('\0');
        Add(step.Block);
        Add(step.Folder);
        Add(step.Attributes);
        Add($"{step.IsLenient} {trace.ExitCode} {step.Output.Length > 0} {step.Arguments.Count} {(trace.Input.Bytes > 0 ? trace.Input.Digest.Hex : "")}");
        Add(string.Join(' ', step.Variables.Select(static v => v.Key)));
        // What a join hands to a step belongs to it; only a map's own values differ.
        if (step.Block.Length > 0) foreach (var argument in step.Arguments) Add(argument);
        var words = step.IsText ? Split(step.Text) : step.Words;
        var isFirst = true;
        foreach (var word in words)
        {
            Add(isFirst || string.IsNullOrWhiteSpace(word) || IsName(word) ? word : Kind(word));
            isFirst = false;
        }
        return shape.ToString();
    }

    /// <summary>A word that says what to do rather than on what: an option, a script, an operator, a reserved word.</summary>
    private static bool IsName(string word) =>
        (word.StartsWith('-') && !word.Any(char.IsAsciiDigit) && !word.Contains('=', StringComparison.Ordinal))
        || word.EndsWith(".py", StringComparison.Ordinal) || word.EndsWith(".sh", StringComparison.Ordinal) || word.EndsWith(".R", StringComparison.Ordinal)
        || word.All(static c => c is '|' or '&' or ';' or '<' or '>' or '(' or ')' or '{' or '}' or '!')
        || Shell.ReservedWords.Contain(word);

    private static string Kind(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && (word[0] == '-' || Identifier.Is(word[..equals]))) return word[..(equals + 1)] + "?";
        var dot = word.LastIndexOf('.');
        var ending = dot > 0 ? word[dot..] : "";
        return ending.Length is > 1 and < 9 && ending.Skip(1).All(char.IsAsciiLetter) ? "?" + ending : "?";
    }
}
