using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Outputs;

/// <summary>Puts a result of a pass into memory that its caller has.</summary>
internal sealed unsafe class ArraySink(int root, Window everything, byte* data, byte* missing) : ISink
{
    private int anyMissing;

    /// <summary>Whether a pixel was missing.</summary>
    public bool HasMissing => anyMissing != 0;
    public (long Width, long Height)? Tile => null;

    public long BytesFor(long pixels) => 0;

    public ISinkPart Part(Program program, long chunkPixels) => new SinkPart(this, program.Roots[root], program.Slots[program.Roots[root]].Type);

    public void Finish() { }

    private sealed class SinkPart(ArraySink sink, int slot, PixelType type) : ISinkPart
    {
        private readonly int size = type.Size();

        public void Take(Frame frame, int at, int count)
        {
            var (width, chunk) = (frame.Chunk.Width, frame.Chunk);
            var real = frame.Data[slot];
            for (var done = 0; done < count;)
            {
                var (row, column) = Math.DivRem(at + done, width);
                var run = (int)Math.Min(count - done, width - column);
                var to = (chunk.Y - sink.Origin.Y + row) * sink.Origin.Width + chunk.X - sink.Origin.X + column;
                Buffer.MemoryCopy(real + (long)done * size, sink.Data + to * size, (long)run * size, (long)run * size);
                if (frame.HasMiss[slot])
                {
                    var miss = frame.Miss[slot] + done;
                    Buffer.MemoryCopy(miss, sink.MissingBytes + to, run, run);
                    for (var i = 0; i < run; i++)
                        if (miss[i] != 0) Clear(to + i);
                }
                else if (type.IsFloat())
                {
                    for (var i = 0; i < run; i++)
                    {
                        var isMissing = size == 4 ? float.IsNaN(((float*)sink.Data)[to + i]) : double.IsNaN(((double*)sink.Data)[to + i]);
                        sink.MissingBytes[to + i] = isMissing ? (byte)1 : (byte)0;
                        if (isMissing) Interlocked.Exchange(ref sink.anyMissing, 1);
                    }
                }
                else
                {
                    new Span<byte>(sink.MissingBytes + to, run).Clear();
                }
                done += run;
            }
        }

        private void Clear(long at)
        {
            Volatile.Write(ref sink.anyMissing, 1);
            new Span<byte>(sink.Data + at * size, size).Clear();
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk) => false;

        public void End(long index, Window chunk) { }

        public void Dispose() { }
    }

    private Window Origin => everything;
    private byte* Data => data;
    private byte* MissingBytes => missing;
}
