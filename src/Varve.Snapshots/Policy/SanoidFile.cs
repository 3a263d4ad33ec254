namespace Varve.Snapshots.Policy;

/// <summary>
/// A <c>sanoid.conf</c>, read unchanged. What a dataset's section says wins over its templates (the later in
/// <c>use_template</c> over the earlier), these over what it inherits from the nearest recursive section above, this
/// over <c>[template_default]</c> and sanoid's own defaults.
/// </summary>
public sealed class SanoidFile : IPolicyFile
{
    private const string TemplatePrefix = "template_", Default = "template_default";

    private readonly Dictionary<string, IniSection> _sections;
    private readonly Dictionary<string, IniSection> _templates;
    private readonly string _file;

    private SanoidFile(string file, IEnumerable<IniSection> sections)
    {
        _file = file;
        _templates = sections.Where(static s => s.Name.StartsWith(TemplatePrefix, StringComparison.Ordinal)).ToDictionary(static s => s.Name, StringComparer.Ordinal);
        _sections = new Dictionary<string, IniSection>(StringComparer.Ordinal);
        var named = new List<string>();
        foreach (var section in sections)
        {
            foreach (var (key, value) in section.Values)
                if (!SanoidSettings.IsKnown(key) && section.Name != "version") throw new SnapshotException($"{file}:{value.Line}: there is no setting '{key}' in sanoid.conf");
            if (section.Name == "version" || section.Name.StartsWith(TemplatePrefix, StringComparison.Ordinal)) continue;
            var dataset = section.Values.TryGetValue("path", out var path) && path.Text.Length > 0 ? path.Text : section.Name;
            if (!_sections.TryAdd(dataset, section)) throw new SnapshotException($"{file}:{section.Line}: {dataset} has a section already");
            named.Add(dataset);
        }
        Named = named;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Named { get; }

    /// <summary>Reads the text of a configuration.</summary>
    /// <param name="text">What is in it.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="SnapshotException">It is no sanoid.conf; the message has the line.</exception>
    public static SanoidFile Parse(string text, string file)
    {
        var parsed = new SanoidFile(file, IniFile.Parse(text, file));
        // Said now, and not when the first of these datasets turns up.
        foreach (var dataset in parsed.Named) parsed.Own(dataset).Policy(dataset, ofChildren: false);
        return parsed;
    }

    /// <inheritdoc/>
    public bool IsRecursive(string dataset) => _sections.ContainsKey(dataset) && Own(dataset).Recursive != SanoidRecursion.No;

    /// <inheritdoc/>
    public IReadOnlyList<DatasetPolicy> For(IEnumerable<string> datasets)
    {
        var policies = new List<DatasetPolicy>();
        foreach (var dataset in datasets)
            if (For(dataset) is { } policy) policies.Add(policy);
        return policies;
    }

    private DatasetPolicy? For(string dataset)
    {
        var named = _sections.ContainsKey(dataset);
        var above = RecursiveAbove(dataset);
        if (above is null)
        {
            if (!named) return null;
            var own = Own(dataset);
            return own.ProcessChildrenOnly && own.Recursive != SanoidRecursion.No ? null : own.Policy(dataset, ofChildren: own.Recursive == SanoidRecursion.Atomic);
        }
        var parent = Own(above);
        if (parent.Recursive == SanoidRecursion.Atomic)
        {
            // The snapshot of the parent is this dataset's too; only pruning is left to do.
            return parent.Policy(dataset, ofChildren: false) with { Take = false };
        }
        if (!named) return SkippedBetween(dataset, above) ? null : parent.Policy(dataset, ofChildren: false);
        var settings = Own(dataset);
        return settings.ProcessChildrenOnly && settings.IsSaidHere("process_children_only") ? null : settings.Policy(dataset, ofChildren: settings.Recursive == SanoidRecursion.Atomic);
    }

    /// <summary>Whether a section between the dataset and the recursive one says <c>skip_children</c>.</summary>
    private bool SkippedBetween(string dataset, string above)
    {
        for (var up = Parent(dataset); up is not null && up != above; up = Parent(up))
            if (_sections.ContainsKey(up) && Own(up).SkipChildren) return true;
        return Own(above).SkipChildren;
    }

    private string? RecursiveAbove(string dataset)
    {
        for (var up = Parent(dataset); up is not null; up = Parent(up))
            if (_sections.ContainsKey(up) && Own(up).Recursive != SanoidRecursion.No) return up;
        return null;
    }

    private static string? Parent(string dataset) => dataset.LastIndexOf('/') is var slash and > 0 ? dataset[..slash] : null;

    /// <summary>The settings of a section, with what it inherits.</summary>
    private SanoidSettings Own(string dataset)
    {
        var section = _sections[dataset];
        var layers = new List<IReadOnlyDictionary<string, IniValue>>();
        if (_templates.TryGetValue(Default, out var defaults)) layers.Add(defaults.Values);
        if (RecursiveAbove(dataset) is { } above) layers.AddRange(Own(above).Inherited);
        layers.AddRange(Templates(section));
        layers.Add(section.Values);
        return new SanoidSettings(_file, layers);
    }

    private IEnumerable<IReadOnlyDictionary<string, IniValue>> Templates(IniSection section)
    {
        if (!section.Values.TryGetValue("use_template", out var names)) yield break;
        foreach (var name in names.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!_templates.TryGetValue(TemplatePrefix + name, out var template))
                throw new SnapshotException($"{_file}:{names.Line}: there is no template '{name}'; it would be the section [{TemplatePrefix}{name}]");
            yield return template.Values;
        }
    }
}
