using System.Globalization;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>Says where two sides went apart: since which snapshot, what the target has, from when, and how much would be lost.</summary>
internal static class Divergence
{
    private const int MostNamed = 5;

    /// <summary>The target went on from the newest common snapshot.</summary>
    public static string Newer(Side source, Side target, Transfer transfer, Common common)
    {
        var lost = target.Volumes.WrittenSince(transfer.Target, common.Theirs!.Name);
        var amount = lost is { } bytes ? $", {Size(bytes)} written since" : "";
        return $"{target.Of(transfer.Target)} went its own way after {common.Theirs.Name} ({Time(common.Theirs)}), the newest that {source.Of(transfer.Source)} has too{amount}: "
            + $"{Named(common.Newer)}. --rollback destroys {(common.Newer.Count == 1 ? "it" : "them")} and goes on from there; or sync to another dataset and keep both";
    }

    /// <summary>There is no common snapshot.</summary>
    public static string NothingInCommon(Side source, Side target, Transfer transfer, IReadOnlyList<Snapshot> theirs) =>
        $"{target.Of(transfer.Target)} has no snapshot in common with {source.Of(transfer.Source)}, nor has that a bookmark of one: {Named(theirs)}. Sync to another dataset; or --force-delete destroys {target.Of(transfer.Target)}"
        + $"{(transfer.TargetState is { UsedBytes: > 0 } known && target.Volumes.Kind == "zfs" ? $" ({Size(known.UsedBytes)})" : "")} and sends everything";

    /// <summary>The target is there, and has no snapshots.</summary>
    public static string NoSnapshots(Side target, Dataset dataset) =>
        $"{target.Of(dataset.Name)} is there already and has no snapshots ({Size(dataset.UsedBytes)}): a first sync makes its target itself. Give a name that is free, such as {target.Of(dataset.Name)}/copy; or --force-delete destroys it";

    private static string Named(IReadOnlyList<Snapshot> snapshots)
    {
        var newestFirst = snapshots.Reverse().Take(MostNamed).Select(static s => $"{s.Name} ({Time(s)}{(s.UniqueBytes > 0 ? ", " + Size(s.UniqueBytes) + " of its own" : "")})");
        return $"{snapshots.Count} {(snapshots.Count == 1 ? "snapshot" : "snapshots")}: {string.Join(", ", newestFirst)}{(snapshots.Count > MostNamed ? ", ..." : "")}";
    }

    public static string Time(Snapshot snapshot) => DateTimeOffset.FromUnixTimeSeconds(snapshot.CreatedAt).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Size(long bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB", "PB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 999.5 && unit < units.Length - 1) (value, unit) = (value / 1000, unit + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 || value >= 100 ? Math.Round(value) : Math.Round(value, 1))} {units[unit]}");
    }
}
