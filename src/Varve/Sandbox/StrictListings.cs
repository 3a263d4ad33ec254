using System.Buffers.Binary;
using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// Folders as a strict step lists them: sorted by the bytes of the names, whatever the file system's order. Where a listing
/// stands is kept where the kernel keeps it, in the open folder's position, so that `rewinddir` and a fork mean what they mean.
/// </summary>
internal sealed unsafe class StrictListings(NotificationListener listener, FileFacts facts)
{
    private const long GetDents64 = 217, OpenAt = 257, OpenProcess = 434, GetDescriptor = 438;
    private const int HeadBytes = 19, FromStart = 0, FromHere = 1, MostKept = 64;

    private readonly record struct Name(byte[] Text, byte Kind);

    private readonly record struct Key(int Process, int Descriptor, ulong Inode);

    /// <summary>Listings under way: a name that is removed meanwhile moves no other.</summary>
    private readonly Dictionary<Key, List<Name>> underWay = [];

    /// <summary>Gives a process the next names of an open folder; false when the kernel is to.</summary>
    public bool Next(in Notification call, Strand strand, int descriptor, ulong address, int room)
    {
        if (Borrow(strand.Process.Leader, descriptor) is not { } ours) return false;
        try
        {
            var at = Processes.lseek(ours, 0, FromHere);
            Libc.Statx folder;
            byte empty = 0;
            if (at < 0 || Libc.statx(ours, &empty, Libc.AtEmptyPath, 0xFFF, &folder) != 0) return false;
            var key = new Key(strand.Process.Leader, descriptor, folder.Inode);
            if (at == 0 || !underWay.TryGetValue(key, out var names))
            {
                if (List(ours) is not { } listed) return false;
                if (underWay.Count >= MostKept) underWay.Clear();
                underWay[key] = names = listed;
            }
            var bytes = new byte[Math.Clamp(room, 0, 1 << 20)];
            var (used, next) = Write(ours, names, (int)Math.Min(at, names.Count), bytes);
            if (used == 0 && next < names.Count) return Answer(in call, -Libc.Einval);
            if (!listener.IsHeld(call.Id)) return true;
            if (!Tracee.WriteBytes(call.Thread, address, bytes.AsSpan(0, used))) return false;
            _ = Processes.lseek(ours, next, FromStart);
            if (used == 0) underWay.Remove(key);
            return Answer(in call, used);
        }
        finally
        {
            _ = Libc.close(ours);
        }
    }

    private bool Answer(in Notification call, int value)
    {
        if (value < 0) listener.Refuse(call.Id, -value);
        else listener.Answer(call.Id, value);
        return true;
    }

    /// <summary>A descriptor of ours for what a process has open, with its position.</summary>
    private static int? Borrow(int process, int descriptor)
    {
        var handle = (int)Libc.syscall(OpenProcess, process, 0, 0, 0, 0);
        if (handle < 0) return null;
        var ours = (int)Libc.syscall(GetDescriptor, handle, descriptor, 0, 0, 0);
        _ = Libc.close(handle);
        return ours < 0 ? null : ours;
    }

    private static List<Name>? List(int folder)
    {
        int again;
        fixed (byte* here = ".\0"u8) again = (int)Libc.syscall(OpenAt, folder, (nint)here, Libc.OReadOnly | Libc.ODirectory | Libc.OCloexec, 0, 0);
        if (again < 0) return null;
        var names = new List<Name>();
        var buffer = new byte[65536];
        long count;
        fixed (byte* b = buffer)
        {
            while ((count = Libc.syscall(GetDents64, again, (nint)b, buffer.Length, 0, 0)) > 0)
                for (var records = buffer.AsSpan(0, (int)count); !records.IsEmpty; records = records[BinaryPrimitives.ReadUInt16LittleEndian(records[16..])..])
                {
                    var name = records[HeadBytes..BinaryPrimitives.ReadUInt16LittleEndian(records[16..])];
                    names.Add(new Name(name[..name.IndexOf((byte)0)].ToArray(), records[18]));
                }
        }
        _ = Libc.close(again);
        if (count < 0) return null;
        // The folder itself and the one above come first, as on most file systems.
        names.Sort(static (x, y) => (Rank(x), Rank(y)) is var (a, b) && a != b ? a.CompareTo(b) : x.Text.AsSpan().SequenceCompareTo(y.Text));
        return names;
    }

    private static int Rank(Name name) => name.Text.AsSpan().SequenceEqual("."u8) ? 0 : name.Text.AsSpan().SequenceEqual(".."u8) ? 1 : 2;

    /// <summary>Writes names from one on as `struct linux_dirent64`; how many bytes, and which name comes next.</summary>
    private (int Used, int Next) Write(int folder, List<Name> names, int from, Span<byte> room)
    {
        var used = 0;
        for (; from < names.Count; from++)
        {
            var (text, kind) = names[from];
            var size = (HeadBytes + text.Length + 1 + 7) & ~7;
            if (used + size > room.Length) break;
            var record = room.Slice(used, size);
            BinaryPrimitives.WriteUInt64LittleEndian(record, NumberOf(folder, text));
            BinaryPrimitives.WriteInt64LittleEndian(record[8..], from + 1);
            BinaryPrimitives.WriteUInt16LittleEndian(record[16..], (ushort)size);
            record[18] = kind;
            text.CopyTo(record[HeadBytes..]);
            used += size;
        }
        return (used, from);
    }

    private ulong NumberOf(int folder, byte[] name)
    {
        Libc.Statx s;
        byte[] terminated = [.. name, 0];
        fixed (byte* n = terminated) return Libc.statx(folder, n, Libc.AtSymlinkNofollow, 0xFFF, &s) == 0 ? facts.NumberOf(in s) : 1;
    }
}
