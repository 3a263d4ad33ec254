using Varve.Documents;
using Varve.Lineage;

namespace Varve.Export;

/// <summary>
/// Lifts values out of command lines: an input's path becomes the input's name, and a value that stands with one option in several
/// places becomes a parameter, so that it is said once. Shell texts name their values already.
/// </summary>
internal sealed class Lifting
{
    private const int Distinctive = 5;
    private readonly IReadOnlyList<FoldedSteps> blocks;
    private readonly Root root;
    private readonly IReadOnlyList<HashSet<string>> mentions;
    private readonly HashSet<string> given = new(StringComparer.Ordinal);
    private readonly HashSet<string> files;
    private readonly Dictionary<string, string> inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> parameters = new(StringComparer.Ordinal);

    private Lifting(IReadOnlyList<FoldedSteps> blocks, Chain chain, Root root)
    {
        (this.blocks, this.root) = (blocks, root);
        mentions = [.. blocks.Select(Mentioned)];
        given.UnionWith(blocks.SelectMany(static b => b.Columns.Select(static c => c.Name).Concat(b.Variables.Select(static v => v.Key))));
        files = chain.Steps.SelectMany(StepGraph.Written).Select(c => root.Name(c.Path)).Concat(chain.Inputs.Select(i => root.Name(i.Path))).ToHashSet(StringComparer.Ordinal);
        foreach (var value in Repeated()) parameters[value.Key] = Name(value.Option, "value", value.Users);
        var users = blocks.Index().Where(static b => b.Item.Words.Count > 0 && b.Item.Steps[0].Folder.Length == 0)
            .SelectMany(static b => b.Item.Words.Skip(1).Select(w => (Word: w.Constant, b.Index))).Where(static w => w.Word is not null).ToLookup(static w => w.Word!, static w => w.Index, StringComparer.Ordinal);
        foreach (var input in chain.Inputs)
        {
            var name = root.Name(input.Path);
            if (users.Contains(name)) inputs[name] = Name(Path.GetFileNameWithoutExtension(name), "input", users[name]);
        }
    }

    /// <summary>The blocks with variables for the values that were lifted.</summary>
    public static IEnumerable<FoldedSteps> Apply(IReadOnlyList<FoldedSteps> blocks, Chain chain, Root root)
    {
        var lifting = new Lifting(blocks, chain, root);
        return blocks.Select(lifting.Apply);
    }

    /// <summary>A name that no block mentions but those that use the value: it reaches whoever mentions it.</summary>
    private string Name(string hint, string otherwise, IEnumerable<int> users)
    {
        var own = users.ToHashSet();
        var taken = new HashSet<string>(given, StringComparer.Ordinal);
        for (var i = 0; i < blocks.Count; i++)
            if (!own.Contains(i)) taken.UnionWith(mentions[i]);
        var name = Names.Variable(hint, otherwise, taken);
        given.Add(name);
        return name;
    }

    private static HashSet<string> Mentioned(FoldedSteps block) =>
        Identifier.In(string.Join('\n', block.Steps.SelectMany(static s => s.IsText ? [s.Text] : s.Words)));

    private FoldedSteps Apply(FoldedSteps block)
    {
        if (block.Words.Count == 0 || block.IsSequence) return block;
        var variables = new List<KeyValuePair<string, string>>(block.Variables);
        var words = block.Words.ToArray();
        void Lift(int at, string prefix, string name, string value)
        {
            words[at] = new WordTemplate(prefix.Length == 0 ? [new(true, name)] : [new(false, prefix), new(true, name)]);
            if (!variables.Exists(v => v.Key == name)) variables.Add(new(name, value));
        }
        foreach (var (at, option, prefix, value) in Values(block))
            if (parameters.TryGetValue(Key(option, value), out var name)) Lift(at, prefix, name, value);
        if (block.Steps[0].Folder.Length == 0)
            for (var at = 1; at < words.Length; at++)
                if (words[at].Constant is { } word && inputs.TryGetValue(word, out var name)) Lift(at, "", name, word);
        return block with { Words = words, Variables = variables };
    }

    private IEnumerable<(string Key, string Option, IEnumerable<int> Users)> Repeated() =>
        blocks.Index().Where(static b => b.Item.Words.Count > 0).SelectMany(b => Values(b.Item).Select(v => (v.Option, v.Value, b.Index))).GroupBy(v => Key(v.Option, v.Value), StringComparer.Ordinal)
            .Where(static g => g.Count() > 1).Select(static g => (g.Key, g.First().Option, g.Select(static v => v.Index)));

    /// <summary>A long word means the same wherever it stands; a short one or a number only with its option.</summary>
    private static string Key(string option, string value) =>
        value.Length >= Distinctive && !double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _) ? value : $"{option}\0{value}";

    /// <summary>The constant words that are an option's value, with the option and what stands before the value in its word.</summary>
    private IEnumerable<(int At, string Option, string Prefix, string Value)> Values(FoldedSteps block)
    {
        var option = "";
        for (var at = 1; at < block.Words.Count; at++)
        {
            if (block.Words[at].Constant is not { } word)
            {
                option = "";
                continue;
            }
            var isNumber = double.TryParse(word, System.Globalization.CultureInfo.InvariantCulture, out _);
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (word is ['-', ..] && !isNumber)
            {
                option = equals > 0 ? "" : word.Trim('-');
                if (equals > 0 && IsValue(word[(equals + 1)..])) yield return (at, word[..equals].Trim('-'), word[..(equals + 1)], word[(equals + 1)..]);
                continue;
            }
            if (option.Length > 0 && IsValue(word)) yield return (at, option, "", word);
            // An option may take several numbers; of words only the next.
            if (!isNumber) option = "";
        }
    }

    private bool IsValue(string word) =>
        word.Length > 1 && word != "--" && !word.Contains('/', StringComparison.Ordinal) && !files.Contains(word) && !File(word) && word.All(static c => !char.IsControl(c));

    /// <summary>Whether a word is a file of the pipeline in some folder.</summary>
    private bool File(string word) => word.Contains('.', StringComparison.Ordinal) && !char.IsAsciiDigit(word[0]) && files.Any(f => f.EndsWith("/" + word, StringComparison.Ordinal));
}
