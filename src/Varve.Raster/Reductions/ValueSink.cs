using System.Numerics;
using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Reductions;

/// <summary>Counts how often each value of a pass occurs.</summary>
internal sealed class ValueSink(int root) : ISink
{
    /// <summary>In one thread; each takes about 50 bytes.</summary>
    private const int MostValues = 4_000_000;
    private readonly Lock gate = new();
    private Counts? counts;
    private long missing;

    public (long Width, long Height)? Tile => null;
    public long BytesFor(long pixels) => 0;
    public void Finish() { }

    public ISinkPart Part(Program program, long chunkPixels)
    {
        var slot = program.Roots[root];
        return Step.ForType(program.Slots[slot].Type, new Maker(this, slot));
    }

    public ValueCounts Result(PixelType type)
    {
        var (values, numbers) = counts?.InOrder() ?? ([], []);
        return new ValueCounts(type, values, numbers, missing);
    }

    private sealed record Maker(ValueSink Sink, int Slot) : IMaker<ISinkPart>
    {
        public ISinkPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new SinkPart<T>(Sink, Slot);
    }

    private abstract class Counts
    {
        public abstract (byte[] Values, long[] Counts) InOrder();
    }

    private sealed class Counts<T> : Counts where T : unmanaged, INumber<T>
    {
        private readonly Dictionary<T, long> known = [];

        public void Add(T value, long pixels)
        {
            // 0 and -0 are one value.
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(known, value == T.Zero ? T.Zero : value, out var isKnown);
            count += pixels;
            if (!isKnown && known.Count > MostValues) throw new RasterException($"there are more than {MostValues:#,0} different values; values are counted of codes and classes, and real numbers have quantiles");
        }

        public void Add(Counts<T> others)
        {
            foreach (var (value, pixels) in others.known) Add(value, pixels);
        }

        public override (byte[] Values, long[] Counts) InOrder()
        {
            var order = known.Keys.Order().ToArray();
            return (MemoryMarshal.AsBytes(order.AsSpan()).ToArray(), [.. order.Select(v => known[v])]);
        }
    }

    private sealed unsafe class SinkPart<T>(ValueSink sink, int slot) : ISinkPart where T : unmanaged, INumber<T>
    {
        private readonly Counts<T> own = new();
        private long missing;

        public void Take(Frame frame, int at, int count)
        {
            var values = (T*)frame.Data[slot];
            var miss = frame.HasMiss[slot] ? frame.Miss[slot] : null;
            bool IsMissing(int i) => (miss != null && miss[i] != 0) || T.IsNaN(values[i]);
            for (var i = 0; i < count;)
            {
                // Maps of codes have long runs of one.
                var (isMissing, from) = (IsMissing(i), i);
                do i++;
                while (i < count && IsMissing(i) == isMissing && (isMissing || values[i] == values[from]));
                if (isMissing) missing += i - from;
                else own.Add(values[from], i - from);
            }
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk)
        {
            if (plan[slot] is not { } known) return false;
            var bits = known.Bits;
            var value = *(T*)&bits;
            if (known.IsMissing || T.IsNaN(value)) missing += chunk.Pixels;
            else own.Add(value, chunk.Pixels);
            return true;
        }

        public void End(long index, Window chunk) { }

        public void Dispose()
        {
            lock (sink.gate)
            {
                sink.missing += missing;
                if (sink.counts is Counts<T> known) known.Add(own);
                else sink.counts = own;
            }
        }
    }
}
