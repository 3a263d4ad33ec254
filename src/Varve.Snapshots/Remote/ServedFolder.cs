using System.Security.Cryptography;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Remote;

/// <summary>
/// A repository of this host as others may use it. They are not trusted: who asks may be a thief with the key of the source.
/// Every name is one that an object can have; bytes are those of their name; what stands is not written over; a head
/// follows the newest, and only while the lock is held. Append-only, nothing goes: neither by a removal nor by a head that
/// leaves out what the one before it names.
/// </summary>
internal sealed class ServedFolder(string path, bool appendOnly) : IDisposable
{
    private readonly ObjectFolder _folder = new(path);

    private bool IsAppendOnly => appendOnly || _folder.Has("", ObjectStore.AppendOnly);

    /// <summary>Whether objects of this kind can have this name.</summary>
    public static bool IsName(string kind, string name) => kind switch
    {
        "" => name is RepositoryConfig.FileName or ObjectStore.AppendOnly,
        ObjectStore.Packs or ObjectStore.Snapshots or ObjectStore.Lists => ObjectStore.IsDigest(name),
        ObjectStore.Keys or ObjectStore.Heads or ObjectStore.Condemned => name.Length is > 0 and <= 64 && name.All(char.IsAsciiHexDigitLower),
        _ => false,
    };

    private static void Check(string kind, string name)
    {
        if (!IsName(kind, name)) throw new SnapshotException($"'{kind}/{name}' is no object of a repository");
    }

    private SnapshotException Refused() => new($"{_folder.Path} is append-only: nothing is removed from it; who owns the host may remove the file '{ObjectStore.AppendOnly}' there");

    public IEnumerable<string> Names(string kind) => ObjectStore.Folders.Contains(kind) && kind != ObjectStore.Temporary ? _folder.Names(kind).Where(n => IsName(kind, n)) : throw new SnapshotException($"a repository has no {kind}");

    public bool Has(string kind, string name)
    {
        Check(kind, name);
        return (kind.Length == 0 && name == ObjectStore.AppendOnly && appendOnly) || _folder.Has(kind, name);
    }

    public byte[]? TryRead(string kind, string name)
    {
        Check(kind, name);
        return _folder.TryRead(kind, [name]).First();
    }

    public SealedDirectory? Directory(string pack)
    {
        Check(ObjectStore.Packs, pack);
        return _folder.Directories([pack]).First();
    }

    public long SizeOf(string pack)
    {
        Check(ObjectStore.Packs, pack);
        using var source = _folder.Open(pack);
        return source.Length;
    }

    public byte[] Piece(string pack, long offset, int length)
    {
        Check(ObjectStore.Packs, pack);
        using var source = _folder.Open(pack);
        var bytes = new byte[Math.Clamp(source.Length - offset, 0, length)];
        var got = source.Read(bytes, offset);
        return got == bytes.Length ? bytes : bytes[..got];
    }

    /// <summary>Puts a small object.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">What it is.</param>
    /// <param name="holdsLock">Whether who asks holds the repository, or its head.</param>
    public void Put(string kind, string name, byte[] bytes, bool holdsLock)
    {
        Check(kind, name);
        // The mark of what may not be removed is the one object without a digest.
        if (kind.Length == 0 && name == ObjectStore.AppendOnly)
        {
            if (!_folder.Has(kind, name)) _folder.Put(kind, name, bytes);
            return;
        }
        if (!ObjectStore.IsWhole(kind, name, bytes)) throw new SnapshotException($"{ObjectWords.Word(kind)}/{name} came with other bytes than it must have");
        if (!ObjectStore.IsByDigest(kind) && _folder.TryRead(kind, [name]).First() is { } there && Checked.IsWhole(there))
        {
            if (there.AsSpan().SequenceEqual(bytes)) return;
            throw new SnapshotException($"{ObjectWords.Word(kind)}/{name} is in {_folder.Path} already, and is another");
        }
        if (kind == ObjectStore.Condemned && (IsAppendOnly || !holdsLock)) throw IsAppendOnly ? Refused() : NotHeld();
        if (kind == ObjectStore.Heads) CheckHead(name, bytes, holdsLock);
        _folder.Put(kind, name, bytes);
    }

    private SnapshotException NotHeld() => new($"{_folder.Path} is not held by who wants to change it; run again");

    private void CheckHead(string name, byte[] bytes, bool holdsLock)
    {
        var next = RepositoryHead.Parse(bytes, name, secrets: null);
        var names = _folder.Names(ObjectStore.Heads);
        if (names.Count == 0 && next.Generation == 0 && !_folder.Has("", RepositoryConfig.FileName)) return;
        if (!holdsLock) throw NotHeld();
        var newest = names.Select(static n => long.TryParse(n, out var generation) ? generation : 0).DefaultIfEmpty(0).Max();
        // One that was damaged comes again from another copy.
        if (next.Generation != newest + 1 && !names.Contains(name)) throw new SnapshotException($"heads/{name} does not follow the newest head of {_folder.Path}; run again");
        if (IsAppendOnly && WholeHead(names) is { } before && next.Generation > before.Generation) CheckNothingGoes(before, next);
    }

    private RepositoryHead? WholeHead(IEnumerable<string> names) =>
        names.Reverse().Select(n => (Name: n, Bytes: _folder.TryRead(ObjectStore.Heads, [n]).First())).Where(static h => h.Bytes is not null && Checked.IsWhole(h.Bytes)).Select(static h => RepositoryHead.Parse(h.Bytes!, h.Name, secrets: null)).FirstOrDefault();

    /// <summary>What is damaged may be left out: a head that is made anew of what is whole names no more.</summary>
    private void CheckNothingGoes(RepositoryHead before, RepositoryHead next)
    {
        if (before.Snapshots.Except(next.Snapshots).Any(n => IsWholeHere(ObjectStore.Snapshots, n))) throw Refused();
        if (Packs(before).Except(Packs(next)).Any(n => _folder.Has(ObjectStore.Packs, n))) throw Refused();
    }

    private bool IsWholeHere(string kind, string name) => _folder.TryRead(kind, [name]).First() is { } bytes && ObjectStore.IsWhole(kind, name, bytes);

    private HashSet<string> Packs(RepositoryHead head) => head.Lists.Where(n => IsWholeHere(ObjectStore.Lists, n)).SelectMany(n => PackList.Parse(_folder.Read(ObjectStore.Lists, n), $"lists/{n}")).ToHashSet(StringComparer.Ordinal);

    public void Delete(string kind, string name, bool holdsLock)
    {
        Check(kind, name);
        if (IsAppendOnly || kind.Length == 0) throw Refused();
        if (!holdsLock) throw NotHeld();
        _folder.Delete(kind, name);
    }

    public int RemoveTemporaries() => IsAppendOnly ? throw Refused() : _folder.RemoveTemporaries();

    public IDisposable Lock(string name, bool exclusive, bool wait) => System.IO.Directory.Exists(_folder.Path) ? _folder.Lock(name, exclusive, wait) : throw new SnapshotException($"{_folder.Path} is no repository; `varve snap repo init` makes one");

    public void Prepare()
    {
        if (_folder.Has("", RepositoryConfig.FileName)) throw new SnapshotException($"{_folder.Path} is a repository already");
        _folder.Prepare();
    }

    public ObjectFindings Check(RepositoryProgress progress, CancellationToken cancel) => _folder.Check(progress, cancel);

    public Staged Stage() => new(this);

    public void Dispose() => _folder.Dispose();

    /// <summary>A pack that comes piece by piece.</summary>
    internal sealed class Staged(ServedFolder folder) : IDisposable
    {
        private readonly StagedObject _staged = folder._folder.Stage();
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private Exception? _failure;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (_failure is not null) return;
            try
            {
                _staged.Write(bytes);
                _hash.AppendData(bytes);
            }
            catch (Exception e) when (e is SnapshotException or IOException)
            {
                _failure = e;
            }
        }

        public void Commit(string kind, string name)
        {
            Check(kind, name);
            if (kind != ObjectStore.Packs) throw new SnapshotException($"{kind} do not come in pieces");
            if (_failure is not null) throw new SnapshotException(_failure.Message, _failure);
            if (Convert.ToHexStringLower(_hash.GetHashAndReset()) != name) throw new SnapshotException($"{kind}/{name} came with other bytes than it must have");
            _staged.Commit(kind, name);
        }

        public void Dispose()
        {
            _staged.Dispose();
            _hash.Dispose();
        }
    }
}
