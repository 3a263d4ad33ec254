using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Varve.Linux;

/// <summary>
/// Opens files of one folder and nothing else: the kernel itself resolves the path and refuses one that leaves the folder
/// or goes through a symbolic link (openat2(2), Linux 5.6), whatever anybody renames meanwhile.
/// </summary>
internal static unsafe class Beneath
{
    private const long OpenAt2 = 437;
    private const ulong NoMagicLinks = 0x02, NoSymbolicLinks = 0x04, Below = 0x08;

    [StructLayout(LayoutKind.Sequential)]
    private struct How
    {
        public ulong Flags, Mode, Resolve;
    }

    /// <summary>Opens a regular file or a directory for reading; never waits for a FIFO.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="relative">The path from there; empty for the folder itself.</param>
    /// <returns>The open file and what it is; null when there is none, or it may not be reached so.</returns>
    public static (SafeFileHandle Handle, FileStamp Stamp)? Open(string folder, string relative)
    {
        int root;
        fixed (byte* p = PathText.EncodeTerminated(folder)) root = Libc.open(p, Libc.OPath | Libc.ODirectory | Libc.OCloexec, 0);
        if (root < 0) return null;
        try
        {
            var how = new How { Flags = Libc.OReadOnly | Libc.OCloexec | Libc.ONonblock, Resolve = NoMagicLinks | NoSymbolicLinks | Below };
            long descriptor;
            fixed (byte* p = PathText.EncodeTerminated(relative.Length == 0 ? "." : relative))
                descriptor = Libc.syscall(OpenAt2, root, (nint)p, (nint)(&how), sizeof(How), 0);
            if (descriptor < 0) return null;
            var handle = new SafeFileHandle((nint)descriptor, ownsHandle: true);
            var stamp = Files.Look((int)descriptor);
            if (stamp.Kind is FileKind.File or FileKind.Directory) return (handle, stamp);
            handle.Dispose();
            return null;
        }
        finally
        {
            _ = Libc.close(root);
        }
    }
}
