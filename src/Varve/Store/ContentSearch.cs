using Microsoft.Win32.SafeHandles;

namespace Varve.Store;

/// <summary>Looks for bytes in a file of any size.</summary>
internal static class ContentSearch
{
    private const int Window = 1 << 20;

    /// <summary>Whether a file holds these bytes somewhere.</summary>
    public static bool Holds(SafeFileHandle file, byte[] wanted)
    {
        var buffer = new byte[Math.Min(Window, RandomAccess.GetLength(file)) + wanted.Length];
        var kept = 0;
        long offset = 0;
        while (true)
        {
            var count = RandomAccess.Read(file, buffer.AsSpan(kept), offset);
            if (count == 0) return false;
            offset += count;
            if (buffer.AsSpan(0, kept + count).IndexOf(wanted) >= 0) return true;
            var keep = Math.Min(wanted.Length - 1, kept + count);
            buffer.AsSpan(kept + count - keep, keep).CopyTo(buffer);
            kept = keep;
        }
    }
}
