using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Reductions;

/// <summary>
/// Adds up a number that holds for whole rows (the area of their pixels) over the pixels where a truth holds: counts of
/// pixels, row by row, times the number. It is what the sum of the products is, exactly, and no product is made.
/// </summary>
/// <param name="root">The truth.</param>
/// <param name="rows">The numbers.</param>
/// <param name="reference">The grid whose rows they are.</param>
/// <param name="isMissingElsewhere">Whether a pixel where it does not hold is missing, instead of 0.</param>
internal sealed class RowTallySink(int root, Generated rows, Grid reference, bool isMissingElsewhere) : ITallySink
{
    private readonly Lock gate = new();
    private readonly Tally total = new();

    public Statistics Result => total.Result(PixelType.Float64);
    public (long Width, long Height)? Tile => null;
    public long BytesFor(long pixels) => 0;
    public ISinkPart Part(Program program, long chunkPixels) => new SinkPart(this, program.Roots[root]);
    public void Finish() { }

    private sealed unsafe class SinkPart(RowTallySink sink, int slot) : ISinkPart
    {
        private readonly Tally tally = new();
        private Window filled;
        private double[] values = [];

        public void Take(Frame frame, int at, int count)
        {
            Fill(frame.Chunk);
            var truths = frame.Data[slot];
            var miss = frame.HasMiss[slot] ? frame.Miss[slot] : null;
            for (var done = 0; done < count;)
            {
                var (row, column) = Math.DivRem(at + done, frame.Chunk.Width);
                var run = (int)Math.Min(count - done, frame.Chunk.Width - column);
                var missing = miss == null ? 0 : Kernels.Sum(miss + done, run);
                var holds = 0L;
                if (miss == null) holds = Kernels.Sum(truths + done, run);
                else
                    for (var i = done; i < done + run; i++) holds += truths[i] & ~miss[i];
                Add(row, holds, run - holds - missing, missing);
                done += run;
            }
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk)
        {
            if (plan[slot] is not { } known) return false;
            Fill(chunk);
            var holds = !known.IsMissing && known.Bits != 0;
            for (var row = 0L; row < chunk.Height; row++) Add(row, holds ? chunk.Width : 0, holds || known.IsMissing ? 0 : chunk.Width, known.IsMissing ? chunk.Width : 0);
            return true;
        }

        private void Fill(Window chunk)
        {
            if (chunk == filled) return;
            if (values.Length != chunk.Height) values = new double[chunk.Height];
            sink.Numbers(chunk, values);
            filled = chunk;
        }

        private void Add(long row, long holds, long fails, long missing)
        {
            var value = values[row];
            if (double.IsNaN(value)) (holds, fails, missing) = (0, 0, holds + fails + missing);
            if (holds > 0) tally.Real.Add(value, holds);
            tally.Counted(holds + (sink.IsMissingElsewhere ? 0 : fails), missing + (sink.IsMissingElsewhere ? fails : 0));
        }

        public void End(long index, Window chunk) { }

        public void Dispose()
        {
            lock (sink.gate) sink.total.Add(tally);
        }
    }

    private bool IsMissingElsewhere => isMissingElsewhere;

    private void Numbers(Window chunk, double[] into) => rows.Fill(reference, chunk with { Width = 1 }, MemoryMarshal.AsBytes(into.AsSpan()));
}
