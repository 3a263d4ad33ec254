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

    /// <summary>The same, with what is known of the host: folders of other hosts that are not on btrfs are reached through the <c>varve</c> there.</summary>
    /// <exception cref="SnapshotException">There is none.</exception>
    public IVolumes Of(string dataset, HostFacts facts)
    {
        if (host.IsLocal || !dataset.StartsWith('/') || (facts.FileSystem == "btrfs" && !facts.IsPlain)) return Of(dataset);
        if (!facts.HasVarve) throw new SnapshotException($"{host.Name}:{dataset} is a plain folder, and {host.Name} has no varve, which it takes there; install it, or sync into a repository there ({host.Name}:repo:FOLDER)");
        return _remote ??= new RemoteVolumes(host);
    }

    /// <summary>Says what will be asked of a dataset before it is known of which back end it is on another host; a guess that is wrong costs nothing.</summary>
    internal void Expect(string dataset, bool recursive)
    {
        var likely = Of(dataset);
        try
        {
            likely.Expect(new Questions(dataset, recursive, recursive && likely == _btrfs ? [] : [dataset], []));
        }
        catch (SnapshotException)
        {
            // Whoever asks for it in earnest is told.
        }
    }

    private RemoteVolumes? _remote;

    /// <summary>By the nearest folder that is there: a target may be yet to make.</summary>
    private static bool IsOnBtrfs(string folder)
    {
        var there = folder;
        while (!Directory.Exists(there) && there.Length > 1) there = Path.GetDirectoryName(there) ?? "/";
        return new DriveInfo(there).DriveFormat == "btrfs";
    }
}
