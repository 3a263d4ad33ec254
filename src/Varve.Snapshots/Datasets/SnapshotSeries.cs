using System.Text;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>The snapshots of one folder on this host, the oldest first, and where in each a file would be.</summary>
internal sealed class SnapshotSeries : IDisposable
{
    private readonly Func<int, SnapshotFiles> _open;
    private readonly SnapshotRepository? _repository;
    private readonly Dictionary<int, SnapshotFiles> _files = [];

    private SnapshotSeries(string source, string inside, IReadOnlyList<Instant> instants, Func<int, SnapshotFiles> open, SnapshotRepository? repository = null) =>
        (Source, Inside, Instants, _open, _repository) = (source, Encoding.UTF8.GetBytes(inside), instants, open, repository);

    /// <summary>The dataset, or the repository.</summary>
    public string Source { get; }

    /// <summary>The file, as the snapshots have it.</summary>
    public byte[] Inside { get; }

    /// <summary>When they were taken.</summary>
    public IReadOnlyList<Instant> Instants { get; }

    /// <summary>The files of one.</summary>
    public SnapshotFiles Open(int number) => _files.TryGetValue(number, out var files) ? files : _files[number] = _open(number);

    /// <summary>The snapshots of the nearest dataset above a file; null when it lies in none.</summary>
    public static SnapshotSeries? Around(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var inside = Path.GetRelativePath(folder, path);
            if (PlainVolumes.IsDataset(folder))
            {
                var at = PlainVolumes.RepositoryOf(folder);
                var repository = SnapshotRepository.Open(at, SnapshotRepository.IsEncrypted(at) ? RepositoryKey.OfEnvironment() : null, SnapshotRepository.UsualCacheFolder);
                return Of(repository, folder, inside, static _ => true);
            }
            if (Directory.Exists($"{folder}/.zfs/snapshot")) return Of(new ZfsVolumes(Host.Local), Host.Local.Run(["zfs", "list", "-H", "-o", "name", folder]).Trim(), folder, inside);
            if (Directory.Exists($"{folder}/{BtrfsVolumes.Folder}")) return Of(new BtrfsVolumes(Host.Local), folder, folder, inside);
        }
        return null;
    }

    /// <summary>The snapshots of a repository that were taken of the nearest folder above a file; null when there are none.</summary>
    public static SnapshotSeries? In(SnapshotRepository repository, string path)
    {
        var saved = repository.Snapshots().Select(static s => s.Path).ToHashSet(StringComparer.Ordinal);
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
            if (saved.Contains(folder)) return Of(repository, repository.Path, Path.GetRelativePath(folder, path), s => s.Path == folder);
        repository.Dispose();
        return null;
    }

    private static SnapshotSeries Of(SnapshotRepository repository, string source, string inside, Func<SnapshotDescription, bool> wanted)
    {
        var all = repository.Snapshots().Where(wanted).ToList();
        return new SnapshotSeries(source, inside, [.. all.Select(static s => new Instant(s.Label.Length > 0 ? s.Label : s.Name[..12], s.Taken))], n => new RepositoryFiles(repository, all[n].Name, owns: false), repository);
    }

    private static SnapshotSeries Of(IVolumes volumes, string dataset, string folder, string inside)
    {
        var all = volumes.Snapshots([dataset]);
        return new SnapshotSeries(folder, inside, [.. all.Select(static s => new Instant(s.Name, DateTimeOffset.FromUnixTimeSeconds(s.CreatedAt)))], n => SnapshotFiles.Open(volumes, dataset, all[n].Name));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var files in _files.Values) files.Dispose();
        _repository?.Dispose();
    }
}
