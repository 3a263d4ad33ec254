using System.Buffers.Binary;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// The files that the kernel itself opens when a program is executed, and that no call tells of: the interpreter of
/// a script (`#!`), the dynamic linker of an ELF file (System V ABI, program header PT_INTERP).
/// </summary>
internal sealed class ProgramReader(EventLog log, EffectLog effects)
{
    private const int HeadBytes = 4096, MostInterpreters = 5;
    private readonly byte[] head = new byte[HeadBytes];

    /// <summary>Notes the execution of a path. Zero, or the error that refuses it.</summary>
    public int Executed(int thread, ReadOnlySpan<byte> path)
    {
        var current = path.ToArray();
        for (var depth = 0; depth < MostInterpreters; depth++)
        {
            log.Add(Wanted.Content | Wanted.Follow | Wanted.Program, current);
            var size = Tracee.ReadHead(thread, current, head);
            if (size < 4) return 0;
            var bytes = head.AsSpan(0, size);
            if (bytes.StartsWith("#!"u8))
            {
                current = ScriptInterpreter(bytes);
                if (current.Length == 0 || current[0] != '/') return 0;
                continue;
            }
            if (bytes.StartsWith("\u007fELF"u8)) return Elf(bytes);
            return 0;
        }
        return 0;
    }

    private static byte[] ScriptInterpreter(ReadOnlySpan<byte> bytes)
    {
        var line = bytes[2..];
        var end = line.IndexOf((byte)'\n');
        if (end >= 0) line = line[..end];
        line = line.TrimStart(" \t"u8);
        var space = line.IndexOfAny(" \t\r"u8);
        return (space >= 0 ? line[..space] : line).ToArray();
    }

    private int Elf(ReadOnlySpan<byte> bytes)
    {
        const byte sixtyFour = 2;
        const ushort machineX86 = 62;
        const uint interpreterHeader = 3;
        if (bytes.Length < 64) return 0;
        if (bytes[4] != sixtyFour || BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]) != machineX86)
        {
            effects.Add(EffectKinds.Refused, "a program for another kind of processor (32-bit programs cannot be observed)");
            return Libc.Enoexec;
        }
        var start = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(bytes[54..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[56..]);
        for (var i = 0; i < count; i++)
        {
            var at = start + (ulong)i * size;
            if (at + 56 > (ulong)bytes.Length) return 0;
            var header = bytes[(int)at..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != interpreterHeader) continue;
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            var length = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
            if (length < 2 || offset + length > (ulong)bytes.Length) return 0;
            log.Add(Wanted.Content | Wanted.Follow, bytes.Slice((int)offset, (int)length - 1));
            return 0;
        }
        return 0;
    }
}
