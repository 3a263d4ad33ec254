using System.Runtime.InteropServices;

namespace Varve.Linux;

/// <summary>How the person's terminal treats keys (termios(3)): raw while this lives, and then as it was.</summary>
internal sealed unsafe partial class TerminalMode : IDisposable
{
    private const int TermiosBytes = 256, SetNow = 0;
    private const nuint GetSize = 0x5413;
    private readonly byte[] saved = new byte[TermiosBytes];
    private readonly bool changed;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcgetattr(int descriptor, byte* termios);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcsetattr(int descriptor, int when, byte* termios);

    [LibraryImport("libc")]
    private static partial void cfmakeraw(byte* termios);

    private TerminalMode()
    {
        var raw = new byte[TermiosBytes];
        fixed (byte* before = saved)
        fixed (byte* now = raw)
        {
            if (tcgetattr(0, before) != 0) return;
            saved.CopyTo(raw, 0);
            cfmakeraw(now);
            changed = tcsetattr(0, SetNow, now) == 0;
        }
    }

    /// <summary>Every key comes as it is typed, Ctrl-C too; nothing is shown by itself. Does nothing when standard input is no terminal.</summary>
    public static TerminalMode Raw() => new();

    /// <summary>Columns and rows of the terminal on a descriptor; null when there is none.</summary>
    public static (int Columns, int Rows)? Size(int descriptor)
    {
        var size = stackalloc ushort[4];
        return Libc.ioctl(descriptor, GetSize, size) == 0 && size[1] > 0 ? (size[1], size[0]) : null;
    }

    public void Dispose()
    {
        if (!changed) return;
        fixed (byte* before = saved) _ = tcsetattr(0, SetNow, before);
    }
}
