using System.Buffers.Binary;

namespace Varve.Snapshots.Mounting;

/// <summary>What the kernel asks: <c>enum fuse_opcode</c> of linux/fuse.h.</summary>
internal enum FuseCall : uint
{
    Lookup = 1,
    Forget = 2,
    GetAttributes = 3,
    ReadLink = 5,
    Open = 14,
    Read = 15,
    StatFs = 17,
    Release = 18,
    Flush = 25,
    Init = 26,
    OpenFolder = 27,
    ReadFolder = 28,
    ReleaseFolder = 29,
    Interrupt = 36,
    Destroy = 38,
    BatchForget = 42,
}

/// <summary>A request: its head (<c>struct fuse_in_header</c>) and what follows it.</summary>
internal readonly ref struct FuseRequest(ReadOnlySpan<byte> bytes)
{
    /// <summary>Bytes of the head.</summary>
    public const int HeadSize = 40;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public FuseCall Call => (FuseCall)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[4..]);

    public ulong Unique => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[8..]);

    public ulong Node => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[16..]);

    public ReadOnlySpan<byte> Body => _bytes[HeadSize..];

    public uint Number(int at) => BinaryPrimitives.ReadUInt32LittleEndian(Body[at..]);

    public ulong Long(int at) => BinaryPrimitives.ReadUInt64LittleEndian(Body[at..]);
}

/// <summary>An answer that is being written: its head (<c>struct fuse_out_header</c>) and what follows it. One for each thread.</summary>
internal sealed class FuseAnswer(int room)
{
    /// <summary>Bytes of the head.</summary>
    public const int HeadSize = 16;

    private readonly byte[] _bytes = new byte[HeadSize + room];

    /// <summary>Bytes after the head.</summary>
    public int Length { get; private set; }

    /// <summary>Begins anew.</summary>
    public void Clear() => Length = 0;

    public void Number(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Room(sizeof(uint)), value);
        Length += sizeof(uint);
    }

    public void Short(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Room(sizeof(ushort)), value);
        Length += sizeof(ushort);
    }

    public void Long(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Room(sizeof(ulong)), value);
        Length += sizeof(ulong);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    public void Zeros(int count)
    {
        Room(count)[..count].Clear();
        Length += count;
    }

    /// <summary>Room for so many bytes, which count when <see cref="Took"/> says so.</summary>
    public Span<byte> Room(int count) => _bytes.AsSpan(HeadSize + Length)[..count];

    public void Took(int count) => Length += count;

    /// <summary>The whole answer.</summary>
    public ReadOnlySpan<byte> Finish(ulong unique, int error)
    {
        if (error != 0) Length = 0;
        BinaryPrimitives.WriteInt32LittleEndian(_bytes, HeadSize + Length);
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(4), -error);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(8), unique);
        return _bytes.AsSpan(0, HeadSize + Length);
    }
}
