using System.Collections.Concurrent;

namespace Varve.Snapshots.Repository;

/// <summary>Something that is not as it was written.</summary>
/// <param name="Object">Which object: <c>packs/...</c>, <c>snapshots/...</c>.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Affected">Files of snapshots that cannot be restored whole, as far as the key tells; the first of them.</param>
public sealed record VerifyFinding(string Object, string Problem, IReadOnlyList<string> Affected);

/// <summary>What came of a check.</summary>
/// <param name="Objects">Objects looked at.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Findings">What is damaged or missing; empty when all is well.</param>
/// <param name="Repaired">Objects that were brought back from another copy.</param>
public sealed record VerifyReport(long Objects, long Bytes, IReadOnlyList<VerifyFinding> Findings, IReadOnlyList<string> Repaired);

/// <summary>
/// Checks that every byte is still there. Without a key: each object against the digest that is its name, and that all
/// that the head names is there. With the key also: each chunk is opened and compared with its id, and each snapshot is
/// walked through.
/// </summary>
internal sealed class Verification(ObjectStore store, RepositoryProgress progress, CancellationToken cancel)
{
    private const int MostAffected = 20;
    private readonly ConcurrentDictionary<string, string> problems = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ChunkId, string> badChunks = new();
    private readonly Dictionary<string, List<string>> affected = new(StringComparer.Ordinal);
    private long objects, bytes;

    /// <summary>Checks what can be checked without a key, where the bytes are.</summary>
    public void CheckObjects()
    {
        var found = store.Check(progress, cancel);
        (objects, bytes) = (found.Objects, found.Bytes);
        foreach (var (what, problem) in found.Problems) problems[what] = problem;
    }

    /// <summary>Opens every chunk and walks through every snapshot.</summary>
    public void CheckContents(SnapshotRepository repository)
    {
        Parallel.ForEach(store.Names(ObjectStore.Packs), new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount },
            () => repository.NewCodec(), (pack, _, codec) =>
            {
                CheckPack(repository, pack, codec);
                return codec;
            }, static codec => codec.Dispose());
        using var reader = new ChunkReader(repository);
        using var snapshotCodec = repository.NewCodec();
        var clean = new HashSet<ChunkId>();
        foreach (var name in repository.Head.Snapshots)
        {
            if (problems.ContainsKey($"snapshots/{name}")) continue;
            try
            {
                var snapshot = repository.Read(name, snapshotCodec);
                Walk(repository, reader, snapshot.Root.Content, $"{name[..12]}:", clean);
            }
            catch (SnapshotException e)
            {
                problems.TryAdd($"snapshots/{name}", e.Message);
            }
        }
    }

    private void CheckPack(SnapshotRepository repository, string pack, BlobCodec codec)
    {
        var what = $"packs/{pack}";
        try
        {
            using var file = store.Open(pack);
            foreach (var blob in PackFile.Open(PackFile.ReadSealed(file), codec))
            {
                cancel.ThrowIfCancellationRequested();
                var bytes = new byte[blob.Length];
                var raw = new byte[blob.RawLength];
                var good = file.Read(bytes, blob.Offset) == blob.Length && codec.TryDecode(blob.Kind, bytes, raw);
                var at = 0;
                foreach (var member in blob.Members)
                {
                    if (!good || repository.Secrets.IdOf(raw.AsSpan(at, member.Length)) != member.Id) badChunks[member.Id] = what;
                    at += member.Length;
                }
                if (!good) problems.TryAdd(what, $"the piece at byte {blob.Offset} cannot be opened");
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or SnapshotException)
        {
            problems.TryAdd(what, e.Message);
        }
    }

    /// <summary>Notes which files of a directory cannot be restored whole; whether there are none.</summary>
    private bool Walk(SnapshotRepository repository, ChunkReader reader, Content directory, string path, HashSet<ChunkId> clean)
    {
        var whole = IsWhole(repository, reader, directory, path, clean, out var parts);
        foreach (var part in parts)
        {
            cancel.ThrowIfCancellationRequested();
            if (clean.Contains(part.Id) || BadIn(repository, part.Id) is not null) continue;
            var entries = new List<TreeEntry>();
            reader.AddEntries(part.Id, entries);
            var partIsClean = true;
            foreach (var entry in entries)
            {
                var name = $"{path}/{Posix.Show(entry.Name)}";
                if (entry.Kind == EntryKind.Directory) partIsClean &= Walk(repository, reader, entry.Content, name, clean);
                else if (entry.Kind == EntryKind.File) partIsClean &= IsWhole(repository, reader, entry.Content, name, clean, out _);
            }
            if (partIsClean) clean.Add(part.Id);
            whole &= partIsClean;
        }
        return whole;
    }

    private bool IsWhole(SnapshotRepository repository, ChunkReader reader, Content content, string path, HashSet<ChunkId> clean, out List<ContentPart> parts)
    {
        parts = [];
        var whole = true;
        foreach (var part in content.Parts) whole &= Good(part);
        if (!whole) return false;
        parts = reader.Parts(content);
        if (content.Indirect)
            foreach (var part in parts) whole &= Good(part);
        return whole;

        bool Good(ContentPart part)
        {
            if (part.IsHole || BadIn(repository, part.Id) is not { } what) return true;
            problems.TryAdd(what, "it is missing");
            if (!affected.TryGetValue(what, out var list)) affected[what] = list = [];
            if (list.Count < MostAffected && !list.Contains(path)) list.Add(path);
            return false;
        }
    }

    /// <summary>The object that should hold the chunk and does not; null when all is well.</summary>
    private string? BadIn(SnapshotRepository repository, ChunkId id)
    {
        if (repository.Index.Find(id) is not { } place) return badChunks.TryGetValue(id, out var held) ? held : $"chunk {ChunkReader.Short(id)}";
        return badChunks.TryGetValue(id, out var bad) && bad == $"packs/{place.Pack}" ? bad : null;
    }

    /// <summary>What was found.</summary>
    public VerifyReport Report(IReadOnlyList<string> repaired) => new(objects, bytes,
        [.. problems.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(p => new VerifyFinding(p.Key, p.Value, affected.GetValueOrDefault(p.Key) ?? []))], repaired);

    /// <summary>Brings damaged and missing objects back from another copy of the repository, where that one is whole; which.</summary>
    public List<string> RepairFrom(ObjectStore other)
    {
        var repaired = new List<string>();
        foreach (var what in problems.Keys.Order(StringComparer.Ordinal))
        {
            var slash = what.IndexOf('/');
            if (slash < 0 && what != RepositoryConfig.FileName) continue;
            var (kind, name) = slash < 0 ? ("", what) : (what[..slash], what[(slash + 1)..]);
            if (other.TryRead(kind, [name]).First() is not { } good || !ObjectStore.IsWhole(kind, name, good)) continue;
            store.Put(kind, name, good);
            repaired.Add(what);
        }
        foreach (var what in repaired) problems.TryRemove(what, out _);
        return repaired;
    }
}
