using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Reductions;

/// <summary>The smallest rectangle with all pixels where a condition holds, and the first of them, row by row.</summary>
internal sealed unsafe class ExtentSink(int root) : ISink
{
    private readonly Lock gate = new();

    /// <summary>In pixels of the pass; empty when it holds nowhere.</summary>
    public Window Extent { get; private set; }
    /// <summary>Column and row of the first; null when there is none.</summary>
    public (long X, long Y)? First { get; private set; }

    public (long Width, long Height)? Tile => null;
    public long BytesFor(long pixels) => 0;
    public ISinkPart Part(Program program, long chunkPixels) => new SinkPart(this, program.Roots[root]);
    public void Finish() { }

    private sealed class SinkPart(ExtentSink sink, int slot) : ISinkPart
    {
        private Window extent;
        private (long X, long Y)? first;

        public void Take(Frame frame, int at, int count)
        {
            var (data, miss) = (new ReadOnlySpan<byte>(frame.Data[slot], count).IndexOf((byte)1), frame.HasMiss[slot]);
            if (data < 0) return;
            for (var i = data; i < count; i++)
            {
                if (frame.Data[slot][i] == 0 || (miss && frame.Miss[slot][i] != 0)) continue;
                var (row, column) = Math.DivRem(at + i, frame.Chunk.Width);
                var place = (X: frame.Chunk.X + column, Y: frame.Chunk.Y + row);
                extent = extent.Or(new Window(place.X, place.Y, 1, 1));
                if (first is not { } f || (place.Y, place.X).CompareTo((f.Y, f.X)) < 0) first = place;
            }
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk)
        {
            if (plan[slot] is not { } known) return false;
            if (known.IsMissing || known.Bits == 0) return true;
            extent = extent.Or(chunk);
            if (first is not { } f || (chunk.Y, chunk.X).CompareTo((f.Y, f.X)) < 0) first = (chunk.X, chunk.Y);
            return true;
        }

        public void End(long index, Window chunk) { }

        public void Dispose()
        {
            lock (sink.gate)
            {
                sink.Extent = sink.Extent.Or(extent);
                if (first is { } f && (sink.First is not { } known || (f.Y, f.X).CompareTo((known.Y, known.X)) < 0)) sink.First = first;
            }
        }
    }
}
