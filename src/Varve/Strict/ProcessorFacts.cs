using System.Buffers.Binary;

namespace Varve.Strict;

/// <summary>The four registers that CPUID fills.</summary>
internal readonly record struct ProcessorAnswer(uint Eax, uint Ebx, uint Ecx, uint Edx);

/// <summary>
/// What CPUID (Intel SDM, volume 2A) says in a strict step, on processors that let it be answered by somebody else: a
/// processor of nobody's make that can what x86-64-v2 says (System V ABI, section 3.1.1), and has no random numbers.
/// </summary>
internal static class ProcessorFacts
{
    private const string Maker = "Varve  Varve", Brand = "x86-64";

    public static ProcessorAnswer Of(uint leaf) => leaf switch
    {
        0 => new(7, Word(Maker, 0), Word(Maker, 2), Word(Maker, 1)),
        // Cache lines of 64 bytes, one processor; SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; all up to SSE2.
        1 => new(0x600, (1 << 16) | (8 << 8), 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23, 0x078BFBFF),
        0x80000000 => new(0x80000004, 0, 0, 0),
        // LAHF; SYSCALL, NX, 64 bits.
        0x80000001 => new(0, 0, 1, 1 << 11 | 1 << 20 | 1 << 29),
        0x80000002 => new(Word(Brand, 0), Word(Brand, 1), 0, 0),
        _ => default,
    };

    private static uint Word(string text, int index)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        System.Text.Encoding.ASCII.GetBytes(text, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * index)..]);
    }
}
