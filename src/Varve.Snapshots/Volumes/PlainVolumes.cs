using Varve.Snapshots.Policy;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Volumes;

/// <summary>
/// Folders on any file system. The snapshots of a folder lie in a repository in <c>.varve-snapshots</c> inside it, which
/// lies in no snapshot itself, and which a link may put on another disk. A folder below that has snapshots of its
/// own is a dataset of its own. Holds and notes lie beside the repository.
/// </summary>
/// <param name="keyOf">The key of encrypted repositories, asked for when the first is met; null: there is none.</param>
/// <param name="cacheFolder">Where this machine keeps what it knows of repositories.</param>
/// <param name="warn">Told of files that could not be read, a line each.</param>
public sealed class PlainVolumes(Func<RepositoryKey?> keyOf, string cacheFolder, Action<string> warn) : IVolumes
{
    private const string Holds = "holds", NotesFolder = "notes", Collected = "collected";
    private const int DeepestSearch = 9;
    private static readonly TimeSpan BetweenCollections = TimeSpan.FromHours(20);
    private readonly Lazy<RepositoryKey?> _key = new(keyOf);

    /// <summary>The folder in a dataset that holds all of this.</summary>
    public const string Folder = BtrfsVolumes.Folder;

    /// <summary>The repository of a dataset.</summary>
    public static string RepositoryOf(string dataset) => $"{Checked(dataset)}/{Folder}/repository";

    /// <summary>Whether this folder has snapshots of this kind.</summary>
    public static bool IsDataset(string folder) => File.Exists($"{RepositoryOf(folder)}/{RepositoryConfig.FileName}");

    /// <inheritdoc/>
    public string Kind => "plain";

    /// <inheritdoc/>
    public string Host => "";

    /// <inheritdoc/>
    public Abilities Abilities => Abilities.None;

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets(string root, bool recursive)
    {
        root = Checked(root);
        if (!Directory.Exists(root)) return [];
        var names = new List<string> { root };
        if (recursive) AddBelow(root, names, DeepestSearch);
        return [.. names.Select(Describe)];
    }

    private static void AddBelow(string folder, List<string> names, int levels)
    {
        if (levels == 0) return;
        var options = new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        foreach (var below in Directory.EnumerateDirectories(folder, "*", options).Where(static d => Path.GetFileName(d) != Folder).Order(StringComparer.Ordinal))
        {
            if (IsDataset(below)) names.Add(below);
            AddBelow(below, names, levels - 1);
        }
    }

    private Dataset Describe(string name)
    {
        var disk = new DriveInfo(name);
        var notes = $"{name}/{Folder}/{NotesFolder}";
        return new Dataset(name)
        {
            Key = !IsDataset(name) || !SnapshotRepository.IsEncrypted(RepositoryOf(name)) ? KeyState.NotEncrypted : _key.Value is null ? KeyState.Unavailable : KeyState.Available,
            AvailableBytes = disk.AvailableFreeSpace,
            UsedBytes = disk.TotalSize - disk.TotalFreeSpace,
            PoolPercent = disk.TotalSize == 0 ? 0 : (int)((disk.TotalSize - disk.TotalFreeSpace) * 100 / disk.TotalSize),
            Notes = Directory.Exists(notes)
                ? Directory.EnumerateFiles(notes).Where(static f => !Path.GetFileName(f).StartsWith('.')).ToDictionary(static f => Path.GetFileName(f), File.ReadAllText, StringComparer.Ordinal)
                : new Dictionary<string, string>(),
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets)
    {
        var found = new List<Snapshot>();
        foreach (var dataset in datasets.Select(Checked).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Where(IsDataset))
        {
            using var repository = Open(dataset);
            found.AddRange(List(dataset, repository).Select(static s => s.Snapshot));
        }
        return found;
    }

    /// <summary>The snapshots of a dataset, each with the full name of its object.</summary>
    private static IEnumerable<(Snapshot Snapshot, string Object)> List(string dataset, SnapshotRepository repository) =>
        repository.Snapshots().Select((s, n) => (new Snapshot(dataset, s.Label.Length > 0 ? s.Label : s.Name[..12], s.Guid, s.Taken.ToUnixTimeSeconds(), (ulong)n + 1)
        {
            IsMarked = s.IsMarked,
            Holds = TagsOf(dataset, s.Guid).Count,
        }, s.Name));

    private static (Snapshot Snapshot, string Object) Find(string dataset, string name, SnapshotRepository repository) =>
        List(dataset, repository).Where(s => s.Snapshot.Name == name).Select(static s => ((Snapshot, string)?)s).FirstOrDefault() ?? throw new SnapshotException($"{dataset}@{name} does not exist");

    private static string HoldsOf(string dataset, ulong guid) => $"{dataset}/{Folder}/{Holds}/{guid:x16}";

    private static List<string> TagsOf(string dataset, ulong guid) =>
        Directory.Exists(HoldsOf(dataset, guid)) ? [.. Directory.EnumerateFiles(HoldsOf(dataset, guid)).Select(static f => Uri.UnescapeDataString(Path.GetFileName(f)))] : [];

    /// <inheritdoc/>
    public IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets) => [];

    /// <inheritdoc/>
    public void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children)
    {
        if (children) throw new SnapshotException("folders cannot be snapshotted with those below them in one instant; use recursive = yes");
        foreach (var (dataset, name) in snapshots.Select(static s => (Checked(s.Dataset), CheckedName(s.Name))))
        {
            if (!Directory.Exists(dataset)) throw new SnapshotException($"{dataset} does not exist");
            Prepare(dataset);
            using var repository = Open(dataset);
            if (List(dataset, repository).Any(s => s.Snapshot.Name == name)) throw new SnapshotException($"{dataset}@{name} is there already");
            var report = repository.Backup(new BackupOptions { Path = System.Text.Encoding.UTF8.GetBytes(dataset), Label = name, Marked = true, Exclude = [Folder], LeaveOutWith = Folder });
            foreach (var trouble in report.Troubles) warn($"{dataset}@{name}: {trouble}");
        }
    }

    /// <summary>Makes the folder of a dataset, and a repository that is not encrypted, when they are not there.</summary>
    private static void Prepare(string dataset)
    {
        if (IsDataset(dataset)) return;
        try
        {
            Directory.CreateDirectory(dataset);
            // A link to a folder on another disk is as good.
            if (!Directory.Exists($"{dataset}/{Folder}")) Directory.CreateDirectory($"{dataset}/{Folder}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{dataset} cannot have snapshots: {e.Message}", e);
        }
        SnapshotRepository.Create(RepositoryOf(dataset), RepositoryCipher.None, key: null, appendOnly: false);
    }

    private SnapshotRepository Open(string dataset, bool exclusive = false)
    {
        var path = RepositoryOf(dataset);
        return SnapshotRepository.Open(path, SnapshotRepository.IsEncrypted(path) ? _key.Value : null, cacheFolder, exclusive);
    }

    /// <summary>Destroys; the space is freed at once for the first of a day, and for others with it.</summary>
    public void Destroy(string dataset, IReadOnlyList<string> names)
    {
        dataset = Checked(dataset);
        if (!IsDataset(dataset)) throw new SnapshotException($"{dataset} has no snapshots");
        using var repository = Open(dataset, exclusive: true);
        var found = names.Select(n => Find(dataset, n, repository)).ToList();
        if (found.Find(static s => s.Snapshot.Holds > 0).Snapshot is { } held) throw new SnapshotException($"{held.FullName} is held ({string.Join(", ", TagsOf(dataset, held.Guid))})");
        repository.Forget([.. found.Select(static s => s.Object)]);
        var stamp = $"{dataset}/{Folder}/{Collected}";
        var age = DateTime.UtcNow - (File.Exists(stamp) ? File.GetLastWriteTimeUtc(stamp) : DateTime.MinValue);
        if (age < BetweenCollections && age > TimeSpan.Zero) return;
        repository.Prune();
        File.WriteAllText(stamp, "");
    }

    /// <inheritdoc/>
    public void Hold(string dataset, string name, string tag)
    {
        dataset = Checked(dataset);
        // Kept open, so that nobody destroys it meanwhile.
        using var repository = Open(dataset);
        var folder = HoldsOf(dataset, Find(dataset, name, repository).Snapshot.Guid);
        Directory.CreateDirectory(folder);
        File.Create($"{folder}/{Uri.EscapeDataString(tag)}").Dispose();
        ObjectFolder.Sync(folder);
    }

    /// <inheritdoc/>
    public void Release(string dataset, string name, string tag)
    {
        dataset = Checked(dataset);
        if (!IsDataset(dataset)) return;
        using var repository = Open(dataset);
        foreach (var (snapshot, _) in List(dataset, repository).Where(s => s.Snapshot.Name == name)) File.Delete($"{HoldsOf(dataset, snapshot.Guid)}/{Uri.EscapeDataString(tag)}");
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots) =>
        [.. snapshots.SelectMany(static s => TagsOf(Checked(s.Dataset), s.Guid).Order(StringComparer.Ordinal).Select(t => (s.FullName, t)))];

    /// <inheritdoc/>
    public void MakeBookmark(string dataset, string name, string bookmark) => throw new SnapshotException("folders have no bookmarks; the snapshot must stay as long as a peer needs it");

    /// <inheritdoc/>
    public void DestroyBookmark(string dataset, string bookmark)
    {
    }

    /// <inheritdoc/>
    public void SetNote(string dataset, string note, string value)
    {
        dataset = Checked(dataset);
        Prepare(dataset);
        var folder = $"{dataset}/{Folder}/{NotesFolder}";
        Directory.CreateDirectory(folder);
        if (value.Length == 0) File.Delete($"{folder}/{CheckedName(note)}");
        else Replace($"{folder}/{CheckedName(note)}", value);
    }

    private static void Replace(string path, string text)
    {
        var fresh = $"{Path.GetDirectoryName(path)}/.new-{Guid.NewGuid():n}";
        using (var file = new FileStream(fresh, FileMode.Create))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
        ObjectFolder.Sync(Path.GetDirectoryName(path)!);
    }

    /// <inheritdoc/>
    public long? Estimate(SendRequest request) => null;

    /// <inheritdoc/>
    public IEnd Send(SendRequest request)
    {
        if (request.Raw) throw new SnapshotException("folders cannot be sent raw; copy their encrypted repository instead, or back up into one");
        var dataset = Checked(request.Dataset);
        var repository = Open(dataset);
        try
        {
            var (name, from) = (Find(dataset, request.Name, repository).Object, request.Base is { } known ? Find(dataset, known, repository).Object : null);
            return new PipeEnd(receives: false, (output, _) =>
            {
                using (repository) repository.SendTo(name, from, output);
            });
        }
        catch
        {
            repository.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IEnd Receive(ReceiveRequest request)
    {
        var dataset = Checked(request.Dataset);
        Prepare(dataset);
        return new PipeEnd(receives: true, (input, await) =>
        {
            using var repository = Open(dataset, exclusive: request.Rollback);
            repository.ReceiveFrom(input, (description, from) => Base(dataset, repository, description, from, request.Rollback), await);
        });
    }

    /// <summary>The object of the base here; throws when the stream does not fit.</summary>
    private static string? Base(string dataset, SnapshotRepository repository, SnapshotDescription comes, ulong from, bool rollback)
    {
        var all = List(dataset, repository).ToList();
        if (all.Exists(s => s.Snapshot.Guid == comes.Guid || s.Snapshot.Name == comes.Label)) throw new SnapshotException($"{dataset}@{comes.Label} is there already");
        if (from == 0) return all.Count == 0 ? null : throw new SnapshotException($"{dataset} has snapshots already");
        var at = all.FindIndex(s => s.Snapshot.Guid == from);
        if (at < 0) throw new SnapshotException($"{dataset} does not have the base of the stream");
        var newer = all[(at + 1)..];
        if (newer.Count > 0 && !rollback) throw new SnapshotException($"{dataset} has been modified since the base of the stream");
        if (newer.Find(static s => s.Snapshot.Holds > 0).Snapshot is { } held) throw new SnapshotException($"{held.FullName} is held, and newer than the base of the stream");
        if (newer.Count > 0) repository.Forget([.. newer.Select(static s => s.Object)]);
        return all[at].Object;
    }

    /// <inheritdoc/>
    public void AbortReceive(string dataset)
    {
        // What came of an interrupted receive is in packs that nothing names; the next one counts on them, and a prune removes them.
    }

    /// <inheritdoc/>
    public void Clear(string dataset)
    {
        if (IsDataset(dataset) && Snapshots([dataset]) is { Count: > 0 } all) Destroy(dataset, [.. all.Select(static s => s.Name)]);
    }

    /// <inheritdoc/>
    public long? WrittenSince(string dataset, string name) => null;

    /// <summary>Brings back a snapshot, or some of its paths.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="name">The snapshot.</param>
    /// <param name="target">An empty or new folder, absolute.</param>
    /// <param name="only">Paths from the dataset; all when empty.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; the same call goes on.</param>
    public RestoreReport CheckOut(string dataset, string name, string target, IReadOnlyList<byte[]> only, RepositoryProgress? progress = null, CancellationToken cancel = default)
    {
        dataset = Checked(dataset);
        using var repository = Open(dataset);
        return repository.Restore(new RestoreOptions { Snapshot = Find(dataset, name, repository).Object, Target = System.Text.Encoding.UTF8.GetBytes(Path.GetFullPath(target)), Only = only }, progress, cancel);
    }

    private static string Checked(string dataset) =>
        dataset.StartsWith('/') && !dataset.AsSpan().ContainsAny('\n', '\t', '\0') ? dataset.Length > 1 ? dataset.TrimEnd('/') : dataset : throw new SnapshotException($"'{dataset}' is no dataset of files: it must be an absolute folder, without tabs and line feeds");

    private static string CheckedName(string name) =>
        name.Length > 0 && name[0] is not ('.' or '-') && !name.AsSpan().ContainsAny('/', '\n', '\t') ? name : throw new SnapshotException($"'{name}' is no name of a snapshot");
}
