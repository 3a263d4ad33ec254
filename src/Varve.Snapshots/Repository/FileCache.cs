using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace Varve.Snapshots.Repository;

/// <summary>An entry that was saved before: its times as the kernel had them, and what it became. Memory of the cache.</summary>
internal readonly struct CachedEntry(long changedNs, long modifiedNs, long size, ulong inode, ReadOnlyMemory<byte> encoded)
{
    public const int FixedSize = 32;

    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>Of the entry; the encoded form begins with the kind and then the name.</summary>
    public ReadOnlySpan<byte> Name
    {
        get
        {
            var r = new ByteReader(encoded.Span);
            r.Byte();
            return r.Block();
        }
    }

    /// <summary>Whether nothing touched it since, neither content nor mode, owner or attributes.</summary>
    public bool Matches(in FileStatus now) =>
        changedNs == now.ChangedNs && modifiedNs == now.ModifiedNs && size == now.Size && inode == now.Inode;
}

/// <summary>A directory that was saved before.</summary>
internal sealed record CachedDirectory(Content Content, IReadOnlyList<CachedEntry> Entries, ReadOnlyMemory<byte> Record);

/// <summary>
/// What the last backup of a folder saw: by path, size, both times and inode, what each entry became, so that an
/// unchanged file costs one look. A file on the machine that was saved, since it holds names; when it is lost,
/// everything is read again, and nothing is stored twice.
/// </summary>
internal sealed unsafe class FileCache : IDisposable
{
    private const int TrailerSize = 8 + 8 + 64 + 8;

    private static ReadOnlySpan<byte> Magic => "VARVEFC1"u8;

    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly Mapped memory;
    private readonly int indexAt, count;

    private FileCache(MemoryMappedFile map, MemoryMappedViewAccessor view, int length)
    {
        this.map = map;
        this.view = view;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        memory = new Mapped(start, length);
        var trailer = memory.Memory.Span[^TrailerSize..];
        indexAt = (int)BinaryPrimitives.ReadInt64LittleEndian(trailer);
        count = (int)BinaryPrimitives.ReadInt64LittleEndian(trailer[8..]);
        Snapshot = System.Text.Encoding.ASCII.GetString(trailer.Slice(16, 64));
    }

    /// <summary>Name of the snapshot that it was written with.</summary>
    public string Snapshot { get; }

    /// <summary>Opens the cache in a file; null when there is none that can be used.</summary>
    public static FileCache? TryOpen(string path)
    {
        var length = File.Exists(path) ? new FileInfo(path).Length : 0;
        if (length is <= TrailerSize or > int.MaxValue) return null;
        var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        var view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        var cache = new FileCache(map, view, (int)length);
        var whole = cache.memory.Memory.Span;
        if (whole[^8..].SequenceEqual(Magic) && cache.indexAt >= 0 && cache.count >= 0 && cache.indexAt + (long)cache.count * 16 + TrailerSize == length) return cache;
        cache.Dispose();
        return null;
    }

    /// <summary>What was seen in a directory; null when it was not seen.</summary>
    public CachedDirectory? Find(ReadOnlySpan<byte> path)
    {
        var hash = Hash(path);
        var index = memory.Memory.Span.Slice(indexAt, count * 16);
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (BinaryPrimitives.ReadUInt64LittleEndian(index[(middle * 16)..]) < hash) low = middle + 1;
            else high = middle;
        }
        for (; low < count && BinaryPrimitives.ReadUInt64LittleEndian(index[(low * 16)..]) == hash; low++)
        {
            var at = (int)BinaryPrimitives.ReadInt64LittleEndian(index[(low * 16 + 8)..]);
            if (Parse(at, path) is { } found) return found;
        }
        return null;
    }

    private CachedDirectory? Parse(int at, ReadOnlySpan<byte> path)
    {
        var record = memory.Memory[at..indexAt];
        var r = new ByteReader(record.Span);
        if (!r.Block().SequenceEqual(path)) return null;
        var directory = r.Block();
        var inner = new ByteReader(directory);
        var content = TreeEntry.Decode(ref inner).Content;
        var entries = new CachedEntry[r.Count(CachedEntry.FixedSize)];
        for (var i = 0; i < entries.Length; i++)
        {
            var (changed, modified, size, inode) = (r.Fixed(), r.Fixed(), r.Fixed(), (ulong)r.Fixed());
            var length = r.Count(1);
            entries[i] = new CachedEntry(changed, modified, size, inode, record.Slice(record.Length - r.Left, length));
            r.Take(length);
        }
        return new CachedDirectory(content, entries, record[..(record.Length - r.Left)]);
    }

    /// <summary>FNV-1a, 64 bits.</summary>
    internal static ulong Hash(ReadOnlySpan<byte> path)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in path) hash = (hash ^ b) * 1099511628211UL;
        return hash;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }

    private sealed class Mapped(byte* start, int length) : System.Buffers.MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(start, length);

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => new(start + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    /// <summary>Writes the next cache, beside the one that is being read. Safe for several threads.</summary>
    internal sealed class Writer(string path) : IDisposable
    {
        private readonly string temporary = $"{path}.{Environment.ProcessId}";
        private readonly List<(ulong Hash, long At)> index = [];
        private readonly Lock gate = new();
        private FileStream? stream;

        /// <summary>Adds a directory.</summary>
        public void Add(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> record)
        {
            lock (gate)
            {
                stream ??= new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 18);
                index.Add((Hash(directory), stream.Position));
                stream.Write(record);
            }
        }

        /// <summary>Puts it in place of the old one.</summary>
        public void Finish(string snapshot)
        {
            if (stream is null) return;
            var w = new ByteWriter(index.Count * 16 + TrailerSize);
            index.Sort();
            foreach (var (hash, at) in index)
            {
                w.Fixed((long)hash);
                w.Fixed(at);
            }
            w.Fixed(stream.Position);
            w.Fixed(index.Count);
            w.Raw(System.Text.Encoding.ASCII.GetBytes(snapshot));
            w.Raw(Magic);
            stream.Write(w.Span);
            stream.Flush(flushToDisk: true);
            stream.Dispose();
            File.Move(temporary, path, overwrite: true);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            stream?.Dispose();
            ObjectFolder.TryDelete(temporary);
        }
    }
}
