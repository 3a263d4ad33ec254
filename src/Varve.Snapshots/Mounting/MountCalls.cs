using System.Runtime.InteropServices;

namespace Varve.Snapshots.Mounting;

/// <summary>The calls of the C library that mounting needs.</summary>
internal static unsafe partial class MountCalls
{
    public const ulong ReadOnly = 1, NoSetId = 2, NoDevices = 4;
    public const int Detach = 2;
    public const int Path = 0x200000;
    public const int UnixFamily = 1, StreamSocket = 1;
    public const int Eintr = 4, Eio = 5, Eagain = 11, Ebusy = 16, Enodev = 19, Enotdir = 20, Einval = 22, Enoent = 2, Eacces = 13, Erofs = 30, Enosys = 38, Eisdir = 21, Enotconn = 107, Eperm = 1;

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Piece
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public void* Name;
        public uint NameLength;
        public Piece* Pieces;
        public nuint PieceCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mount(string source, byte* target, string type, ulong flags, string data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int umount2(byte* target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socketpair(int family, int type, int protocol, int* pair);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(int socket, Message* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* buffer, nuint count);

    public static int Errno => Marshal.GetLastPInvokeError();
}
