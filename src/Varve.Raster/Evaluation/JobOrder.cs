using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// Chunks of many jobs in an order in which those that need the same blocks of files come soon after each other: by
/// stripes of columns, in a stripe by bands of rows, in a band from left to right. The order of one job's chunks does
/// not depend on the other jobs. One thread at a time.
/// </summary>
internal sealed class JobOrder
{
    /// <summary>Columns of a stripe: two bands of them fit a cache, as a rule.</summary>
    private const long StripeWidth = 8192;
    private const long BandHeight = 512;
    private readonly PriorityQueue<Cursor, (long Stripe, long Band, long X, long Y, int Job)> queue = new();

    /// <param name="jobs">In their order.</param>
    /// <param name="isStriped">Whether going by stripes saves anything: not where files lie in strips over their whole width.</param>
    public JobOrder(IReadOnlyList<Job> jobs, bool isStriped)
    {
        for (var i = 0; i < jobs.Count; i++)
            foreach (var part in jobs[i].Parts)
                if (part.Tiling.Count > 0) Add(new Cursor(jobs[i], part, i, isStriped ? StripeWidth : long.MaxValue));
    }

    /// <summary>The next chunk; null when there is none.</summary>
    public Piece? Next()
    {
        if (!queue.TryDequeue(out var cursor, out _)) return null;
        var piece = new Piece(cursor.Job, cursor.Part, cursor.Sequence, cursor.Chunk);
        if (cursor.Advance()) Add(cursor);
        return piece;
    }

    private void Add(Cursor cursor) =>
        queue.Enqueue(cursor, (cursor.Stripe, cursor.Chunk.Y / BandHeight, cursor.Chunk.X, cursor.Chunk.Y, cursor.Number));

    /// <summary>A chunk of a part, and the how-manieth of it that is.</summary>
    public sealed record Piece(Job Job, JobPart Part, long Sequence, Window Chunk);

    /// <summary>Where a part is in its own order.</summary>
    private sealed class Cursor
    {
        private readonly long width, across, down;
        private long first, end, row, column;

        public Cursor(Job job, JobPart part, int number, long stripeWidth)
        {
            (Job, Part, Number, width) = (job, part, number, stripeWidth);
            (across, down) = (part.Tiling.Across, part.Tiling.Down);
            EnterStripe();
        }

        public Job Job { get; }
        public JobPart Part { get; }
        public int Number { get; }
        public long Sequence { get; private set; }
        public Window Chunk => Part.Tiling[row * across + column];
        public long Stripe => StripeOf(column);

        public bool Advance()
        {
            Sequence++;
            if (++column < end) return true;
            column = first;
            if (++row < down) return true;
            (row, first) = (0, end);
            if (first >= across) return false;
            EnterStripe();
            return true;
        }

        private void EnterStripe()
        {
            column = first;
            for (end = first + 1; end < across && StripeOf(end) == StripeOf(first); end++) { }
        }

        private long StripeOf(long ofColumn)
        {
            var x = Part.Tiling[ofColumn].X;
            return x >= 0 ? x / width : -1 - (-1 - x) / width;
        }
    }
}
