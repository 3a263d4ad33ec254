namespace Varve.Snapshots.Repository;

/// <summary>What a prune did, or would do.</summary>
/// <param name="PacksRemoved">Packs that went.</param>
/// <param name="PacksRewritten">Of these, packs whose rest was moved to new ones.</param>
/// <param name="BytesFreed">By how much the repository shrank.</param>
/// <param name="BytesKept">Size of the packs that are left.</param>
/// <param name="Leftovers">Files that crashes had left.</param>
public sealed record PruneReport(int PacksRemoved, int PacksRewritten, long BytesFreed, long BytesKept, int Leftovers);

/// <summary>
/// Removes what no snapshot needs, in two phases: what is still needed is written elsewhere and named by a new head, and
/// what shall go is condemned, durably, before anything is removed. A prune that was interrupted is finished by
/// the next; until then nothing counts on a condemned pack. Holds the repository alone.
/// </summary>
internal sealed class Collection(SnapshotRepository repository, CancellationToken cancel)
{
    /// <summary>Packs with so much unneeded are rewritten; small packs are joined.</summary>
    private const double MostUnneeded = 0.2;
    private const long SmallPack = 4 << 20;
    private const int FewSmallPacks = 4;

    private readonly ObjectStore store = repository.Store;

    /// <summary>A pack, and which chunks are needed of it.</summary>
    private sealed record Survey(string Name, long Size, List<PackedBlob> Blobs, long NeededBytes);

    public PruneReport Run(bool dryRun)
    {
        repository.RefuseAppendOnly();
        var leftovers = dryRun ? 0 : FinishInterrupted();
        var needed = Needed();
        var packs = SurveyPacks(needed);
        var gone = packs.Where(static p => p.NeededBytes == 0).ToList();
        var rewrite = packs.Where(static p => p.NeededBytes > 0 && p.NeededBytes < p.Blobs.Sum(static b => (long)b.Length) * (1 - MostUnneeded)).ToList();
        var small = packs.Where(static p => p.NeededBytes > 0 && p.Size < SmallPack).Except(rewrite).ToList();
        if (small.Count >= FewSmallPacks) rewrite.AddRange(small);
        var freed = gone.Sum(static p => p.Size) + rewrite.Sum(static p => p.Size - p.NeededBytes);
        var kept = packs.Sum(static p => p.Size) - freed;
        if (dryRun) return new PruneReport(gone.Count + rewrite.Count, rewrite.Count, freed, kept, 0);
        if (gone.Count + rewrite.Count > 0) Replace(packs, gone, rewrite, needed);
        leftovers += RemoveLoose();
        return new PruneReport(gone.Count + rewrite.Count, rewrite.Count, freed, kept, leftovers);
    }

    /// <summary>All chunks that the snapshots refer to.</summary>
    private HashSet<ChunkId> Needed()
    {
        var needed = new HashSet<ChunkId>();
        using var reader = new ChunkReader(repository);
        using var codec = repository.NewCodec();
        foreach (var name in repository.Head.Snapshots) AddDirectory(repository.Read(name, codec).Root.Content, reader, needed);
        return needed;
    }

    private void AddDirectory(Content directory, ChunkReader reader, HashSet<ChunkId> needed)
    {
        foreach (var part in AddContent(directory, reader, needed))
        {
            cancel.ThrowIfCancellationRequested();
            // A part that was met before brings nothing new.
            if (!needed.Add(part.Id)) continue;
            var entries = new List<TreeEntry>();
            reader.AddEntries(part.Id, entries);
            foreach (var entry in entries)
            {
                if (entry.Kind == EntryKind.Directory) AddDirectory(entry.Content, reader, needed);
                else foreach (var chunk in AddContent(entry.Content, reader, needed)) needed.Add(chunk.Id);
            }
        }
    }

    private static List<ContentPart> AddContent(Content content, ChunkReader reader, HashSet<ChunkId> needed)
    {
        if (content.Indirect) foreach (var list in content.Parts) needed.Add(list.Id);
        var parts = reader.Parts(content);
        parts.RemoveAll(static p => p.IsHole);
        return parts;
    }

    private List<Survey> SurveyPacks(HashSet<ChunkId> needed)
    {
        var condemned = repository.Condemned().ToHashSet(StringComparer.Ordinal);
        var packs = new List<Survey>();
        using var codec = repository.NewCodec();
        List<string> names = [.. store.Names(ObjectStore.Packs).Where(n => !condemned.Contains(n))];
        foreach (var (name, directory) in names.Zip(store.Directories(names)))
        {
            cancel.ThrowIfCancellationRequested();
            List<PackedBlob> blobs;
            try
            {
                blobs = PackFile.Open(directory ?? throw new InvalidDataException("it has no directory"), codec);
            }
            catch (InvalidDataException e)
            {
                throw new SnapshotException($"packs/{name} in {repository.Path} cannot be read ({e.Message}), so it cannot be told what is needed; nothing was removed: `varve snap repo verify` first", e);
            }
            // Of a blob with several chunks only the needed ones are kept; the shares are as the opened lengths.
            var kept = blobs.Sum(b => b.RawLength == 0 ? 0 : (long)(b.Length * (double)b.Members.Where(m => IsNeededHere(needed, name, b, m)).Sum(static m => (long)m.Length) / b.RawLength));
            packs.Add(new Survey(name, directory.PackSize, blobs, kept));
        }
        return packs;
    }

    /// <summary>Whether this copy of a chunk is the one that counts.</summary>
    private bool IsNeededHere(HashSet<ChunkId> needed, string pack, PackedBlob blob, BlobMember member) =>
        needed.Contains(member.Id) && repository.Index.Find(member.Id) is { } place && place.Pack == pack && place.Offset == blob.Offset;

    private void Replace(List<Survey> all, List<Survey> gone, List<Survey> rewrite, HashSet<ChunkId> needed)
    {
        var removed = gone.Concat(rewrite).Select(static p => p.Name).ToHashSet(StringComparer.Ordinal);
        var written = Rewrite(rewrite, needed);
        // Without a cipher the same blobs make the same pack again, which then must stay.
        removed.ExceptWith(written.Select(static w => w.Name));
        repository.Advance(head => head with
        {
            Lists = [store.Add(ObjectStore.Lists, PackList.ToBytes(all.Select(static p => p.Name).Where(n => !removed.Contains(n)).Concat(written.Select(static w => w.Name))))],
        });
        var name = RepositoryHead.NameOf(repository.Head.Generation);
        store.Put(ObjectStore.Condemned, name, PackList.ToBytes(removed));
        repository.Index.Remove([.. removed, .. written.Select(static w => w.Name)]);
        repository.Index.Add(written);
        RemoveCondemned(name, removed);
    }

    /// <summary>Moves what is needed into new packs; whole blobs as they are, but opened and checked first.</summary>
    private List<(string Name, IReadOnlyList<PackedBlob> Blobs)> Rewrite(List<Survey> packs, HashSet<ChunkId> needed)
    {
        var written = new List<(string, IReadOnlyList<PackedBlob>)>();
        using var codec = repository.NewCodec();
        foreach (var kind in (BlobKind[])[BlobKind.Data, BlobKind.Meta])
        {
            PackWriter? pack = null;
            try
            {
                foreach (var (from, blob) in packs.SelectMany(p => p.Blobs.Where(b => b.Kind == kind).Select(b => (p.Name, b))))
                {
                    cancel.ThrowIfCancellationRequested();
                    if (Kept(from, blob, needed, codec) is not { } moved) continue;
                    pack ??= new PackWriter(store);
                    pack.Add(moved);
                    if (pack.Length >= ChunkSink.DataPack) Finish(ref pack);
                }
                if (pack is not null) Finish(ref pack);
            }
            finally
            {
                pack?.Dispose();
            }
        }
        return written;

        void Finish(ref PackWriter? pack)
        {
            var name = pack!.Finish(codec);
            pack.Commit(name);
            written.Add((name, pack.Directory));
            pack.Dispose();
            pack = null;
        }
    }

    /// <summary>A blob with what is needed of another; null when nothing is.</summary>
    private SealedBlob? Kept(string pack, PackedBlob blob, HashSet<ChunkId> needed, BlobCodec codec)
    {
        if (!blob.Members.Any(m => IsNeededHere(needed, pack, blob, m))) return null;
        var bytes = new byte[blob.Length];
        using (var file = store.Open(pack))
            if (file.Read(bytes, blob.Offset) != blob.Length) throw Damaged(pack);
        var raw = new byte[blob.RawLength];
        if (!codec.TryDecode(blob.Kind, bytes, raw)) throw Damaged(pack);
        var members = new List<BlobMember>();
        var (at, filled) = (0, 0);
        foreach (var member in blob.Members)
        {
            if (IsNeededHere(needed, pack, blob, member))
            {
                if (repository.Secrets.IdOf(raw.AsSpan(at, member.Length)) != member.Id) throw Damaged(pack);
                raw.AsSpan(at, member.Length).CopyTo(raw.AsSpan(filled));
                filled += member.Length;
                members.Add(member);
            }
            at += member.Length;
        }
        return members.Count == blob.Members.Count ? new SealedBlob(blob.Kind, bytes, bytes.Length, raw.Length, members) : codec.Encode(blob.Kind, raw.AsSpan(0, filled), members);
    }

    private SnapshotException Damaged(string pack) =>
        new($"packs/{pack} in {repository.Path} is damaged; nothing was removed: `varve snap repo verify` says what depends on it");

    /// <summary>Finishes prunes that were interrupted after they had decided.</summary>
    private int FinishInterrupted()
    {
        var finished = 0;
        foreach (var name in store.Names(ObjectStore.Condemned))
        {
            var packs = PackList.Parse(store.Read(ObjectStore.Condemned, name), $"condemned/{name}");
            // What a list names since is needed, whoever condemned it.
            var listed = repository.Listed();
            RemoveCondemned(name, [.. packs.Where(p => !listed.Contains(p))]);
            finished++;
        }
        if (finished > 0) repository.Follow(repository.Index);
        return finished;
    }

    private void RemoveCondemned(string name, IReadOnlyCollection<string> packs)
    {
        foreach (var pack in packs) store.Delete(ObjectStore.Packs, pack);
        store.Delete(ObjectStore.Condemned, name);
    }

    /// <summary>Removes what the head does not name: lists, snapshots, files of crashed runs.</summary>
    private int RemoveLoose()
    {
        var count = 0;
        foreach (var (kind, named) in ((string, IReadOnlyList<string>)[])[(ObjectStore.Lists, repository.Head.Lists), (ObjectStore.Snapshots, repository.Head.Snapshots)])
        {
            foreach (var name in store.Names(kind).Except(named, StringComparer.Ordinal))
            {
                store.Delete(kind, name);
                count++;
            }
        }
        return count + store.RemoveTemporaries();
    }
}
