namespace Varve.Snapshots.Repository;

/// <summary>Stores directories and long lists of parts as chunks. Safe for several threads.</summary>
internal sealed class TreeWriter(SnapshotRepository repository, ChunkSink sink) : IDisposable
{
    private const int DirectParts = 64, PartsInChunk = 4096, SmallestTreePart = 64 << 10, LargestTreePart = 1 << 20;
    private const ulong PartsMask = 1023;
    private readonly ChunkWriter meta = new(repository, sink, BlobKind.Meta);

    private ChunkId PutMeta(ReadOnlySpan<byte> bytes)
    {
        lock (meta) return meta.Add(bytes);
    }

    /// <summary>Stores the encoded entries of a directory, cut where the name of an entry says so, so that a change is local.</summary>
    public Content Put(IEnumerable<ReadOnlyMemory<byte>> entries)
    {
        var parts = new List<ContentPart>();
        var w = new ByteWriter(4096);
        foreach (var entry in entries)
        {
            w.Raw(entry.Span);
            if (w.Length < SmallestTreePart) continue;
            var r = new ByteReader(entry.Span);
            r.Byte();
            if ((FileCache.Hash(r.Block()) & PartsMask) < 8 || w.Length >= LargestTreePart) Cut();
        }
        if (w.Length > 0) Cut();
        return Shortened(parts);

        void Cut()
        {
            parts.Add(new ContentPart(PutMeta(w.Span), w.Length));
            w.Clear();
        }
    }

    /// <summary>A content of these parts; many of them are chunks themselves.</summary>
    public Content Shortened(List<ContentPart> parts)
    {
        if (parts.Count <= DirectParts) return new Content([.. parts], Indirect: false);
        var lists = new List<ContentPart>();
        var w = new ByteWriter(PartsInChunk * 40);
        var count = 0;
        foreach (var part in parts)
        {
            TreeEntry.Encode(part, w);
            if (++count < PartsInChunk && (part.IsHole || (part.Id.A & PartsMask) != 0)) continue;
            Cut();
        }
        if (count > 0) Cut();
        return new Content(lists, Indirect: true);

        void Cut()
        {
            lists.Add(new ContentPart(PutMeta(w.Span), w.Length));
            w.Clear();
            count = 0;
        }
    }

    /// <summary>Hands over what waits.</summary>
    public void Flush() => meta.Flush();

    /// <inheritdoc/>
    public void Dispose() => meta.Dispose();
}
