namespace Varve.Snapshots.Repository;

/// <summary>
/// A directory while it is saved: a slot for each of its entries, filled as the entries are done. Whoever fills the
/// last one finishes the directory, and with it perhaps the one above.
/// </summary>
internal sealed class DirectoryNode(DirectoryNode? parent, int slotInParent, byte[] path, int descriptor, TreeEntry self, FileStatus status, CachedDirectory? cached)
{
    private readonly List<Slot> slots = [];
    private int pending = 1;

    /// <summary>An entry, or nothing when it could not be saved.</summary>
    private struct Slot
    {
        public long ChangedNs, ModifiedNs, Size;
        public ulong Inode;
        public ReadOnlyMemory<byte> Encoded;
        public bool IsCached;
    }

    public DirectoryNode? Parent => parent;

    public int SlotInParent => slotInParent;

    /// <summary>From the folder that is saved; empty for itself.</summary>
    public byte[] Path => path;

    /// <summary>Open until the directory is finished.</summary>
    public int Descriptor => descriptor;

    /// <summary>Its own entry, without content.</summary>
    public TreeEntry Self => self;

    public FileStatus Status => status;

    public CachedDirectory? Cached => cached;

    /// <summary>Its own entry as the cache has it; empty when it has none.</summary>
    public ReadOnlyMemory<byte> CachedEntry { get; set; }

    /// <summary>A slot for one more entry. Only the thread that lists the directory calls this.</summary>
    public int Reserve()
    {
        lock (slots)
        {
            slots.Add(default);
            return slots.Count - 1;
        }
    }

    /// <summary>One more entry to wait for.</summary>
    public void Await() => Interlocked.Increment(ref pending);

    /// <summary>One entry less to wait for; true for the last.</summary>
    public bool Arrive() => Interlocked.Decrement(ref pending) == 0;

    /// <summary>Fills a slot.</summary>
    /// <param name="slot">Which.</param>
    /// <param name="seen">The entry's status, before it was read.</param>
    /// <param name="settled">Whether these times will tell a later change; else it is read again next time.</param>
    /// <param name="encoded">The entry.</param>
    /// <param name="isCached">Whether it is the one that the cache has.</param>
    public void Fill(int slot, in FileStatus seen, bool settled, ReadOnlyMemory<byte> encoded, bool isCached)
    {
        lock (slots)
            slots[slot] = new Slot
            {
                ChangedNs = settled ? seen.ChangedNs : 0,
                ModifiedNs = seen.ModifiedNs,
                Size = seen.Size,
                Inode = seen.Inode,
                Encoded = encoded,
                IsCached = isCached,
            };
    }

    /// <summary>Whether all is as the cache has it.</summary>
    public bool IsUnchanged => cached is not null && cached.Entries.Count == slots.Count && slots.TrueForAll(static s => s.IsCached);

    /// <summary>The encoded entries, sorted by name, as the directory holds them.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Entries => slots.Where(static s => !s.Encoded.IsEmpty).Select(static s => s.Encoded);

    /// <summary>What the cache keeps.</summary>
    public byte[] Record(Content content)
    {
        var w = new ByteWriter(256 + slots.Count * 128);
        w.Block(path);
        w.Block((self with { Name = [], Attributes = [], Content = content }).Encode());
        w.Number((ulong)slots.Count(static s => !s.Encoded.IsEmpty));
        foreach (var slot in slots)
        {
            if (slot.Encoded.IsEmpty) continue;
            w.Fixed(slot.ChangedNs);
            w.Fixed(slot.ModifiedNs);
            w.Fixed(slot.Size);
            w.Fixed((long)slot.Inode);
            w.Block(slot.Encoded.Span);
        }
        return w.ToArray();
    }
}
