using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Volumes;

/// <summary>Which back end a dataset belongs to.</summary>
/// <param name="host">Where.</param>
/// <param name="warn">Told of files that a snapshot could not take in, a line each; null: nobody is.</param>
public sealed class BackEnds(Host host, Action<string>? warn = null)
{
    private readonly ZfsVolumes _zfs = new(host);
    private readonly BtrfsVolumes _btrfs = new(host);
    private readonly PlainVolumes _plain = new(RepositoryKey.OfEnvironment, SnapshotRepository.UsualCacheFolder, warn ?? (static _ => { }));

    /// <summary>ZFS for <c>pool/name</c>; for an absolute folder btrfs where it lies on one, else plain files, which on other hosts cannot be reached.</summary>
    public IVolumes Of(string dataset) =>
        !dataset.StartsWith('/') ? _zfs : !host.IsLocal ? _btrfs : PlainVolumes.IsDataset(dataset) || !IsOnBtrfs(dataset) ? _plain : _btrfs;

    /// <summary>By the nearest folder that is there: a target may be yet to make.</summary>
    private static bool IsOnBtrfs(string folder)
    {
        var there = folder;
        while (!Directory.Exists(there) && there.Length > 1) there = Path.GetDirectoryName(there) ?? "/";
        return new DriveInfo(there).DriveFormat == "btrfs";
    }
}
