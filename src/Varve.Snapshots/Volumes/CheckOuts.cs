using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Volumes;

/// <summary>Makes a folder of a snapshot that can be written: sharing blocks where the disk can, else a copy.</summary>
public static class CheckOuts
{
    /// <summary>Makes the folder.</summary>
    /// <param name="volumes">The back end of the dataset; on this host.</param>
    /// <param name="dataset">The dataset.</param>
    /// <param name="name">The snapshot.</param>
    /// <param name="target">An empty or new folder, absolute.</param>
    /// <param name="only">Paths from the dataset; all when empty.</param>
    /// <param name="progress">Told how far it is, where that is known.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What could not be brought back as it was, a line each.</returns>
    /// <exception cref="SnapshotException">There is no such snapshot, or it cannot be put there.</exception>
    public static IReadOnlyList<string> Make(IVolumes volumes, string dataset, string name, string target, IReadOnlyList<string> only, RepositoryProgress? progress = null, CancellationToken cancel = default)
    {
        if (volumes is PlainVolumes plain) return plain.CheckOut(dataset, name, target, [.. only.Select(System.Text.Encoding.UTF8.GetBytes)], progress, cancel).Troubles;
        var folder = FolderOf(volumes, dataset, name);
        if (!Directory.Exists(folder)) throw new SnapshotException($"{dataset}@{name} does not exist, or its dataset is not mounted: there is no {folder}");
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()) throw new SnapshotException($"{target} is not empty; give another folder");
        Directory.CreateDirectory(target);
        // Paths are arguments, never text of the script.
        const string Script = """cd "$1" && shift && t=$1 && shift && exec cp -a --reflink=auto --parents -- "$@" "$t" """;
        Host.Local.Script(Script, [folder, target, .. only.Count == 0 ? (IReadOnlyList<string>)["."] : only]);
        return [];
    }

    internal static string FolderOf(IVolumes volumes, string dataset, string name) => volumes switch
    {
        BtrfsVolumes => $"{dataset}/{BtrfsVolumes.Folder}/{name}",
        ZfsVolumes => $"{LiveFolderOf(volumes, dataset)}/.zfs/snapshot/{name}",
        _ => throw new SnapshotException($"snapshots of {volumes.Kind} cannot be checked out"),
    };

    /// <summary>The folder in which the files of a dataset of this host are seen as they are now.</summary>
    internal static string LiveFolderOf(IVolumes volumes, string dataset) => volumes is not ZfsVolumes ? dataset
        : Host.Local.Run(["zfs", "get", "-H", "-o", "value", "mountpoint", dataset]).Trim() is ['/', ..] folder ? folder : throw new SnapshotException($"{dataset} is not mounted; its key may not be loaded");
}
