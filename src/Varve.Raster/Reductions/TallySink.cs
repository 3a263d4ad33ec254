using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Reductions;

/// <summary>Tallies one result of a pass.</summary>
internal sealed class TallySink(int root, Wanted wanted) : ITallySink
{
    private readonly Lock gate = new();
    private PixelType type;

    public Tally Total { get; } = new();
    public Statistics Result => Total.Result(type);
    public (long Width, long Height)? Tile => null;

    public long BytesFor(long pixels) => 4 * sizeof(double) * Frame.Length;

    public ISinkPart Part(Program program, long chunkPixels)
    {
        var slot = program.Roots[root];
        type = program.Slots[slot].Type;
        return Step.ForType<ISinkPart>(type, new Maker(this, slot, type));
    }

    public void Finish() { }

    private sealed record Maker(TallySink Sink, int Slot, PixelType Type) : IMaker<ISinkPart>
    {
        public ISinkPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new TallyPart<T>(Sink, Slot, Type);
    }

    private sealed unsafe class TallyPart<T>(TallySink sink, int slot, PixelType type) : ISinkPart where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        private readonly Tally tally = new();
        private readonly double* scratch = (double*)NativeMemory.AlignedAlloc(2 * Frame.Length * sizeof(double), 64);
        private readonly T* numbers = (T*)NativeMemory.AlignedAlloc((nuint)(Frame.Length * sizeof(T)), 64);
        private readonly Wanted wanted = sink.Wants;
        private readonly bool isReal = type.IsFloat();

        public bool TakeUniform(ChunkPlan plan, Window chunk)
        {
            if (plan[slot] is not { } known) return false;
            var bits = known.Bits;
            var value = *(T*)&bits;
            if (known.IsMissing || T.IsNaN(value))
            {
                tally.Counted(0, chunk.Pixels);
                return true;
            }
            var real = double.CreateTruncating(value);
            tally.Counted(chunk.Pixels, 0);
            tally.Extend(real, real);
            if (isReal) tally.Real.Add(real, chunk.Pixels);
            else tally.AddWhole(Int128.CreateTruncating(value) * chunk.Pixels);
            if (wanted.HasFlag(Wanted.Squares) && real != 0)
            {
                var square = real * real;
                tally.Squares.Add(square, chunk.Pixels);
                tally.Squares.Add(Math.FusedMultiplyAdd(real, real, -square), chunk.Pixels);
            }
            return true;
        }

        public void Take(Frame frame, int at, int count)
        {
            var x = (T*)frame.Data[slot];
            var missing = frame.HasMiss[slot] ? Ones(frame.Miss[slot], count) : 0;
            if (isReal)
            {
                TakeReal(x, count);
                return;
            }
            tally.Counted(count - missing, missing);
            if (missing == count) return;
            if (missing > 0)
            {
                // A missing pixel counts as 0 in sums, and as any other pixel in extremes.
                var first = 0;
                while (frame.Miss[slot][first] != 0) first++;
                if (wanted.HasFlag(Wanted.Extremes))
                {
                    for (var i = 0; i < count; i++) numbers[i] = frame.Miss[slot][i] != 0 ? x[first] : x[i];
                    Extremes(numbers, count);
                }
                for (var i = 0; i < count; i++) numbers[i] = frame.Miss[slot][i] != 0 ? T.Zero : x[i];
                x = numbers;
            }
            else if (wanted.HasFlag(Wanted.Extremes))
            {
                Extremes(x, count);
            }
            if (wanted.HasFlag(Wanted.Sum)) tally.AddWhole(SumOf(x, count));
            if (wanted.HasFlag(Wanted.Squares))
            {
                TensorPrimitives.ConvertTruncating(new ReadOnlySpan<T>(x, count), new Span<double>(scratch, count));
                AddSquares(count);
            }
        }

        private void TakeReal(T* x, int count)
        {
            var reals = (double*)x;
            if (typeof(T) == typeof(float))
            {
                TensorPrimitives.ConvertTruncating(new ReadOnlySpan<T>(x, count), new Span<double>(scratch, count));
                reals = scratch;
            }
            var missing = wanted.HasFlag(Wanted.Sum) ? tally.Real.Add(reals, count) : Kernels.NaNs(reals, count);
            tally.Counted(count - missing, missing);
            if (missing == count) return;
            if (wanted.HasFlag(Wanted.Extremes))
                tally.Extend(Kernels.Least(reals, count), -Kernels.Least(reals, count, sign: -1));
            if (!wanted.HasFlag(Wanted.Squares)) return;
            if (reals != scratch) new ReadOnlySpan<double>(reals, count).CopyTo(new Span<double>(scratch, count));
            AddSquares(count);
        }

        /// <summary>Of the numbers in the scratch, each square as what is rounded and what rounding left.</summary>
        private void AddSquares(int count)
        {
            var low = scratch + Frame.Length;
            for (var i = 0; i < count; i++)
            {
                var (x, square) = (scratch[i], scratch[i] * scratch[i]);
                low[i] = double.IsFinite(square) ? Math.FusedMultiplyAdd(x, x, -square) : 0;
                scratch[i] = square;
            }
            tally.Squares.Add(scratch, count);
            tally.Squares.Add(low, count);
        }

        private void Extremes(T* x, int count) =>
            tally.Extend(double.CreateTruncating(TensorPrimitives.Min(new ReadOnlySpan<T>(x, count))), double.CreateTruncating(TensorPrimitives.Max(new ReadOnlySpan<T>(x, count))));

        private Int128 SumOf(T* x, int count)
        {
            if (sizeof(T) == 8)
            {
                Int128 all = 0;
                for (var i = 0; i < count; i++) all += Int128.CreateTruncating(x[i]);
                return all;
            }
            if (typeof(T) == typeof(byte)) return Kernels.Sum((byte*)x, count);
            // 4096 numbers of 32 bits add up exactly in 53.
            TensorPrimitives.ConvertTruncating(new ReadOnlySpan<T>(x, count), new Span<double>(scratch, count));
            return (Int128)TensorPrimitives.Sum(new ReadOnlySpan<double>(scratch, count));
        }

        private static int Ones(byte* a, int count) => (int)Kernels.Sum(a, count);

        public void End(long index, Window chunk) { }

        public void Dispose()
        {
            NativeMemory.AlignedFree(scratch);
            NativeMemory.AlignedFree(numbers);
            lock (sink.gate) sink.Total.Add(tally);
        }
    }

    private Wanted Wants => wanted;
}
