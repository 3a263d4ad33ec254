using System.Numerics;
using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Reductions;

/// <summary>
/// Counts values by 16 bits of their order, below some leading bits: by one pass for every 16 bits, values of any rank
/// are found exactly in little memory.
/// </summary>
internal sealed class RankSink(int root, IReadOnlyList<ulong> prefixes, int shift) : ISink
{
    public const int Bits = 16;
    private readonly Lock gate = new();

    /// <summary>For each prefix, how many values have each next 16 bits.</summary>
    public long[][] Counts { get; } = [.. prefixes.Select(static _ => new long[1 << Bits])];

    public (long Width, long Height)? Tile => null;
    public long BytesFor(long pixels) => prefixes.Count * sizeof(long) << Bits;
    public void Finish() { }

    public ISinkPart Part(Program program, long chunkPixels)
    {
        var slot = program.Roots[root];
        return Step.ForType(program.Slots[slot].Type, new Maker(this, slot, program.Slots[slot].Type));
    }

    /// <summary>Bits in which values of a type are ordered.</summary>
    public static int Width(PixelType type) => Math.Max(Bits, type.Size() * 8);

    /// <summary>A number whose order among unsigned integers is that of the value among its type's.</summary>
    public static ulong Key<T>(T value, PixelType type) where T : unmanaged, INumber<T>
    {
        switch (type)
        {
            case PixelType.Float32:
                // 0 and -0 are equal: both become 0.
                var single = BitConverter.SingleToUInt32Bits(float.CreateTruncating(value) + 0f);
                return (uint)(single ^ ((int)single >> 31 | int.MinValue));
            case PixelType.Float64:
                var bits = BitConverter.DoubleToUInt64Bits(double.CreateTruncating(value) + 0.0);
                return bits ^ (ulong)((long)bits >> 63 | long.MinValue);
            default:
                return (ulong)(Int128.CreateTruncating(value) - type.Range().Least);
        }
    }

    /// <summary>The value of a key.</summary>
    public static double Value(ulong key, PixelType type)
    {
        switch (type)
        {
            case PixelType.Float32:
                return BitConverter.UInt32BitsToSingle((uint)key ^ ((uint)key >> 31 == 1 ? 0x80000000u : 0xFFFFFFFFu));
            case PixelType.Float64:
                return BitConverter.UInt64BitsToDouble(key ^ (key >> 63 == 1 ? 1ul << 63 : ulong.MaxValue));
            default:
                return (double)((Int128)key + type.Range().Least);
        }
    }

    private sealed record Maker(RankSink Sink, int Slot, PixelType Type) : IMaker<ISinkPart>
    {
        public ISinkPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new SinkPart<T>(Sink, Slot, Type);
    }

    private sealed unsafe class SinkPart<T>(RankSink sink, int slot, PixelType type) : ISinkPart where T : unmanaged, INumber<T>
    {
        private readonly long[][] own = [.. sink.Counts.Select(static _ => new long[1 << Bits])];

        public void Take(Frame frame, int at, int count)
        {
            var values = (T*)frame.Data[slot];
            var miss = frame.HasMiss[slot] ? frame.Miss[slot] : null;
            for (var i = 0; i < count; i++)
                if ((miss == null || miss[i] == 0) && !T.IsNaN(values[i])) Add(values[i], 1);
        }

        private void Add(T value, long times)
        {
            var key = Key(value, type);
            var above = sink.Shift + Bits >= 64 ? 0 : key >> (sink.Shift + Bits);
            for (var p = 0; p < own.Length; p++)
                if (sink.Prefixes[p] == above) own[p][key >> sink.Shift & ((1 << Bits) - 1)] += times;
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk)
        {
            if (plan[slot] is not { } known) return false;
            var bits = known.Bits;
            if (!known.IsMissing && !T.IsNaN(*(T*)&bits)) Add(*(T*)&bits, chunk.Pixels);
            return true;
        }

        public void End(long index, Window chunk) { }

        public void Dispose()
        {
            lock (sink.gate)
                for (var p = 0; p < own.Length; p++)
                    for (var i = 0; i < own[p].Length; i++) sink.Counts[p][i] += own[p][i];
        }
    }

    private int Shift => shift;
    private IReadOnlyList<ulong> Prefixes => prefixes;
}
