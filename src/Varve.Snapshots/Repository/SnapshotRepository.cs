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

    internal const string LockName = "lock", HeadLockName = "head.lock";
    private const string SeenName = "seen";
    private const int ListsBeforeMerge = 32, DefaultLevel = 3;
    internal const int HeadsKept = 8;

    private readonly IDisposable held;
    private readonly bool ownsCache;
    private ChunkIndex? index;

    private SnapshotRepository(ObjectStore store, RepositoryConfig config, byte[] master, string? cacheFolder, bool exclusive, bool acceptOlder, bool remakeHead = false)
    {
        Store = store;
        Config = config;
        Secrets = new Secrets(master);
        ownsCache = cacheFolder is null;
        CacheFolder = cacheFolder is null ? Directory.CreateTempSubdirectory("varve-repository-").FullName : $"{cacheFolder}/{config.Id}";
        Directory.CreateDirectory(CacheFolder);
        held = store.Lock(LockName, exclusive, wait: false);
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

    internal ObjectStore Store { get; }

    internal RepositoryConfig Config { get; }

    internal Secrets Secrets { get; }

    internal string CacheFolder { get; }

    internal RepositoryHead Head { get; private set; }

    /// <summary>Where it lies, as a person types it; absolute.</summary>
    public string Path => Store.Path;

    /// <summary>32 hexadecimal digits that are its own for ever.</summary>
    public string Id => Config.Id;

    /// <summary>How it seals.</summary>
    public RepositoryCipher Cipher => Config.Cipher;

    /// <summary>Whether its host says that nothing may be removed.</summary>
    public bool AppendOnly => Store.Has("", ObjectStore.AppendOnly);

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
    public static string Create(string path, RepositoryCipher cipher, RepositoryKey? key, bool appendOnly) => Create(At(path), cipher, key, appendOnly);

    /// <summary>The objects of a repository in a folder of this host.</summary>
    public static ObjectStore At(string path) => new ObjectFolder(path);

    /// <summary>Makes a repository where nothing is yet; its id.</summary>
    /// <param name="store">Where.</param>
    /// <param name="cipher">How to seal.</param>
    /// <param name="key">Whose it is; null when not encrypted.</param>
    /// <param name="appendOnly">Whether nothing may ever be removed.</param>
    /// <exception cref="SnapshotException">Something is there already, or cannot be written.</exception>
    public static string Create(ObjectStore store, RepositoryCipher cipher, RepositoryKey? key, bool appendOnly)
    {
        if (key is null != (cipher == RepositoryCipher.None)) throw new SnapshotException("an encrypted repository needs a key, and one without encryption takes none");
        if (store.Has("", RepositoryConfig.FileName)) throw new SnapshotException($"{store.Path} is a repository already");
        try
        {
            store.Prepare();
            var config = RepositoryConfig.New(cipher);
            var master = config.Master ?? RandomNumberGenerator.GetBytes(Secrets.MasterSize);
            if (key is not null) AddKey(store, config, master, key);
            store.Put(ObjectStore.Heads, RepositoryHead.NameOf(0), RepositoryHead.Empty.ToBytes(new Secrets(master)));
            if (appendOnly) store.Put("", ObjectStore.AppendOnly, "nothing is removed from this repository\n"u8);
            store.Put("", RepositoryConfig.FileName, config.ToBytes());
            return config.Id;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{store.Path} cannot be made a repository: {e.Message}", e);
        }
    }

    /// <summary>Opens a repository.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="key">For an encrypted one.</param>
    /// <param name="cacheFolder">Where this machine keeps what it knows of repositories (index, times of files); null for nowhere.</param>
    /// <param name="exclusive">For what removes.</param>
    /// <param name="acceptOlder">Whether a state older than this machine has seen is taken.</param>
    /// <exception cref="SnapshotException">There is none, the key is wrong, it is damaged, in use, or serves an old state.</exception>
    public static SnapshotRepository Open(string path, RepositoryKey? key, string? cacheFolder = null, bool exclusive = false, bool acceptOlder = false) => Open(At(path), key, cacheFolder, exclusive, acceptOlder);

    /// <summary>Opens a repository.</summary>
    /// <param name="store">Where its objects lie; disposed with it.</param>
    /// <param name="key">For an encrypted one.</param>
    /// <param name="cacheFolder">Where this machine keeps what it knows of repositories (index, times of files); null for nowhere.</param>
    /// <param name="exclusive">For what removes.</param>
    /// <param name="acceptOlder">Whether a state older than this machine has seen is taken.</param>
    /// <exception cref="SnapshotException">There is none, the key is wrong, it is damaged, in use, or serves an old state.</exception>
    public static SnapshotRepository Open(ObjectStore store, RepositoryKey? key, string? cacheFolder = null, bool exclusive = false, bool acceptOlder = false)
    {
        var config = ReadConfig(store);
        if (config.Cipher == RepositoryCipher.None && key is not null)
            throw new SnapshotException($"{store.Path} is not encrypted, though a key is given: either the key is not meant for it, or somebody has put another repository there");
        var master = config.Master ?? Unwrap(store, config, key);
        return new SnapshotRepository(store, config, master, cacheFolder, exclusive, acceptOlder);
    }

    /// <summary>What a repository says to everyone.</summary>
    /// <exception cref="SnapshotException">There is none, or it is damaged.</exception>
    private static RepositoryConfig ReadConfig(ObjectStore store)
    {
        try
        {
            return RepositoryConfig.Parse(store.TryRead("", [RepositoryConfig.FileName]).First() ?? throw new SnapshotException($"{store.Path} is no repository; `varve snap repo init` makes one"), store.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{store.Path} is no repository, or may not be read: {e.Message}; `varve snap repo init` makes one", e);
        }
    }

    /// <summary>Whether a key is needed to read what is in it.</summary>
    public static bool IsEncrypted(string path) => IsEncrypted(At(path));

    /// <summary>Whether a key is needed to read what is in it.</summary>
    public static bool IsEncrypted(ObjectStore store) => ReadConfig(store).Cipher != RepositoryCipher.None;

    private static byte[] Unwrap(ObjectStore store, RepositoryConfig config, RepositoryKey? key)
    {
        if (File.Exists(KeylessFile)) throw new SnapshotException($"this host is marked as keyless ({KeylessFile}), and {store.Path} opens only with a key: do this where the key is; `verify --without-key` needs none");
        if (key is null) throw new SnapshotException($"{store.Path} is encrypted: give --key-file FILE, --passphrase-file FILE, or set VARVE_PASSPHRASE");
        return Opening(store, config, key, out var damaged)?.Master ?? throw damaged ?? new SnapshotException($"the key does not open {store.Path}: it is another {(key.IsPassphrase ? "passphrase" : "key file")} than those it knows (`varve snap repo key list`)");
    }

    /// <summary>The wrapped key that this key opens, and what is in it; null when there is none among those that are whole.</summary>
    private static (string Name, byte[] Master)? Opening(ObjectStore store, RepositoryConfig config, RepositoryKey key, out SnapshotException? damaged)
    {
        damaged = null;
        foreach (var name in store.Names(ObjectStore.Keys))
        {
            try
            {
                if (WrappedKey.TryUnwrap(config, store.Read(ObjectStore.Keys, name), name, key) is { } master) return (name, master);
            }
            catch (SnapshotException e)
            {
                damaged = e;
            }
        }
        return null;
    }

    private static string AddKey(ObjectStore store, RepositoryConfig config, byte[] master, RepositoryKey key)
    {
        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        store.Put(ObjectStore.Keys, name, WrappedKey.Wrap(config, master, key, DateTimeOffset.UtcNow));
        return name;
    }

    /// <summary>Lets one more key open the repository; its name. Nothing else is written, and nothing when it opens it already.</summary>
    public string AddKey(RepositoryKey key)
    {
        if (Config.Cipher == RepositoryCipher.None) throw new SnapshotException($"{Path} is not encrypted; a key would change nothing");
        return Opening(Store, Config, key, out _)?.Name ?? AddKey(Store, Config, Secrets.Master, key);
    }

    /// <summary>The keys that open it.</summary>
    public static IReadOnlyList<KeyDescription> Keys(ObjectStore store)
    {
        ReadConfig(store);
        return [.. store.Names(ObjectStore.Keys).Select(name => WrappedKey.Describe(store.Read(ObjectStore.Keys, name), name))];
    }

    /// <summary>Ends that a key opens it; the last cannot be removed.</summary>
    /// <exception cref="SnapshotException">There is no such key, it is the last, or nothing may be removed.</exception>
    public void RemoveKey(string name)
    {
        RefuseAppendOnly();
        var names = Store.Names(ObjectStore.Keys);
        if (!names.Contains(name)) throw new SnapshotException($"{Path} has no key {name}; `varve snap repo key list` names them");
        if (names.Count == 1) throw new SnapshotException($"{name} is the last key of {Path}: without it nothing could be read; add another first");
        Store.Delete(ObjectStore.Keys, name);
    }

    internal void RefuseAppendOnly()
    {
        if (AppendOnly) throw new SnapshotException($"{Path} is append-only: nothing is removed from it; who owns the host may remove the file '{ObjectStore.AppendOnly}' there");
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
        var there = Store.Names(ObjectStore.Packs).Except(Condemned(), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        var gone = opened.Packs.Where(p => !there.Contains(p)).ToHashSet(StringComparer.Ordinal);
        if (gone.Count > 0)
        {
            gone.UnionWith(opened.WithDuplicates);
            opened.Remove(gone);
        }
        var known = opened.Packs.ToHashSet(StringComparer.Ordinal);
        using var codec = NewCodec();
        foreach (var some in there.Where(p => !known.Contains(p)).Chunk(64)) opened.Add(some.Zip(Store.Directories(some)).Select(p => (p.First, Blobs(p.Second, codec))).Where(static p => p.Item2.Count > 0));
    }

    /// <summary>What is in a pack; nothing when its directory cannot be read, which <c>verify</c> reports.</summary>
    private static IReadOnlyList<PackedBlob> Blobs(SealedDirectory? directory, BlobCodec codec)
    {
        try
        {
            return directory is null ? [] : PackFile.Open(directory, codec);
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }

    /// <summary>Packs that a prune has decided to remove: nothing may count on them, unless a list has named them since.</summary>
    internal IReadOnlyCollection<string> Condemned()
    {
        var condemned = Store.Names(ObjectStore.Condemned).SelectMany(name => PackList.Parse(Store.Read(ObjectStore.Condemned, name), $"condemned/{name}")).ToHashSet(StringComparer.Ordinal);
        if (condemned.Count > 0) condemned.ExceptWith(Listed());
        return condemned;
    }

    /// <summary>The packs that must be there.</summary>
    internal HashSet<string> Listed() =>
        Head.Lists.Zip(Store.ReadChecked(ObjectStore.Lists, Head.Lists)).SelectMany(static l => PackList.Parse(l.Second, $"lists/{l.First}")).ToHashSet(StringComparer.Ordinal);

    /// <summary>The snapshots, oldest first: in the order in which they came, whatever a clock said.</summary>
    public IReadOnlyList<SnapshotDescription> Snapshots()
    {
        using var codec = NewCodec();
        return [.. Head.Snapshots.Zip(Store.ReadChecked(ObjectStore.Snapshots, Head.Snapshots)).Select(s => RepositorySnapshot.Parse(s.Second, s.First, codec).Description)];
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
        RepositorySnapshot.Parse(Store.ReadChecked(ObjectStore.Snapshots, name), name, codec);

    /// <summary>Makes a new head of all snapshots and lists that are whole, where the newest head is damaged or lost; the number of snapshots.</summary>
    /// <param name="store">Where its objects lie; disposed.</param>
    /// <param name="key">For an encrypted one.</param>
    /// <param name="cacheFolder">Where this machine keeps what it knows of repositories; null for nowhere.</param>
    public static int RemakeHead(ObjectStore store, RepositoryKey? key, string? cacheFolder = null)
    {
        var config = ReadConfig(store);
        using var repository = new SnapshotRepository(store, config, config.Master ?? Unwrap(store, config, key), cacheFolder, exclusive: true, acceptOlder: true, remakeHead: true);
        return repository.Head.Snapshots.Count;
    }

    private RepositoryHead RemadeHead()
    {
        using var codec = NewCodec();
        var next = new RepositoryHead(
            Store.Names(ObjectStore.Heads).Select(static n => long.TryParse(n, out var generation) ? generation + 1 : 1).DefaultIfEmpty(1).Max(),
            [.. Store.Names(ObjectStore.Snapshots).Where(name => IsWhole(() => Read(name, codec))).OrderBy(name => Read(name, codec).Description.Taken)],
            [.. Store.Names(ObjectStore.Lists).Where(name => IsWhole(() => Store.ReadChecked(ObjectStore.Lists, name)))]);
        Store.Put(ObjectStore.Heads, RepositoryHead.NameOf(next.Generation), next.ToBytes(Secrets));
        foreach (var name in Store.Names(ObjectStore.Heads).SkipLast(1))
            if (!Checked.IsWhole(Store.Read(ObjectStore.Heads, name))) Store.Delete(ObjectStore.Heads, name);
        // Packs that were about to go are then only packs that no list names: the next prune finds them again.
        foreach (var name in Store.Names(ObjectStore.Condemned))
            if (!Checked.IsWhole(Store.Read(ObjectStore.Condemned, name))) Store.Delete(ObjectStore.Condemned, name);
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
        var names = Store.Names(ObjectStore.Heads);
        if (names.Count == 0) throw new SnapshotException($"{Path} has lost its heads; `varve snap repo repair` makes one of the snapshots that are there");
        return RepositoryHead.Parse(Store.Read(ObjectStore.Heads, names[^1]), names[^1], Secrets);
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
        using (Store.Lock(HeadLockName, exclusive: true, wait: true))
        {
            Head = ReadHead();
            var next = change(Head) with { Generation = Head.Generation + 1 };
            Store.Put(ObjectStore.Heads, RepositoryHead.NameOf(next.Generation), next.ToBytes(Secrets));
            Head = next;
            if (!AppendOnly)
            {
                foreach (var old in Store.Names(ObjectStore.Heads).SkipLast(HeadsKept)) Store.Delete(ObjectStore.Heads, old);
            }
        }
        MarkSeen();
    }

    /// <summary>Makes a finished run count: packs that no list has, then the snapshot.</summary>
    /// <returns>The name of the snapshot.</returns>
    internal string Commit(RepositorySnapshot snapshot, BlobCodec codec)
    {
        var name = Store.Add(ObjectStore.Snapshots, snapshot.ToBytes(codec));
        Advance(head =>
        {
            Head = head;
            var listed = Listed();
            var unlisted = Index.Packs.Where(p => !listed.Contains(p)).ToList();
            var lists = head.Lists;
            if (unlisted.Count > 0) lists = lists.Count < ListsBeforeMerge
                ? [.. lists, Store.Add(ObjectStore.Lists, PackList.ToBytes(unlisted))]
                : [Store.Add(ObjectStore.Lists, PackList.ToBytes(listed.Concat(unlisted)))];
            return head with { Lists = lists, Snapshots = [.. head.Snapshots, name] };
        });
        return name;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        index?.Dispose();
        held?.Dispose();
        Store.Dispose();
        if (ownsCache && Directory.Exists(CacheFolder)) Directory.Delete(CacheFolder, recursive: true);
    }
}
