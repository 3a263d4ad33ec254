namespace Varve.Snapshots.Volumes;

/// <summary>What a change does.</summary>
public enum ChangeKind
{
    /// <summary>As <see cref="IVolumes.Hold"/>: <c>Name</c> is the snapshot, <c>Value</c> the tag.</summary>
    Hold,

    /// <summary>As <see cref="IVolumes.Release"/>.</summary>
    Release,

    /// <summary>As <see cref="IVolumes.SetNote"/>: <c>Name</c> is the note.</summary>
    Note,

    /// <summary>As <see cref="IVolumes.MakeBookmark"/>: <c>Name</c> is the snapshot, <c>Value</c> the bookmark.</summary>
    MakeBookmark,

    /// <summary>As <see cref="IVolumes.DestroyBookmark"/>: <c>Name</c> is the bookmark.</summary>
    DestroyBookmark,

    /// <summary>As <see cref="IVolumes.Destroy"/>: <c>Name</c> is the snapshot.</summary>
    Destroy,
}

/// <summary>A small change of a dataset; many of them go in one call.</summary>
public sealed record VolumeChange(ChangeKind Kind, string Dataset, string Name, string Value = "")
{
    /// <summary>How many words of a program's line one is.</summary>
    internal const int Words = 4;

    /// <summary>As words: kind, dataset, name, and the value behind an equals sign, so that none is empty.</summary>
    internal string[] AsWords => [Kind.ToString().ToLowerInvariant(), Dataset, Name, "=" + Value];

    /// <summary>Reads such words.</summary>
    /// <exception cref="SnapshotException">They make no sense.</exception>
    internal static IReadOnlyList<VolumeChange> Read(IEnumerable<string> words) => [.. words.Chunk(Words).Select(static w =>
        w is [var kind, var dataset, var name, ['=', .. var value]] && Enum.TryParse<ChangeKind>(kind, ignoreCase: true, out var known) ? new VolumeChange(known, dataset, name, value)
            : throw new SnapshotException("a change that makes no sense: the varve of the other host may be newer"))];

    /// <summary>In as few lots as calls take.</summary>
    internal static IEnumerable<List<string>> Lots(IReadOnlyList<VolumeChange> changes) => Host.Batches(changes.Select(static c => c.AsWords));

    /// <summary>One call each, for back ends where a call costs nothing.</summary>
    internal static void OneByOne(IVolumes volumes, IReadOnlyList<VolumeChange> changes)
    {
        foreach (var (kind, dataset, name, value) in changes)
        {
            switch (kind)
            {
                case ChangeKind.Hold: volumes.Hold(dataset, name, value); break;
                case ChangeKind.Release: volumes.Release(dataset, name, value); break;
                case ChangeKind.Note: volumes.SetNote(dataset, name, value); break;
                case ChangeKind.MakeBookmark: volumes.MakeBookmark(dataset, name, value); break;
                case ChangeKind.DestroyBookmark: volumes.DestroyBookmark(dataset, name); break;
                default: volumes.Destroy(dataset, [name]); break;
            }
        }
    }
}
