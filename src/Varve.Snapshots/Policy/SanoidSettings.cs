using System.Globalization;
using NodaTime;

namespace Varve.Snapshots.Policy;

/// <summary>How a section of sanoid.conf stands to the datasets below it.</summary>
internal enum SanoidRecursion
{
    /// <summary>Only the dataset itself.</summary>
    No,

    /// <summary>Each dataset below for itself: <c>recursive = yes</c>.</summary>
    Each,

    /// <summary>All below in one instant: <c>recursive = zfs</c>.</summary>
    Atomic,
}

/// <summary>The settings of one section of sanoid.conf, the later layer winning, with sanoid's defaults below all.</summary>
internal sealed class SanoidSettings(string file, IReadOnlyList<IReadOnlyDictionary<string, IniValue>> layers)
{
    /// <summary>Each setting there is, and its value when nothing is said.</summary>
    private static readonly Dictionary<string, string> Defaults = """
        path= recursive= use_template= process_children_only= skip_children= pre_snapshot_script= post_snapshot_script= pruning_script=
        script_timeout=5 no_inconsistent_snapshot= force_post_snapshot_script= autosnap=yes autoprune=yes prune_defer=0 frequent_period=15
        frequently=0 hourly=48 daily=90 weekly=0 monthly=6 yearly=0 hourly_min=0 daily_hour=23 daily_min=59 weekly_wday=1 weekly_hour=23
        weekly_min=30 monthly_mday=1 monthly_hour=0 monthly_min=0 yearly_mon=1 yearly_mday=1 yearly_hour=0 yearly_min=0 monitor=yes
        monitor_dont_warn=no monitor_dont_crit=no frequently_warn=0 frequently_crit=0 hourly_warn=90m hourly_crit=360m daily_warn=28h
        daily_crit=32h weekly_warn=0 weekly_crit=0 monthly_warn=32d monthly_crit=40d yearly_warn=0 yearly_crit=0 capacity_warn=80 capacity_crit=95
        """.Split([' ', '\n']).Select(static p => p.Split('=')).ToDictionary(static p => p[0], static p => p[1], StringComparer.Ordinal);

    /// <summary>What speaks of a section itself is not inherited by the datasets below it.</summary>
    private static readonly string[] OfTheSectionOnly = ["path", "recursive", "use_template", "process_children_only", "skip_children"];

    public static bool IsKnown(string key) => Defaults.ContainsKey(key);

    /// <summary>The layers for datasets below, without what speaks of the section itself.</summary>
    public IEnumerable<IReadOnlyDictionary<string, IniValue>> Inherited =>
        layers.Select(static l => l.Where(static p => !OfTheSectionOnly.Contains(p.Key)).ToDictionary(static p => p.Key, static p => p.Value, StringComparer.Ordinal));

    public SanoidRecursion Recursive => Text("recursive").Equals("zfs", StringComparison.OrdinalIgnoreCase)
        ? SanoidRecursion.Atomic
        : Switch("recursive") ? SanoidRecursion.Each : SanoidRecursion.No;

    public bool ProcessChildrenOnly => Switch("process_children_only");

    public bool SkipChildren => Switch("skip_children");

    /// <summary>Whether the section, or a template it names, says this itself.</summary>
    public bool IsSaidHere(string key) => layers.Any(l => l.ContainsKey(key));

    public DatasetPolicy Policy(string dataset, bool ofChildren)
    {
        // sanoid's defaults are a crit and a warn of their own for each kind; a bare number counts in the next finer unit.
        var ages = Kinds.All.ToDictionary(static k => k, k => new AgeLimit(Age(k.Word() + "_warn", k), Age(k.Word() + "_crit", k)));
        return new DatasetPolicy(dataset, Retention())
        {
            Take = Switch("autosnap"),
            Prune = Switch("autoprune"),
            TakesChildren = ofChildren,
            PruneDeferPercent = Number("prune_defer", 0, 100),
            Hooks = new Hooks
            {
                Before = Text("pre_snapshot_script"),
                After = Text("post_snapshot_script"),
                Pruned = Text("pruning_script"),
                TimeoutSeconds = Number("script_timeout", int.MinValue, int.MaxValue),
                NoInconsistentSnapshot = Switch("no_inconsistent_snapshot"),
                AlwaysAfter = Switch("force_post_snapshot_script"),
            },
            Monitoring = new Monitoring
            {
                On = Switch("monitor"),
                NoWarnings = Switch("monitor_dont_warn"),
                NoCriticals = Switch("monitor_dont_crit"),
                Ages = ages,
                CapacityWarn = Number("capacity_warn", 0, 100),
                CapacityCritical = Number("capacity_crit", 0, 100),
            },
        };
    }

    private SanoidRetention Retention() => new()
    {
        Counts = Kinds.All.ToDictionary(static k => k, k => Number(k.Word(), 0, int.MaxValue)),
        FrequentMinutes = Number("frequent_period", 1, 60),
        HourlyMinute = Number("hourly_min", 0, 59),
        Daily = Time("daily"),
        WeeklyDay = Number("weekly_wday", 0, 7) is var day and > 0 ? (IsoDayOfWeek)day : IsoDayOfWeek.Sunday,
        Weekly = Time("weekly"),
        MonthlyDay = Number("monthly_mday", 1, 31),
        Monthly = Time("monthly"),
        YearlyMonth = Number("yearly_mon", 1, 12),
        YearlyDay = Number("yearly_mday", 1, 31),
        Yearly = Time("yearly"),
    };

    private LocalTime Time(string kind) => new(Number(kind + "_hour", 0, 23), Number(kind + "_min", 0, 59));

    private (string Text, int Line) Value(string key)
    {
        for (var i = layers.Count - 1; i >= 0; i--)
            if (layers[i].TryGetValue(key, out var value) && value.Text.Length > 0) return (value.Text, value.Line);
        return (Defaults[key], 0);
    }

    private string Text(string key) => Value(key).Text;

    private bool Switch(string key)
    {
        var (text, line) = Value(key);
        return text.ToUpperInvariant() switch
        {
            "YES" or "TRUE" or "ON" or "1" => true,
            "" or "NO" or "FALSE" or "OFF" or "0" => false,
            _ => throw Wrong(line, $"{key} must be yes or no, not '{text}'"),
        };
    }

    private int Number(string key, int least, int most)
    {
        var (text, line) = Value(key);
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Wrong(line, $"{key} must be a number{(most == int.MaxValue ? "" : $" from {least} to {most}")}, not '{text}'");
    }

    /// <summary>An age in seconds: with a unit, or in the next finer unit than the kind (hours for daily, weeks for monthly).</summary>
    private long Age(string key, Kind kind)
    {
        var (text, line) = Value(key);
        var unit = char.ToUpperInvariant(text[^1]);
        var hasUnit = char.IsAsciiLetter(unit);
        if (!long.TryParse(hasUnit ? text.AsSpan(0, text.Length - 1).TrimEnd() : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw Wrong(line, $"{key} must be an age such as 90m, 28h or 32d, not '{text}'");
        if (!hasUnit) unit = kind switch { Kind.Frequently => 'S', Kind.Hourly => 'M', Kind.Daily => 'H', Kind.Weekly => 'D', Kind.Monthly => 'W', _ => 'O' };
        return number * unit switch
        {
            'S' => 1,
            'M' => Kinds.Minute,
            'H' => Kinds.Hour,
            'D' => Kinds.Day,
            'W' => Kinds.Week,
            'O' => 31L * Kinds.Day,
            'Y' => 365L * Kinds.Day,
            _ => throw Wrong(line, $"{key}: '{text}' has no unit of time; there are y, w, d, h, m and s"),
        };
    }

    private SnapshotException Wrong(int line, string problem) => new(line > 0 ? $"{file}:{line}: {problem}" : $"{file}: {problem}");
}
