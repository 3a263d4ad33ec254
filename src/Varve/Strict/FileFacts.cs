using System.Buffers.Binary;
using Varve.Linux;

namespace Varve.Strict;

/// <summary>Which file, whatever it is called.</summary>
internal readonly record struct FileKey(uint DeviceMajor, uint DeviceMinor, ulong Inode, long Born)
{
    private const ushort Type = 0xF000, DirectoryType = 0x4000;

    public static FileKey Of(in Libc.Statx s) =>
        // A folder that is laid together of two has no one time of birth.
        new(s.DevMajor, s.DevMinor, s.Inode, (s.Mode & Type) == DirectoryType ? 0 : s.Born.TotalNanoseconds);
}

/// <summary>The times of a file as a strict step sees them, in nanoseconds since 1970.</summary>
/// <param name="Set">Whether they were said outright, not come by writing.</param>
internal readonly record struct FileTimes(long Accessed, long Modified, long Changed, bool Set);

/// <summary>
/// The status of files as a strict step sees it: what it did not write bears the time of its beginning, what it wrote the
/// time of its own clock when it began to; files are numbered in the order in which they are looked at; what depends on the
/// file system (blocks, sizes and links of folders) and on who works there is the same everywhere.
/// </summary>
/// <param name="epochNs">When the step begins by its own clock, in nanoseconds since 1970.</param>
internal sealed class FileFacts(long epochNs)
{
    private const ushort Type = 0xF000, DirectoryType = 0x4000;
    private const int StatBytes = 144, StatxBytes = 256, BlockSize = 4096, StatxBasic = 0x7FF;
    private readonly Dictionary<FileKey, ulong> numbers = [];
    private readonly Dictionary<FileKey, FileTimes> times = [];

    /// <summary>The real moment, by the clock that stamps files, before which nothing was written by the step.</summary>
    public long StartedNs { get; set; } = long.MaxValue;

    /// <summary>The number of a file.</summary>
    public ulong NumberOf(in Libc.Statx s)
    {
        var key = FileKey.Of(in s);
        if (numbers.TryGetValue(key, out var number)) return number;
        return numbers[key] = (ulong)numbers.Count + 2;
    }

    /// <summary>Notes the times of a file that the step wrote, or set.</summary>
    public void Note(in Libc.Statx s, in FileTimes seen) => times[FileKey.Of(in s)] = seen;

    /// <summary>Whether the times of a file the step wrote are known.</summary>
    public bool Knows(in Libc.Statx s) => times.ContainsKey(FileKey.Of(in s)) || !WasWritten(in s);

    private bool WasWritten(in Libc.Statx s) => s.Modified.TotalNanoseconds >= StartedNs;

    /// <summary>The times of a file.</summary>
    public FileTimes TimesOf(in Libc.Statx s) =>
        times.TryGetValue(FileKey.Of(in s), out var known) && (known.Set || WasWritten(in s)) ? known : new FileTimes(epochNs, epochNs, epochNs, Set: false);

    private static long SizeOf(in Libc.Statx s) => (s.Mode & Type) == DirectoryType ? BlockSize : (long)s.Size;

    private static long BlocksOf(in Libc.Statx s) => (s.Mode & Type) is DirectoryType ? BlockSize / 512 : ((long)s.Size + BlockSize - 1) / BlockSize * (BlockSize / 512);

    private static uint LinksOf(in Libc.Statx s) => (s.Mode & Type) == DirectoryType ? 1 : s.Links;

    /// <summary>As `struct stat` of x86-64 (arch/x86/include/uapi/asm/stat.h).</summary>
    public byte[] AsStat(in Libc.Statx s, uint owner)
    {
        var bytes = new byte[StatBytes];
        var at = bytes.AsSpan();
        var seen = TimesOf(in s);
        BinaryPrimitives.WriteUInt64LittleEndian(at, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(at[8..], NumberOf(in s));
        BinaryPrimitives.WriteUInt64LittleEndian(at[16..], LinksOf(in s));
        BinaryPrimitives.WriteUInt32LittleEndian(at[24..], s.Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(at[28..], owner);
        BinaryPrimitives.WriteUInt32LittleEndian(at[32..], owner);
        BinaryPrimitives.WriteUInt64LittleEndian(at[40..], (s.RdevMinor & 0xFF) | (s.RdevMajor << 8) | ((s.RdevMinor & ~0xFFu) << 12));
        BinaryPrimitives.WriteInt64LittleEndian(at[48..], SizeOf(in s));
        BinaryPrimitives.WriteInt64LittleEndian(at[56..], BlockSize);
        BinaryPrimitives.WriteInt64LittleEndian(at[64..], BlocksOf(in s));
        WriteTime(at[72..], seen.Accessed);
        WriteTime(at[88..], seen.Modified);
        WriteTime(at[104..], seen.Changed);
        return bytes;
    }

    /// <summary>As `struct statx` (statx(2)).</summary>
    public byte[] AsStatx(in Libc.Statx s, uint owner)
    {
        var bytes = new byte[StatxBytes];
        var at = bytes.AsSpan();
        var seen = TimesOf(in s);
        BinaryPrimitives.WriteUInt32LittleEndian(at, StatxBasic);
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], BlockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(at[16..], LinksOf(in s));
        BinaryPrimitives.WriteUInt32LittleEndian(at[20..], owner);
        BinaryPrimitives.WriteUInt32LittleEndian(at[24..], owner);
        BinaryPrimitives.WriteUInt16LittleEndian(at[28..], s.Mode);
        BinaryPrimitives.WriteUInt64LittleEndian(at[32..], NumberOf(in s));
        BinaryPrimitives.WriteInt64LittleEndian(at[40..], SizeOf(in s));
        BinaryPrimitives.WriteInt64LittleEndian(at[48..], BlocksOf(in s));
        WriteTime(at[64..], seen.Accessed);
        WriteTime(at[96..], seen.Changed);
        WriteTime(at[112..], seen.Modified);
        BinaryPrimitives.WriteUInt32LittleEndian(at[128..], s.RdevMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(at[132..], s.RdevMinor);
        BinaryPrimitives.WriteUInt32LittleEndian(at[140..], 1);
        return bytes;
    }

    private static void WriteTime(Span<byte> at, long nanoseconds)
    {
        var (seconds, rest) = Math.DivRem(nanoseconds, 1_000_000_000);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + 1_000_000_000);
        BinaryPrimitives.WriteInt64LittleEndian(at, seconds);
        BinaryPrimitives.WriteInt64LittleEndian(at[8..], rest);
    }
}
