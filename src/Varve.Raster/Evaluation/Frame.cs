using System.Runtime.InteropServices;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// The memory in which one thread computes an expression over a run of pixels: for each value of the program a run of
/// numbers, and a run of bytes that are 1 where it is missing. A run is short enough to stay in the processor's cache.
/// </summary>
internal sealed unsafe class Frame : IDisposable
{
    /// <summary>Pixels of a run.</summary>
    public const int Length = 2048;

    private readonly byte* memory;

    /// <param name="program">What will be computed.</param>
    public Frame(Program program)
    {
        var count = program.Slots.Count;
        (Data, Miss, HasMiss, Own) = (new byte*[count], new byte*[count], new bool[count], new byte*[count]);
        Sources = new byte*[program.Sources.Count];
        var bytes = program.Buffers.Sum(static size => (long)(size + 1) * Length);
        memory = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 64), 64);
        NativeMemory.Clear(memory, (nuint)Math.Max(bytes, 64));
        var starts = new byte*[program.Buffers.Count];
        var at = memory;
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = at;
            at += (long)(program.Buffers[i] + 1) * Length;
        }
        for (var i = 0; i < count; i++)
        {
            var slot = program.Slots[i];
            Data[i] = Own[i] = starts[slot.Buffer];
            Miss[i] = starts[slot.Buffer] + (long)program.Buffers[slot.Buffer] * Length;
        }
        Bytes = bytes;
    }

    /// <summary>Where each value is now.</summary>
    public byte*[] Data { get; }
    /// <summary>1 where a value is missing; to be looked at only where <see cref="HasMiss"/>.</summary>
    public byte*[] Miss { get; }
    public bool[] HasMiss { get; }
    /// <summary>Memory of the frame for each value.</summary>
    public byte*[] Own { get; }
    /// <summary>The pixels of each source in the chunk, row by row.</summary>
    public byte*[] Sources { get; }
    /// <summary>Which pixels are computed now.</summary>
    public Window Chunk { get; set; }
    public long Bytes { get; }

    public void Dispose() => NativeMemory.AlignedFree(memory);
}

/// <summary>A value of a program: its type, and which of the frame's buffers it has.</summary>
internal readonly record struct Slot(PixelType Type, int Buffer);
