using Varve.Store;

namespace Varve.Lineage;

/// <summary>How large something is.</summary>
/// <param name="Name">What.</param>
/// <param name="Files">How many files or blobs.</param>
/// <param name="Bytes">Their size.</param>
public sealed record SizeLine(string Name, long Files, long Bytes);

/// <summary>Where the space goes.</summary>
/// <param name="Store">The store, by what its blobs are for; each blob counts once, under the first that holds.</param>
/// <param name="Owners">Results, by the document or program that made them, the largest first; one that several made counts for each.</param>
/// <param name="Folders">The home's parts besides the store.</param>
public sealed record SizeReport(IReadOnlyList<SizeLine> Store, IReadOnlyList<SizeLine> Owners, IReadOnlyList<SizeLine> Folders);

/// <summary>Adds up what a home holds.</summary>
internal static class Sizes
{
    /// <summary>Looks at every blob's size, and at the lineage.</summary>
    public static SizeReport Of(VarveHome home, LineageDatabase lineage)
    {
        var references = References.Load(lineage);
        var there = StoreListing.Blobs(home).ToDictionary(static b => b.Digest, static b => b.Bytes);
        var counted = new HashSet<Digest>();
        SizeLine Line(string name, IEnumerable<Digest> blobs)
        {
            var (files, bytes) = (0L, 0L);
            foreach (var blob in blobs)
            {
                if (!there.TryGetValue(blob, out var size) || !counted.Add(blob)) continue;
                files++;
                bytes += size;
            }
            return new SizeLine(name, files, bytes);
        }
        SizeLine[] store =
        [
            Line("pinned", references.Pinned),
            Line("results", references.Holders.SelectMany(static h => h.Results)),
            Line("output", references.Holders.Select(static h => h.Transcript)),
            Line("input", references.Holders.Select(static h => h.Input)),
            Line("fetched", references.Fetched.Values.SelectMany(static f => f)),
            Line("listings", references.Listings.Values.SelectMany(static l => l)),
            Line("saved", references.Saved),
            Line("unused", there.Keys),
        ];
        var owners = references.Holders.GroupBy(static h => h.Owner, StringComparer.Ordinal).Select(g =>
        {
            var results = g.SelectMany(static h => h.Results).Distinct().Where(there.ContainsKey).ToList();
            return new SizeLine(g.Key, results.Count, results.Sum(r => there[r]));
        });
        return new SizeReport(store, [.. owners.OrderByDescending(static o => o.Bytes).ThenBy(static o => o.Name, StringComparer.Ordinal)], Folders(home));
    }

    private static IReadOnlyList<SizeLine> Folders(VarveHome home)
    {
        SizeLine Line(string name, params string[] paths)
        {
            var sizes = paths.Select(StoreListing.SizeOf).ToList();
            return new SizeLine(name, sizes.Sum(static s => s.Files), sizes.Sum(static s => s.Bytes));
        }
        return
        [
            Line("lineage", home.LineageFile, home.LineageFile + "-wal", home.LineageFile + "-shm"),
            Line("stamps", home.StampsFile),
            Line("running", home.RunningFolder),
            Line("failed", home.FailedFolder),
            Line("fetching", home.FetchingFolder),
            Line("environments", home.EnvironmentsFolder),
            Line("damaged", home.Folder + "/damaged"),
        ];
    }
}
