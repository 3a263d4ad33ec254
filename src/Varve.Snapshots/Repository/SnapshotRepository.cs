using System.Security.Cryptography;

namespace Varve.Snapshots.Repository;

/// <summary>
/// A folder of snapshots, encrypted or not: <c>docs/repository-format.md</c> has its form. Data is added in packs, then
/// a list that names them, then the snapshot, then the head, each durable before the next: whatever is interrupted, the
/// head names only what is whole.
/// </summary>
public sealed class SnapshotRepository : IDisposable
{
    /// <summary>The file whose presence marks a host as one that must never hold a key.</summary>
    public const string KeylessFile = "/etc/varve/keyless";

    internal const string LockName = "lock";
    private const string HeadLockName = "head.lock", AppendOnlyName = "append-only", SeenName = "seen";
    private const int ListsBeforeMerge = 32, DefaultLevel = 3;
    internal const int HeadsKept = 8;

    private readonly IDisposable held;
    private readonly bool ownsCache;
    private ChunkIndex? index;

    private SnapshotRepository(ObjectFolder folder, RepositoryConfig config, byte[] master, string? cacheFolder, bool exclusive, bool acceptOlder, bool remakeHead = false)
    {
        Folder = folder;
        Config = config;
        Secrets = new Secrets(master);
        ownsCache = cacheFolder is null;
        CacheFolder = cacheFolder is null ? Directory.CreateTempSubdirectory("varve-repository-").FullName : $"{cacheFolder}/{config.Id}";
        Directory.CreateDirectory(CacheFolder);
        held = folder.Lock(LockName, exclusive, wait: false);
        try
        {
            Head = remakeHead ? RemadeHead() : ReadHead();
            CheckSeen(acceptOlder);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal ObjectFolder Folder { get; }

    internal RepositoryConfig Config { get; }

    internal Secrets Secrets { get; }

    internal string CacheFolder { get; }

    internal RepositoryHead Head { get; private set; }

    /// <summary>Where it lies, absolute.</summary>
    public string Path => Folder.Path;

    /// <summary>32 hexadecimal digits that are its own for ever.</summary>
    public string Id => Config.Id;

    /// <summary>How it seals.</summary>
    public RepositoryCipher Cipher => Config.Cipher;

    /// <summary>Whether the folder says that nothing may be removed.</summary>
    public bool AppendOnly => File.Exists($"{Path}/{AppendOnlyName}");

    /// <summary>The cipher that is faster here.</summary>
    public static RepositoryCipher BestCipher => System.Runtime.Intrinsics.X86.Aes.IsSupported || System.Runtime.Intrinsics.Arm.Aes.IsSupported ? RepositoryCipher.Aes : RepositoryCipher.ChaCha;

    /// <summary>Where this machine keeps what it knows of repositories: <c>varve/repositories</c> in <c>XDG_CACHE_HOME</c>, else in <c>~/.cache</c>.</summary>
    public static string UsualCacheFolder
    {
        get
        {
            var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && System.IO.Path.IsPathRooted(named)
                ? named : $"{Environment.GetEnvironmentVariable("HOME") ?? "/root"}/.cache";
            return $"{root}/varve/repositories";
        }
    }

    /// <summary>Makes a repository in a folder that is absent or empty; its id.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="cipher">How to seal.</param>
    /// <param name="key">Whose it is; null when not encrypted.</param>
    /// <param name="appendOnly">Whether nothing may ever be removed.</param>
    /// <exception cref="SnapshotException">Something is there already, or cannot be written.</exception>
    public static string Create(string path, RepositoryCipher cipher, RepositoryKey? key, bool appendOnly)
    {
        if (key is null != (cipher == RepositoryCipher.None)) throw new SnapshotException("an encrypted repository needs a key, and one without encryption takes none");
        var folder = new ObjectFolder(path);
        if (File.Exists($"{folder.Path}/{RepositoryConfig.FileName}")) throw new SnapshotException($"{path} is a repository already");
        if (Directory.Exists(folder.Path) && !IsUnfinished(folder)) throw new SnapshotException($"{path} is not empty; give a folder that does not exist yet");
        try
        {
            Directory.CreateDirectory(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            foreach (var part in ObjectFolder.Folders) Directory.CreateDirectory($"{folder.Path}/{part}");
            // Of a run that was interrupted; they belong to a secret that nobody has.
            foreach (var part in (string[])[ObjectFolder.Keys, ObjectFolder.Heads, ObjectFolder.Temporary])
                foreach (var name in folder.Names(part)) folder.Delete(part, name);
            var config = RepositoryConfig.New(cipher);
            var master = config.Master ?? RandomNumberGenerator.GetBytes(Secrets.MasterSize);
            if (key is not null) AddKey(folder, config, master, key);
            folder.Put(ObjectFolder.Heads, RepositoryHead.NameOf(0), RepositoryHead.Empty.ToBytes(new Secrets(master)));
            if (appendOnly) folder.Put("", AppendOnlyName, "nothing is removed from this repository\n"u8);
            folder.Put("", RepositoryConfig.FileName, config.ToBytes());
            return config.Id;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{path} cannot be made a repository: {e.Message}", e);
        }
    }

    /// <summary>Whether the folder holds nothing but the beginning of a repository, in which nothing was saved.</summary>
    private static bool IsUnfinished(ObjectFolder folder) =>
        Directory.EnumerateFileSystemEntries(folder.Path).All(static e => System.IO.Path.GetFileName(e) is var name && (name == AppendOnlyName || ObjectFolder.Folders.Contains(name)))
        && ((string[])[ObjectFolder.Packs, ObjectFolder.Snapshots, ObjectFolder.Lists, ObjectFolder.Condemned]).All(part => folder.Names(part).Count == 0)
        && folder.Names(ObjectFolder.Heads).All(static name => name == RepositoryHead.NameOf(0));

    /// <summary>Opens a repository.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="key">For an encrypted one.</param>
    /// <param name="cacheFolder">Where this machine keeps what it knows of repositories (index, times of files); null for nowhere.</param>
    /// <param name="exclusive">For what removes.</param>
    /// <param name="acceptOlder">Whether a state older than this machine has seen is taken.</param>
    /// <exception cref="SnapshotException">There is none, the key is wrong, it is damaged, in use, or serves an old state.</exception>
    public static SnapshotRepository Open(string path, RepositoryKey? key, string? cacheFolder = null, bool exclusive = false, bool acceptOlder = false)
    {
        var folder = new ObjectFolder(path);
        var config = ReadConfig(folder);
        if (config.Cipher == RepositoryCipher.None && key is not null)
            throw new SnapshotException($"{path} is not encrypted, though a key is given: either the key is not meant for it, or somebody has put another repository there");
        var master = config.Master ?? Unwrap(folder, config, key);
        return new SnapshotRepository(folder, config, master, cacheFolder, exclusive, acceptOlder);
    }

    /// <summary>What a repository says to everyone.</summary>
    /// <exception cref="SnapshotException">There is none, or it is damaged.</exception>
    internal static RepositoryConfig ReadConfig(ObjectFolder folder)
    {
        try
        {
            return RepositoryConfig.Parse(File.ReadAllBytes($"{folder.Path}/{RepositoryConfig.FileName}"), folder.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{folder.Path} is no repository, or may not be read: {e.Message}; `varve snap repo init` makes one", e);
        }
    }

    /// <summary>Whether a key is needed to read what is in it.</summary>
    public static bool IsEncrypted(string path) => ReadConfig(new ObjectFolder(path)).Cipher != RepositoryCipher.None;

    private static byte[] Unwrap(ObjectFolder folder, RepositoryConfig config, RepositoryKey? key)
    {
        if (File.Exists(KeylessFile)) throw new SnapshotException($"this host is marked as keyless ({KeylessFile}), and {folder.Path} opens only with a key: do this where the key is; `verify --without-key` needs none");
        if (key is null) throw new SnapshotException($"{folder.Path} is encrypted: give --key-file FILE, --passphrase-file FILE, or set VARVE_PASSPHRASE");
        return Opening(folder, config, key, out var damaged)?.Master ?? throw damaged ?? new SnapshotException($"the key does not open {folder.Path}: it is another {(key.IsPassphrase ? "passphrase" : "key file")} than those it knows (`varve snap repo key list`)");
    }

    /// <summary>The wrapped key that this key opens, and what is in it; null when there is none among those that are whole.</summary>
    private static (string Name, byte[] Master)? Opening(ObjectFolder folder, RepositoryConfig config, RepositoryKey key, out SnapshotException? damaged)
    {
        damaged = null;
        foreach (var name in folder.Names(ObjectFolder.Keys))
        {
            try
            {
                if (WrappedKey.TryUnwrap(config, File.ReadAllBytes(folder.PathOf(ObjectFolder.Keys, name)), name, key) is { } master) return (name, master);
            }
            catch (SnapshotException e)
            {
                damaged = e;
            }
        }
        return null;
    }

    private static string AddKey(ObjectFolder folder, RepositoryConfig config, byte[] master, RepositoryKey key)
    {
        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        folder.Put(ObjectFolder.Keys, name, WrappedKey.Wrap(config, master, key, DateTimeOffset.UtcNow));
        return name;
    }

    /// <summary>Lets one more key open the repository; its name. Nothing else is written, and nothing when it opens it already.</summary>
    public string AddKey(RepositoryKey key)
    {
        if (Config.Cipher == RepositoryCipher.None) throw new SnapshotException($"{Path} is not encrypted; a key would change nothing");
        return Opening(Folder, Config, key, out _)?.Name ?? AddKey(Folder, Config, Secrets.Master, key);
    }

    /// <summary>The keys that open it.</summary>
    public static IReadOnlyList<KeyDescription> Keys(string path)
    {
        var folder = new ObjectFolder(path);
        ReadConfig(folder);
        return [.. folder.Names(ObjectFolder.Keys).Select(name => WrappedKey.Describe(File.ReadAllBytes(folder.PathOf(ObjectFolder.Keys, name)), name))];
    }

    /// <summary>Ends that a key opens it; the last cannot be removed.</summary>
    /// <exception cref="SnapshotException">There is no such key, it is the last, or nothing may be removed.</exception>
    public void RemoveKey(string name)
    {
        RefuseAppendOnly();
        var names = Folder.Names(ObjectFolder.Keys);
        if (!names.Contains(name)) throw new SnapshotException($"{Path} has no key {name}; `varve snap repo key list` names them");
        if (names.Count == 1) throw new SnapshotException($"{name} is the last key of {Path}: without it nothing could be read; add another first");
        Folder.Delete(ObjectFolder.Keys, name);
        Folder.SyncFolder(ObjectFolder.Keys, name);
    }

    internal void RefuseAppendOnly()
    {
        if (AppendOnly) throw new SnapshotException($"{Path} is append-only: nothing is removed from it; who owns the host may remove the file '{AppendOnlyName}' there");
    }

    /// <summary>A codec with the key of this repository, for one thread.</summary>
    internal BlobCodec NewCodec(int level = DefaultLevel) => new(Config.Cipher, Secrets.SealKey, level);

    /// <summary>The index, brought up to what is there.</summary>
    internal ChunkIndex Index => index ??= FreshIndex();

    private ChunkIndex FreshIndex()
    {
        var opened = ChunkIndex.Open($"{CacheFolder}/index.sqlite");
        Follow(opened);
        return opened;
    }

    /// <summary>Follows the packs that are there: forgets those that went, reads the directories of those that came.</summary>
    internal void Follow(ChunkIndex opened)
    {
        var there = Folder.Names(ObjectFolder.Packs).Except(Condemned(), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        var gone = opened.Packs.Where(p => !there.Contains(p)).ToHashSet(StringComparer.Ordinal);
        if (gone.Count > 0)
        {
            gone.UnionWith(opened.WithDuplicates);
            opened.Remove(gone);
        }
        var known = opened.Packs.ToHashSet(StringComparer.Ordinal);
        using var codec = NewCodec();
        foreach (var some in there.Where(p => !known.Contains(p)).Chunk(64)) opened.Add(some.Select(p => (p, DirectoryOf(p, codec))).Where(static p => p.Item2.Count > 0));
    }

    /// <summary>What is in a pack; nothing when its directory cannot be read, which <c>verify</c> reports.</summary>
    private IReadOnlyList<PackedBlob> DirectoryOf(string pack, BlobCodec codec)
    {
        try
        {
            using var file = Folder.Open(ObjectFolder.Packs, pack);
            return PackFile.ReadDirectory(file, codec);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or SnapshotException)
        {
            return [];
        }
    }

    /// <summary>Packs that a prune has decided to remove: nothing may count on them, unless a list has named them since.</summary>
    internal IReadOnlyCollection<string> Condemned()
    {
        var condemned = Folder.Names(ObjectFolder.Condemned).SelectMany(name => PackList.Parse(File.ReadAllBytes(Folder.PathOf(ObjectFolder.Condemned, name)), $"condemned/{name}")).ToHashSet(StringComparer.Ordinal);
        if (condemned.Count > 0) condemned.ExceptWith(Listed());
        return condemned;
    }

    /// <summary>The packs that must be there.</summary>
    internal HashSet<string> Listed() =>
        Head.Lists.SelectMany(name => PackList.Parse(Folder.ReadChecked(ObjectFolder.Lists, name), $"lists/{name}")).ToHashSet(StringComparer.Ordinal);

    /// <summary>The snapshots, oldest first: in the order in which they came, whatever a clock said.</summary>
    public IReadOnlyList<SnapshotDescription> Snapshots()
    {
        using var codec = NewCodec();
        return [.. Head.Snapshots.Select(name => Read(name, codec).Description)];
    }

    /// <summary>The one snapshot that a name stands for: <c>latest</c>, a label, <c>folder@label</c>, or the begin of a name.</summary>
    /// <exception cref="SnapshotException">There is none, or more than one.</exception>
    public SnapshotDescription Find(string name)
    {
        var all = Snapshots();
        if (name == "latest") return all.Count > 0 ? all[^1] : throw new SnapshotException($"{Path} has no snapshot yet");
        var found = all.Where(s => s.Label == name).ToList();
        if (found.Count == 0) found = [.. all.Where(s => $"{s.Path}@{s.Label}" == name)];
        if (found.Count == 0) found = [.. all.Where(s => name.Length >= 4 && s.Name.StartsWith(name, StringComparison.Ordinal))];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new SnapshotException($"{Path} has no snapshot '{name}'; `varve snap repo list` names them"),
            _ => throw new SnapshotException($"'{name}' stands for {found.Count} snapshots in {Path}; give more of the name"),
        };
    }

    internal RepositorySnapshot Read(string name, BlobCodec codec) =>
        RepositorySnapshot.Parse(Folder.ReadChecked(ObjectFolder.Snapshots, name), name, codec);

    /// <summary>Makes a new head of all snapshots and lists that are whole, where the newest head is damaged or lost; the number of snapshots.</summary>
    /// <param name="path">Of the repository.</param>
    /// <param name="key">For an encrypted one.</param>
    /// <param name="cacheFolder">As for <see cref="Open"/>.</param>
    public static int RemakeHead(string path, RepositoryKey? key, string? cacheFolder = null)
    {
        var folder = new ObjectFolder(path);
        var config = ReadConfig(folder);
        using var repository = new SnapshotRepository(folder, config, config.Master ?? Unwrap(folder, config, key), cacheFolder, exclusive: true, acceptOlder: true, remakeHead: true);
        return repository.Head.Snapshots.Count;
    }

    private RepositoryHead RemadeHead()
    {
        using var codec = NewCodec();
        var next = new RepositoryHead(
            Folder.Names(ObjectFolder.Heads).Select(static n => long.TryParse(n, out var generation) ? generation + 1 : 1).DefaultIfEmpty(1).Max(),
            [.. Folder.Names(ObjectFolder.Snapshots).Where(name => IsWhole(() => Read(name, codec))).OrderBy(name => Read(name, codec).Description.Taken)],
            [.. Folder.Names(ObjectFolder.Lists).Where(name => IsWhole(() => Folder.ReadChecked(ObjectFolder.Lists, name)))]);
        Folder.Put(ObjectFolder.Heads, RepositoryHead.NameOf(next.Generation), next.ToBytes(Secrets));
        foreach (var name in Folder.Names(ObjectFolder.Heads).SkipLast(1))
            if (!Checked.IsWhole(File.ReadAllBytes(Folder.PathOf(ObjectFolder.Heads, name)))) Folder.Delete(ObjectFolder.Heads, name);
        // Packs that were about to go are then only packs that no list names: the next prune finds them again.
        foreach (var name in Folder.Names(ObjectFolder.Condemned))
            if (!Checked.IsWhole(File.ReadAllBytes(Folder.PathOf(ObjectFolder.Condemned, name)))) Folder.Delete(ObjectFolder.Condemned, name);
        return next;
    }

    private static bool IsWhole(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (SnapshotException)
        {
            return false;
        }
    }

    private RepositoryHead ReadHead()
    {
        var names = Folder.Names(ObjectFolder.Heads);
        if (names.Count == 0) throw new SnapshotException($"{Path} has lost its heads; `varve snap repo repair` makes one of the snapshots that are there");
        return RepositoryHead.Parse(File.ReadAllBytes(Folder.PathOf(ObjectFolder.Heads, names[^1])), names[^1], Secrets);
    }

    private void CheckSeen(bool acceptOlder)
    {
        var file = $"{CacheFolder}/{SeenName}";
        if (!acceptOlder && File.Exists(file) && long.TryParse(File.ReadAllText(file), out var seen) && seen > Head.Generation)
            throw new SnapshotException($"{Path} is in an older state ({Head.Generation}) than this machine has seen ({seen}): its host has lost something or hides it; --accept-older goes on all the same");
        if (acceptOlder || !File.Exists(file)) MarkSeen();
    }

    private void MarkSeen()
    {
        var temporary = $"{CacheFolder}/{SeenName}.{Environment.ProcessId}";
        File.WriteAllText(temporary, Head.Generation.ToString("D", null));
        File.Move(temporary, $"{CacheFolder}/{SeenName}", overwrite: true);
    }

    /// <summary>Makes the next generation of the head, and it durable.</summary>
    /// <param name="change">From the newest head, which another process may have written meanwhile.</param>
    internal void Advance(Func<RepositoryHead, RepositoryHead> change)
    {
        using (Folder.Lock(HeadLockName, exclusive: true, wait: true))
        {
            Head = ReadHead();
            var next = change(Head) with { Generation = Head.Generation + 1 };
            Folder.Put(ObjectFolder.Heads, RepositoryHead.NameOf(next.Generation), next.ToBytes(Secrets));
            Head = next;
            if (!AppendOnly)
            {
                foreach (var old in Folder.Names(ObjectFolder.Heads).SkipLast(HeadsKept)) Folder.Delete(ObjectFolder.Heads, old);
            }
        }
        MarkSeen();
    }

    /// <summary>Makes a finished run count: packs that no list has, then the snapshot.</summary>
    /// <returns>The name of the snapshot.</returns>
    internal string Commit(RepositorySnapshot snapshot, BlobCodec codec)
    {
        var name = Folder.Add(ObjectFolder.Snapshots, snapshot.ToBytes(codec));
        Advance(head =>
        {
            Head = head;
            var listed = Listed();
            var unlisted = Index.Packs.Where(p => !listed.Contains(p)).ToList();
            var lists = head.Lists;
            if (unlisted.Count > 0) lists = lists.Count < ListsBeforeMerge
                ? [.. lists, Folder.Add(ObjectFolder.Lists, PackList.ToBytes(unlisted))]
                : [Folder.Add(ObjectFolder.Lists, PackList.ToBytes(listed.Concat(unlisted)))];
            return head with { Lists = lists, Snapshots = [.. head.Snapshots, name] };
        });
        return name;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        index?.Dispose();
        held?.Dispose();
        if (ownsCache && Directory.Exists(CacheFolder)) Directory.Delete(CacheFolder, recursive: true);
    }
}
