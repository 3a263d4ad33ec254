using System.Buffers.Binary;

namespace Varve.Snapshots.Repository;

/// <summary>What an entry of a directory is.</summary>
public enum EntryKind : byte
{
    /// <summary>A regular file.</summary>
    File = 1,
    /// <summary>A directory.</summary>
    Directory = 2,
    /// <summary>A symbolic link.</summary>
    Link = 3,
    /// <summary>A FIFO.</summary>
    Fifo = 4,
    /// <summary>A character or block device; the mode tells which.</summary>
    Device = 5,
}

/// <summary>One piece of a content: a chunk, or a hole of zeros when there is no id.</summary>
internal readonly record struct ContentPart(ChunkId Id, long Length)
{
    public bool IsHole => Id == default;
}

/// <summary>
/// What a file or a directory holds. The bytes of a directory are its encoded entries, cut between entries. When
/// <see cref="Indirect"/>, the parts hold not the bytes but further parts.
/// </summary>
internal sealed record Content(IReadOnlyList<ContentPart> Parts, bool Indirect)
{
    public static Content Empty { get; } = new([], Indirect: false);
}

/// <summary>An entry of a directory: all that brings it back.</summary>
internal sealed record TreeEntry
{
    public required EntryKind Kind { get; init; }
    public required byte[] Name { get; init; }
    /// <summary>Permission and set-id bits; for devices with the kind.</summary>
    public required uint Mode { get; init; }
    public required uint Uid { get; init; }
    public required uint Gid { get; init; }
    /// <summary>Nanoseconds since 1970 (UTC).</summary>
    public required long ModifiedNs { get; init; }
    /// <summary>Bytes of a file.</summary>
    public long Size { get; init; }
    /// <summary>Equal for the names of one file; 0 when it has one name.</summary>
    public ulong LinkKey { get; init; }
    public IReadOnlyList<ExtendedAttribute> Attributes { get; init; } = [];
    public Content Content { get; init; } = Content.Empty;
    /// <summary>Of a symbolic link.</summary>
    public byte[] Target { get; init; } = [];
    /// <summary>Of a device: major in the high half.</summary>
    public ulong Device { get; init; }

    /// <summary>The entry as bytes.</summary>
    public byte[] Encode()
    {
        var w = new ByteWriter(64 + Name.Length + Content.Parts.Count * 36);
        w.Byte((byte)Kind);
        w.Block(Name);
        w.Number(Mode);
        w.Number(Uid);
        w.Number(Gid);
        w.Fixed(ModifiedNs);
        w.Number(LinkKey);
        w.Number((ulong)Attributes.Count);
        foreach (var attribute in Attributes)
        {
            w.Block(attribute.Name);
            w.Block(attribute.Value);
        }
        switch (Kind)
        {
            case EntryKind.File:
                w.Number((ulong)Size);
                Encode(Content, w);
                break;
            case EntryKind.Directory:
                Encode(Content, w);
                break;
            case EntryKind.Link:
                w.Block(Target);
                break;
            case EntryKind.Device:
                w.Number(Device);
                break;
            default:
                break;
        }
        return w.ToArray();
    }

    private static void Encode(Content content, ByteWriter w)
    {
        w.Byte(content.Indirect ? (byte)1 : (byte)0);
        w.Number((ulong)content.Parts.Count);
        foreach (var part in content.Parts) Encode(part, w);
    }

    /// <summary>A part as it stands in an entry, and in the chunks of an indirect content.</summary>
    public static void Encode(ContentPart part, ByteWriter w)
    {
        w.Number((ulong)part.Length << 1 | (part.IsHole ? 1UL : 0));
        if (!part.IsHole) w.Id(part.Id);
    }

    /// <summary>Reads one entry and moves on.</summary>
    /// <exception cref="InvalidDataException">The bytes are no entry.</exception>
    public static TreeEntry Decode(ref ByteReader r)
    {
        var kind = (EntryKind)r.Byte();
        var entry = new TreeEntry
        {
            Kind = kind,
            Name = r.Block().ToArray(),
            Mode = (uint)r.Number(),
            Uid = (uint)r.Number(),
            Gid = (uint)r.Number(),
            ModifiedNs = r.Fixed(),
            LinkKey = r.Number(),
            Attributes = DecodeAttributes(ref r),
        };
        return kind switch
        {
            EntryKind.File => entry with { Size = (long)r.Number(), Content = DecodeContent(ref r) },
            EntryKind.Directory => entry with { Content = DecodeContent(ref r) },
            EntryKind.Link => entry with { Target = r.Block().ToArray() },
            EntryKind.Device => entry with { Device = r.Number() },
            EntryKind.Fifo => entry,
            _ => throw new InvalidDataException("an entry of unknown kind"),
        };
    }

    private static List<ExtendedAttribute> DecodeAttributes(ref ByteReader r)
    {
        var count = r.Count(2);
        var list = new List<ExtendedAttribute>(count);
        for (var i = 0; i < count; i++) list.Add(new ExtendedAttribute(r.Block().ToArray(), r.Block().ToArray()));
        return list;
    }

    private static Content DecodeContent(ref ByteReader r)
    {
        var indirect = r.Byte() == 1;
        var count = r.Count(1);
        var parts = new ContentPart[count];
        for (var i = 0; i < count; i++) parts[i] = DecodePart(ref r);
        return new Content(parts, indirect);
    }

    /// <summary>Reads one part and moves on.</summary>
    public static ContentPart DecodePart(ref ByteReader r)
    {
        var head = r.Number();
        return new ContentPart((head & 1) == 1 ? default : r.Id(), (long)(head >> 1));
    }
}

/// <summary>Writes numbers (LEB128), blocks with their length, and ids.</summary>
internal sealed class ByteWriter(int capacity = 256)
{
    private byte[] bytes = new byte[Math.Max(16, capacity)];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => bytes.AsSpan(0, Length);

    public byte[] ToArray() => Span.ToArray();

    public void Clear() => Length = 0;

    public void Byte(byte value)
    {
        Room(1)[0] = value;
        Length++;
    }

    public void Number(ulong value)
    {
        var room = Room(10);
        var n = 0;
        for (; value >= 0x80; value >>= 7) room[n++] = (byte)(value | 0x80);
        room[n++] = (byte)value;
        Length += n;
    }

    public void Fixed(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);
        Length += 8;
    }

    public void Block(ReadOnlySpan<byte> block)
    {
        Number((ulong)block.Length);
        Raw(block);
    }

    public void Raw(ReadOnlySpan<byte> block)
    {
        block.CopyTo(Room(block.Length));
        Length += block.Length;
    }

    public void Id(ChunkId id)
    {
        id.Write(Room(ChunkId.Size));
        Length += ChunkId.Size;
    }

    private Span<byte> Room(int more)
    {
        if (Length + more > bytes.Length) Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + more));
        return bytes.AsSpan(Length);
    }
}

/// <summary>Reads what <see cref="ByteWriter"/> wrote; every claim of a length is held against what is there.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public readonly bool AtEnd => rest.IsEmpty;

    public readonly int Left => rest.Length;

    public byte Byte() => Take(1)[0];

    public ulong Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw new InvalidDataException("a number without an end");
    }

    /// <summary>A number of things that take at least so many bytes each.</summary>
    public int Count(int smallest)
    {
        var count = Number();
        return count <= (ulong)(rest.Length / smallest) ? (int)count : throw new InvalidDataException("more things than there are bytes");
    }

    public long Fixed() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ReadOnlySpan<byte> Block() => Take(Count(1));

    public ChunkId Id() => ChunkId.Read(Take(ChunkId.Size));

    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)rest.Length) throw new InvalidDataException("the end came too early");
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
