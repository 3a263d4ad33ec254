namespace Varve.Snapshots.Repository;

/// <summary>
/// Fetches chunks and checks each against its id, so that a host that serves something else, or something older, is
/// found out. One for each thread.
/// </summary>
internal sealed class ChunkReader(SnapshotRepository repository) : IDisposable
{
    private const int OpenPacks = 16;
    private readonly BlobCodec codec = repository.NewCodec();
    private readonly Dictionary<string, PackSource> packs = new(StringComparer.Ordinal);
    private byte[] sealedBytes = [], opened = [];
    private (string Pack, long Offset) held;
    private int heldLength;

    /// <summary>A chunk; valid until the next call.</summary>
    /// <exception cref="SnapshotException">It is missing or damaged, or the host serves another.</exception>
    public ReadOnlySpan<byte> Read(ChunkId id)
    {
        var place = repository.Index.Find(id) ?? throw new SnapshotException($"chunk {Short(id)} is in no pack of {repository.Path}; `varve snap repo verify` says what else is missing");
        Load(place);
        var chunk = opened.AsSpan(place.Start, place.Size);
        if (repository.Secrets.IdOf(chunk) != id) throw Damaged(place);
        return chunk;
    }

    private void Load(in ChunkPlace place)
    {
        if (held == (place.Pack, place.Offset) && heldLength == place.RawLength) return;
        held = default;
        if (sealedBytes.Length < place.Length) sealedBytes = new byte[Math.Max(place.Length, 2 << 20)];
        if (opened.Length < place.RawLength) opened = new byte[Math.Max(place.RawLength, 2 << 20)];
        var bytes = sealedBytes.AsSpan(0, place.Length);
        int got;
        try
        {
            got = Open(place.Pack).Read(bytes, place.Offset);
        }
        catch (IOException e)
        {
            throw new SnapshotException($"packs/{place.Pack} in {repository.Path} cannot be read: {e.Message}", e);
        }
        if (got != place.Length || !codec.TryDecode(place.Kind, bytes, opened.AsSpan(0, place.RawLength))) throw Damaged(place);
        held = (place.Pack, place.Offset);
        heldLength = place.RawLength;
    }

    private PackSource Open(string pack)
    {
        if (packs.TryGetValue(pack, out var file)) return file;
        if (packs.Count >= OpenPacks) Close();
        return packs[pack] = repository.Store.Open(pack);
    }

    private SnapshotException Damaged(in ChunkPlace place) =>
        new($"packs/{place.Pack} in {repository.Path} is damaged at byte {place.Offset}, or its host serves something else; `varve snap repo verify` says which files it holds");

    internal static string Short(ChunkId id) => id.ToString()[..12];

    /// <summary>The parts of a content, with those that lie in chunks of their own.</summary>
    public List<ContentPart> Parts(Content content)
    {
        if (!content.Indirect) return [.. content.Parts];
        var parts = new List<ContentPart>();
        foreach (var list in content.Parts)
        {
            var r = new ByteReader(Read(list.Id));
            while (!r.AtEnd) parts.Add(TreeEntry.DecodePart(ref r));
        }
        return parts;
    }

    /// <summary>The entries of a directory.</summary>
    /// <exception cref="SnapshotException">A part is missing or damaged, or makes no sense.</exception>
    public List<TreeEntry> Entries(Content directory)
    {
        var entries = new List<TreeEntry>();
        foreach (var part in Parts(directory)) AddEntries(part.Id, entries);
        return entries;
    }

    /// <summary>The entries in one part of a directory.</summary>
    public void AddEntries(ChunkId part, List<TreeEntry> entries)
    {
        try
        {
            var r = new ByteReader(Read(part));
            while (!r.AtEnd)
            {
                var entry = TreeEntry.Decode(ref r);
                if (entry.Name.Length == 0 || entry.Name.AsSpan().ContainsAny((byte)'/', (byte)0) || entry.Name is [(byte)'.'] or [(byte)'.', (byte)'.'])
                    throw new InvalidDataException("a name that no file can have");
                entries.Add(entry);
            }
        }
        catch (InvalidDataException e)
        {
            throw new SnapshotException($"the directory in chunk {Short(part)} makes no sense: {e.Message}", e);
        }
    }

    private void Close()
    {
        foreach (var file in packs.Values) file.Dispose();
        packs.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        codec.Dispose();
    }
}
