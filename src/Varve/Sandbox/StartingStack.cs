using System.Runtime.InteropServices;

namespace Varve.Sandbox;

/// <summary>
/// What the kernel lays on the stack of a new program (System V ABI, section 3.4.1: arguments, variables, auxiliary
/// vector; getauxval(3)), made the same everywhere.
/// </summary>
internal static class StartingStack
{
    /// <summary>How many random bytes a program is given (AT_RANDOM).</summary>
    public const int RandomBytes = 16;
    private const ulong End = 0, Ignored = 1, RandomAddress = 25, SharedObject = 33;
    private const int MostWords = 1 << 20;

    /// <summary>Takes the vDSO away, by which the clock is read unseen, and replaces the random bytes.</summary>
    /// <param name="process">The process, held before its first instruction.</param>
    /// <param name="pointer">Its stack pointer.</param>
    /// <param name="random">The random bytes it is to have.</param>
    public static void MakeSame(int process, ulong pointer, ReadOnlySpan<byte> random)
    {
        var words = new Words(process, pointer);
        var at = 1 + (int)words[0] + 1;
        while (words[at] != 0) at++;
        Span<ulong> ignored = [Ignored];
        for (at++; words[at] != End; at += 2)
        {
            if (words[at] == SharedObject) Tracee.WriteBytes(process, pointer + 8 * (ulong)at, MemoryMarshal.AsBytes(ignored));
            else if (words[at] == RandomAddress) Tracee.WriteBytes(process, words[at + 1], random);
        }
    }

    /// <summary>The words of a process's memory from an address on, read by the page.</summary>
    private sealed class Words(int process, ulong start)
    {
        private readonly List<ulong> read = [];

        public ulong this[int index]
        {
            get
            {
                Span<byte> page = stackalloc byte[4096];
                while (read.Count <= index)
                {
                    var address = start + 8 * (ulong)read.Count;
                    var wanted = page[..(int)(4096 - (address & 4095))];
                    if (read.Count > MostWords || Tracee.ReadBytes(process, address, wanted) < wanted.Length) throw new IOException("a program's stack could not be read");
                    read.AddRange(MemoryMarshal.Cast<byte, ulong>(wanted));
                }
                return read[index];
            }
        }
    }
}
