namespace Varve.Snapshots.Volumes;

/// <summary>Which back end a dataset belongs to.</summary>
public sealed class BackEnds(Host host)
{
    private readonly ZfsVolumes _zfs = new(host);
    private readonly BtrfsVolumes _btrfs = new(host);

    /// <summary>ZFS for <c>pool/name</c>, btrfs for an absolute folder.</summary>
    public IVolumes Of(string dataset) => dataset.StartsWith('/') ? _btrfs : _zfs;
}
