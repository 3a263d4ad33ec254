using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>What is on one side: a few calls, however many datasets.</summary>
internal sealed record Listing(IReadOnlyList<Dataset> Datasets, ILookup<string, Snapshot> Snapshots, ILookup<string, Bookmark> Bookmarks)
{
    /// <summary>What a target that is not there yet would lie in, where that matters.</summary>
    public Dataset? Above { get; init; }

    /// <summary>Looks at a side.</summary>
    /// <param name="side">Which.</param>
    /// <param name="recursive">Also at what is below.</param>
    /// <param name="bookmarks">Also at bookmarks: a target's are of no use.</param>
    public static Listing Read(Side side, bool recursive, bool bookmarks)
    {
        var datasets = side.Volumes.Datasets(side.Dataset, recursive);
        List<string> names = [.. datasets.Select(static d => d.Name)];
        return new Listing(
            datasets,
            (names.Count == 0 ? [] : side.Volumes.Snapshots(names)).ToLookup(static s => s.Dataset, StringComparer.Ordinal),
            (names.Count == 0 || !bookmarks ? [] : side.Volumes.Bookmarks(names)).ToLookup(static b => b.Dataset, StringComparer.Ordinal));
    }

    /// <summary>Looks at both sides at once.</summary>
    public static (Listing Source, Listing Target) Both(Side source, Side target, bool recursive)
    {
        var second = Task.Run(() =>
        {
            var listing = Read(target, recursive, bookmarks: false);
            return listing.Datasets.Count > 0 || target.Volumes.Kind != "zfs" || !target.Dataset.Contains('/', StringComparison.Ordinal) ? listing
                : listing with { Above = target.Volumes.Find(target.Dataset[..target.Dataset.LastIndexOf('/')]) };
        });
        try
        {
            var first = Read(source, recursive, source.Volumes.Abilities.HasFlag(Abilities.Bookmarks));
            return (first, second.GetAwaiter().GetResult());
        }
        catch
        {
            ((IAsyncResult)second).AsyncWaitHandle.WaitOne();
            throw;
        }
    }
}
