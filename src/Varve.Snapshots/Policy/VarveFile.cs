using System.Globalization;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Varve.Snapshots.Policy;

/// <summary>
/// Varve's own TOML: a table <c>[snapshots."tank/home"]</c> for each dataset, and what <c>[snapshots]</c> says itself
/// holds for all of them.
/// </summary>
public sealed class VarveFile : IPolicyFile
{
    private const string Table = "snapshots";

    private static readonly string[] Known = ["keep", "floor", "recursive", "take", "prune", "most", "peers", "before", "after", "pruned", "timeout", "warn", "critical"];

    private readonly Dictionary<string, Dictionary<string, (ValueSyntax Value, string Place)>> _tables;
    private readonly Dictionary<string, (ValueSyntax Value, string Place)> _all;

    private VarveFile(Dictionary<string, (ValueSyntax, string)> all, Dictionary<string, Dictionary<string, (ValueSyntax, string)>> tables, IReadOnlyList<string> named)
    {
        (_all, _tables, Named) = (all, tables, named);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Named { get; }

    /// <summary>Reads the text of a configuration. Other tables than <c>snapshots</c> are left alone.</summary>
    /// <param name="text">What is in it.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="SnapshotException">It is no TOML, or says what there is not; the message has the line.</exception>
    public static VarveFile Parse(string text, string file)
    {
        var document = SyntaxParser.Parse(text, file);
        foreach (var problem in document.Diagnostics)
            if (problem.Kind == DiagnosticMessageKind.Error) throw new SnapshotException($"{file}:{problem.Span.Start.Line + 1}: {problem.Message}");

        var all = new Dictionary<string, (ValueSyntax, string)>(StringComparer.Ordinal);
        var tables = new Dictionary<string, Dictionary<string, (ValueSyntax, string)>>(StringComparer.Ordinal);
        var named = new List<string>();
        foreach (var table in document.Tables)
        {
            var name = Names(table.Name);
            if (name.Count == 0 || name[0] != Table) continue;
            var place = $"{file}:{table.Span.Start.Line + 1}";
            if (name.Count > 2) throw new SnapshotException($"{place}: quote the name of the dataset: [{Table}.\"tank/home\"]");
            var into = all;
            if (name.Count == 2)
            {
                var dataset = name[1];
                into = new Dictionary<string, (ValueSyntax, string)>(StringComparer.Ordinal);
                tables.Add(dataset, into);
                named.Add(dataset);
            }
            foreach (var pair in table.Items)
            {
                var at = $"{file}:{pair.Span.Start.Line + 1}";
                if (Names(pair.Key) is not [var key] || !Known.Contains(key)) throw new SnapshotException($"{at}: there is no setting '{string.Join('.', Names(pair.Key))}' of snapshots; there are {string.Join(", ", Known)}");
                into[key] = (pair.Value!, at);
            }
        }
        var parsed = new VarveFile(all, tables, named);
        foreach (var dataset in named) parsed.Policy(dataset, dataset);
        return parsed;
    }

    /// <inheritdoc/>
    public bool IsRecursive(string dataset) => Switch(dataset, "recursive", usual: false);

    /// <inheritdoc/>
    public IReadOnlyList<DatasetPolicy> For(IEnumerable<string> datasets)
    {
        var policies = new List<DatasetPolicy>();
        foreach (var dataset in datasets)
        {
            var section = dataset;
            while (section is not null && !(_tables.ContainsKey(section) && (section == dataset || IsRecursive(section))))
                section = section.LastIndexOf('/') is var slash and > 0 ? section[..slash] : null;
            if (section is not null) policies.Add(Policy(dataset, section));
        }
        return policies;
    }

    private DatasetPolicy Policy(string dataset, string section)
    {
        var (keep, place) = Text(section, "keep", "");
        if (keep.Length == 0) throw new SnapshotException($"{Table}.\"{section}\" has no keep; write for example keep = \"48h hourly, 14d daily, 8w weekly\"");
        var floor = Text(section, "floor", "count");
        if (floor.Text is not ("count" or "none")) throw new SnapshotException($"{floor.Place}: floor must be \"count\" or \"none\"");
        IReadOnlyList<KeepRule> rules;
        try
        {
            rules = KeepText.Parse(keep);
        }
        catch (SnapshotException e)
        {
            throw new SnapshotException($"{place}: {e.Message}", e);
        }
        var finest = rules.Max(static r => r.Kind);
        return new DatasetPolicy(dataset, new KeepRetention(rules) { CountsBuckets = floor.Text == "count" })
        {
            Take = Switch(section, "take", usual: true),
            Prune = Switch(section, "prune", usual: true),
            MostPercent = Number(section, "most", 50, 1, 100),
            Peers = Texts(section, "peers"),
            Hooks = new Hooks
            {
                Before = Text(section, "before", "").Text,
                After = Text(section, "after", "").Text,
                Pruned = Text(section, "pruned", "").Text,
                TimeoutSeconds = Number(section, "timeout", 60, 0, int.MaxValue),
                NoInconsistentSnapshot = true,
            },
            Monitoring = new Monitoring
            {
                Ages = new Dictionary<Kind, AgeLimit> { [finest] = new(Age(section, "warn"), Age(section, "critical")) },
            },
        };
    }

    private (ValueSyntax Value, string Place)? Find(string section, string key) =>
        _tables.TryGetValue(section, out var own) && own.TryGetValue(key, out var value) ? value : _all.TryGetValue(key, out value) ? value : null;

    private (string Text, string Place) Text(string section, string key, string usual) => Find(section, key) switch
    {
        null => (usual, ""),
        { Value: StringValueSyntax { Value: { } text } } found => (text, found.Place),
        { } other => throw new SnapshotException($"{other.Place}: {key} must be text between quotes"),
    };

    private bool Switch(string section, string key, bool usual) => Find(section, key) switch
    {
        null => usual,
        { Value: BooleanValueSyntax { Value: var on } } => on,
        { } other => throw new SnapshotException($"{other.Place}: {key} must be true or false"),
    };

    private int Number(string section, string key, int usual, int least, int most) => Find(section, key) switch
    {
        null => usual,
        { Value: IntegerValueSyntax { Value: var number } } when number >= least && number <= most => (int)number,
        { } other => throw new SnapshotException($"{other.Place}: {key} must be a number{(most == int.MaxValue ? "" : $" from {least} to {most}")}"),
    };

    private IReadOnlyList<string> Texts(string section, string key)
    {
        if (Find(section, key) is not { } found) return [];
        if (found.Value is not ArraySyntax array || array.Items.Any(static i => i.Value is not StringValueSyntax)) throw new SnapshotException($"{found.Place}: {key} must be a list of texts");
        return [.. array.Items.Select(static i => ((StringValueSyntax)i.Value!).Value ?? "")];
    }

    private long Age(string section, string key)
    {
        var (text, place) = Text(section, key, "");
        if (text.Length == 0) return 0;
        var unit = text[^1] switch { 's' => 1, 'm' => Kinds.Minute, 'h' => Kinds.Hour, 'd' => Kinds.Day, 'w' => Kinds.Week, _ => 0 };
        return unit > 0 && long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number * unit
            : throw new SnapshotException($"{place}: {key} must be an age such as \"90m\", \"28h\" or \"32d\"");
    }

    private static IReadOnlyList<string> Names(KeySyntax? key) => key is null ? [] : [Name(key.Key), .. key.DotKeys.Select(static k => Name(k.Key))];

    private static string Name(BareKeyOrStringValueSyntax? key) => key switch
    {
        StringValueSyntax quoted => quoted.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => "",
    };
}
