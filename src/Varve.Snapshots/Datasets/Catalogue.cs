namespace Varve.Snapshots.Datasets;

/// <summary>Which datasets there are, and which host holds which snapshot of them. A value: changes make a new one.</summary>
public sealed record Catalogue
{
    /// <summary>One that knows nothing.</summary>
    public static Catalogue Empty { get; } = new();

    /// <summary>The record of each host, by its name.</summary>
    public IReadOnlyDictionary<string, HostRecord> Hosts { get; init; } = new SortedDictionary<string, HostRecord>(StringComparer.Ordinal);

    /// <summary>What was decided of each dataset, by its name.</summary>
    public IReadOnlyDictionary<string, Wish> Wishes { get; init; } = new SortedDictionary<string, Wish>(StringComparer.Ordinal);

    /// <summary>The datasets that a host holds or somebody decided something of, sorted.</summary>
    public IReadOnlyList<string> Datasets => [.. Hosts.Values.Where(static h => !h.IsGone).SelectMany(static h => h.Holdings.Select(static d => d.Dataset)).Concat(Wishes.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>How many copies of a dataset are wanted; one when nobody said.</summary>
    public int Copies(string dataset) => Wishes.TryGetValue(dataset, out var wish) ? wish.Copies : 1;

    /// <summary>The hosts that hold a dataset.</summary>
    public IEnumerable<HostRecord> Holders(string dataset) => Hosts.Values.Where(h => !h.IsGone && h.Of(dataset) is not null);

    /// <summary>
    /// What either of two knew. Commutative, associative, and the same once more changes nothing: hosts that met in any
    /// order know the same.
    /// </summary>
    public Catalogue MergedWith(Catalogue other) => new()
    {
        Hosts = Merged(Hosts, other.Hosts, static (a, b) => Compare(a, b) >= 0 ? a : b),
        Wishes = Merged(Wishes, other.Wishes, static (a, b) => (a.Version, a.By).CompareTo((b.Version, b.By)) is var order && order != 0 ? order > 0 ? a : b : a.Copies >= b.Copies ? a : b),
    };

    /// <summary>With this record in place of what was known of its host.</summary>
    public Catalogue With(HostRecord record) => this with { Hosts = new SortedDictionary<string, HostRecord>(Hosts.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal) { [record.Name] = record } };

    /// <summary>With a decision.</summary>
    public Catalogue With(Wish wish) => this with { Wishes = new SortedDictionary<string, Wish>(Wishes.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal) { [wish.Dataset] = wish } };

    /// <summary>The record with the larger version is later; two of one version come of a host that was set up anew, and go by time, then by their bytes.</summary>
    private static int Compare(HostRecord a, HostRecord b) =>
        (a.Version, a.At).CompareTo((b.Version, b.At)) is var order && order != 0 ? order : CatalogueText.Of(Empty.With(a)).AsSpan().SequenceCompareTo(CatalogueText.Of(Empty.With(b)));

    private static SortedDictionary<string, T> Merged<T>(IReadOnlyDictionary<string, T> first, IReadOnlyDictionary<string, T> second, Func<T, T, T> later)
    {
        var all = new SortedDictionary<string, T>(first.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var (name, value) in second) all[name] = all.TryGetValue(name, out var own) ? later(own, value) : value;
        return all;
    }
}
