using System.Numerics;
using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Outputs;

/// <summary>Picks evenly spread pixels of a result: a picture of it at another size.</summary>
internal sealed class PreviewSink(int root, Window everything, int width, int height) : ISink
{
    /// <summary>The pixels row by row; NaN where they are missing.</summary>
    public double[] Values { get; } = new double[width * height];

    public (long Width, long Height)? Tile => null;
    public long BytesFor(long pixels) => 0;
    public void Finish() { }

    public ISinkPart Part(Program program, long chunkPixels)
    {
        var slot = program.Roots[root];
        return Step.ForType(program.Slots[slot].Type, new Maker(this, slot));
    }

    private long Column(int x) => everything.X + (2L * x + 1) * everything.Width / (2L * width);
    private long Row(int y) => everything.Y + (2L * y + 1) * everything.Height / (2L * height);

    private sealed record Maker(PreviewSink Sink, int Slot) : IMaker<ISinkPart>
    {
        public ISinkPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new SinkPart<T>(Sink, Slot);
    }

    private sealed unsafe class SinkPart<T>(PreviewSink sink, int slot) : ISinkPart where T : unmanaged, INumber<T>
    {
        private readonly List<(long At, int Target)> wanted = [];
        private Window chunk;
        private int next;

        public void Take(Frame frame, int at, int count)
        {
            if (at == 0) Begin(frame.Chunk);
            var values = (T*)frame.Data[slot];
            for (; next < wanted.Count && wanted[next].At < at + count; next++)
            {
                var i = (int)(wanted[next].At - at);
                sink.Values[wanted[next].Target] = frame.HasMiss[slot] && frame.Miss[slot][i] != 0 ? double.NaN : double.CreateTruncating(values[i]);
            }
        }

        /// <summary>The pixels wanted of a chunk, in their order.</summary>
        private void Begin(Window of)
        {
            chunk = of;
            next = 0;
            wanted.Clear();
            for (var y = 0; y < sink.Height; y++)
            {
                var row = sink.Row(y) - chunk.Y;
                if (row < 0 || row >= chunk.Height) continue;
                for (var x = 0; x < sink.Width; x++)
                    if (sink.Column(x) - chunk.X is >= 0 and var column && column < chunk.Width) wanted.Add((row * chunk.Width + column, y * sink.Width + x));
            }
            wanted.Sort();
        }

        public bool TakeUniform(ChunkPlan plan, Window of)
        {
            if (plan[slot] is not { } known) return false;
            var bits = known.Bits;
            Begin(of);
            foreach (var (_, target) in wanted) sink.Values[target] = known.IsMissing ? double.NaN : double.CreateTruncating(*(T*)&bits);
            return true;
        }

        public void End(long index, Window of) { }

        public void Dispose() { }
    }

    private int Width => width;
    private int Height => height;
}
