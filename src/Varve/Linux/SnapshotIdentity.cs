using System.Collections.Concurrent;
using System.Globalization;

namespace Varve.Linux;

/// <summary>
/// What a file in an immutable snapshot is, without a look at its bytes. The text names the snapshot and the file in it:
/// <c>btrfs:UUID:CTRANSID:INODE</c> for a read-only subvolume, whose <c>ctransid</c> moves when somebody makes it writable
/// and changes anything in it (BTRFS_IOC_GET_SUBVOL_INFO, Linux 4.18); <c>zfs:FSID:INODE</c> for a mounted snapshot of ZFS,
/// whose <c>f_fsid</c> is the identity of the data set it is of, and is no one else's in the pool.
/// Equal texts on one host mean equal bytes. Texts of two hosts are not comparable: a receive gives files other numbers.
/// </summary>
internal static unsafe class SnapshotIdentity
{
    private const long Btrfs = 0x9123683E, Zfs = 0x2FC12FC1;
    private const nuint SubvolumeInfo = 0x81F8943C;
    private const int InfoBytes = 504, FlagsAt = 288, UuidAt = 296, ContentTransactionAt = 344;
    private const ulong ReadOnly = 1;
    private const int FsidAt = 7;

    // Only that a device holds no snapshot is remembered: a wrong answer then costs a digest, and nothing else.
    private static readonly ConcurrentDictionary<ulong, byte> Plain = new();

    /// <summary>The identity of a regular file; null when it lies in no immutable snapshot, or cannot be opened.</summary>
    /// <param name="path">Where it lies on the host.</param>
    /// <param name="stamp">Its status.</param>
    public static string? Of(string path, in FileStamp stamp)
    {
        if (stamp.Kind != FileKind.File || Plain.ContainsKey(stamp.Device)) return null;
        // struct statfs of x86-64: f_type first, f_fsid the eighth word.
        var system = stackalloc long[32];
        fixed (byte* p = PathText.EncodeTerminated(path))
            if (Libc.statfs(p, system) != 0) return null;
        var identity = system[0] switch
        {
            Btrfs => OfBtrfs(path, stamp.Inode),
            Zfs when IsSnapshotMount(stamp.Device) => string.Create(CultureInfo.InvariantCulture, $"zfs:{(ulong)system[FsidAt]:x16}:{stamp.Inode}"),
            _ => null,
        };
        if (identity is null) Plain[stamp.Device] = 0;
        return identity;
    }

    private static string? OfBtrfs(string path, ulong inode)
    {
        int descriptor;
        fixed (byte* p = PathText.EncodeTerminated(path))
            descriptor = Libc.open(p, Libc.OReadOnly | Libc.OCloexec | Libc.ONofollow | Libc.ONonblock, 0);
        if (descriptor < 0) return null;
        try
        {
            var info = stackalloc byte[InfoBytes];
            // It answers 1 when no other subvolume comes after this one.
            if (Libc.ioctl(descriptor, SubvolumeInfo, info) < 0 || (*(ulong*)(info + FlagsAt) & ReadOnly) == 0) return null;
            var uuid = new Guid(new ReadOnlySpan<byte>(info + UuidAt, 16), bigEndian: true);
            return uuid == Guid.Empty ? null : string.Create(CultureInfo.InvariantCulture, $"btrfs:{uuid}:{*(ulong*)(info + ContentTransactionAt)}:{inode}");
        }
        finally
        {
            _ = Libc.close(descriptor);
        }
    }

    /// <summary>Whether the file system of a device was mounted from <c>pool/name@snapshot</c>, which nobody can write.</summary>
    private static bool IsSnapshotMount(ulong device)
    {
        var wanted = string.Create(CultureInfo.InvariantCulture, $"{device >> 32}:{device & 0xFFFFFFFF}");
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var words = line.Split(' ');
            var separator = Array.IndexOf(words, "-");
            if (words.Length > 2 && words[2] == wanted && separator > 0 && separator + 2 < words.Length) return words[separator + 1] == "zfs" && words[separator + 2].Contains('@', StringComparison.Ordinal);
        }
        return false;
    }
}
