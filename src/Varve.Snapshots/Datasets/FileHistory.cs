using System.Security.Cryptography;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Datasets;

/// <summary>A snapshot, as far as it tells when something happened.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">When it was taken.</param>
public sealed record Instant(string Name, DateTimeOffset At);

/// <summary>What became of another file in the same time.</summary>
public enum FileChange
{
    /// <summary>It was not there before.</summary>
    Made,

    /// <summary>Its size, its time or its target is another.</summary>
    Changed,

    /// <summary>It is not there any more.</summary>
    Removed,
}

/// <summary>When a file came to be what it is, as snapshots tell.</summary>
/// <param name="Path">The file, absolute.</param>
/// <param name="Source">Whose snapshots: the dataset, or the repository.</param>
/// <param name="Digest">SHA-256 of its content, in hexadecimal.</param>
/// <param name="ModifiedAt">What the file says itself.</param>
public sealed record FileHistory(string Path, string Source, string Digest, DateTimeOffset ModifiedAt)
{
    /// <summary>The last snapshot without this content; null when the oldest one has it already.</summary>
    public Instant? LastWithout { get; init; }

    /// <summary>Whether that snapshot has the file, with another content.</summary>
    public bool WasThere { get; init; }

    /// <summary>The first snapshot with this content, of those that have it without a break up to now; null when the newest has it not.</summary>
    public Instant? FirstWith { get; init; }

    /// <summary>How many snapshots have it since.</summary>
    public int SnapshotsWith { get; init; }

    /// <summary>What else changed between the two; empty when one of them is missing.</summary>
    public IReadOnlyList<(FileChange Change, string Path)> Others { get; init; } = [];
}

/// <summary>
/// Finds out, for a file that nobody is known to have made, between which snapshots it was. A content is compared by its digest;
/// files of one size and time are read once. What else changed is told by sizes and times.
/// </summary>
public static class FileHistories
{
    /// <summary>What the snapshots of the dataset that the file lies in tell; null when it lies in none, or that has no snapshots.</summary>
    /// <exception cref="SnapshotException">They cannot be read.</exception>
    public static FileHistory? Of(string path, CancellationToken cancel = default) => Of(SnapshotSeries.Around(path), path, cancel);

    /// <summary>What the snapshots of a repository tell that were taken of a folder above the file; null when it has none.</summary>
    /// <param name="repository">The repository; disposed.</param>
    /// <param name="path">The file, absolute.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="SnapshotException">They cannot be read.</exception>
    public static FileHistory? Of(SnapshotRepository repository, string path, CancellationToken cancel = default) => Of(SnapshotSeries.In(repository, path), path, cancel);

    private static FileHistory? Of(SnapshotSeries? series, string path, CancellationToken cancel)
    {
        using (series) return series is null || series.Instants.Count == 0 ? null : Told(series, path, cancel);
    }

    private static FileHistory Told(SnapshotSeries series, string path, CancellationToken cancel)
    {
        var now = new FileInfo(path);
        using var handle = now.OpenRead();
        var digest = Convert.ToHexStringLower(SHA256.HashData(handle));
        var history = new FileHistory(path, series.Source, digest, new DateTimeOffset(now.LastWriteTimeUtc));
        var known = new Dictionary<(long, long), bool>();
        var first = series.Instants.Count;
        FileRow? before = null;
        while (first > 0)
        {
            cancel.ThrowIfCancellationRequested();
            var files = series.Open(first - 1);
            before = files.Look(series.Inside);
            if (before is not { Kind: 'f' } || before.Size != now.Length || !IsSame(files, before)) break;
            first--;
        }
        var (without, with) = (first > 0 ? series.Instants[first - 1] : null, first < series.Instants.Count ? series.Instants[first] : null);
        history = history with { LastWithout = without, WasThere = first > 0 && before is not null, FirstWith = with, SnapshotsWith = series.Instants.Count - first };
        return without is null || with is null ? history : history with { Others = Others(series.Open(first - 1).Manifest, series.Open(first).Manifest, series.Inside) };

        bool IsSame(SnapshotFiles files, FileRow row)
        {
            if (known.TryGetValue((row.Size, row.ModifiedNs), out var same)) return same;
            using var hash = new HashStream();
            files.Open(row.Path, 0, out _)(hash);
            return known[(row.Size, row.ModifiedNs)] = hash.Digest() == digest;
        }
    }

    /// <summary>Both are sorted by path. A directory counts by its name only, for whatever changes in it changes its time.</summary>
    private static List<(FileChange, string)> Others(Manifest before, Manifest after, byte[] self)
    {
        var changes = new List<(FileChange, string)>();
        var (old, fresh) = (before.Rows, after.Rows);
        for (int i = 0, j = 0; i < old.Count || j < fresh.Count;)
        {
            var order = i == old.Count ? 1 : j == fresh.Count ? -1 : old[i].Path.AsSpan().SequenceCompareTo(fresh[j].Path);
            var row = order < 0 ? old[i] : fresh[j];
            FileChange? change = order < 0 ? FileChange.Removed : order > 0 ? FileChange.Made : IsSame(old[i], fresh[j]) ? null : FileChange.Changed;
            if (change is { } what && row.Kind != 'd' && !row.Path.AsSpan().SequenceEqual(self)) changes.Add((what, row.Shown));
            if (order <= 0) i++;
            if (order >= 0) j++;
        }
        return changes;
    }

    private static bool IsSame(FileRow a, FileRow b) => a.Kind == b.Kind && a.Size == b.Size && (a.Kind == 'd' || a.ModifiedNs == b.ModifiedNs) && a.Target.AsSpan().SequenceEqual(b.Target);
}
