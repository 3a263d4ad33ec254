using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Varve.Raster.Graph;

namespace Varve.Raster.Evaluation;

/// <summary>
/// One walk for many jobs over the same files: a block that several need is decoded once, while there is memory to keep
/// it until the last of them comes by. What a job gives depends neither on the other jobs nor on the threads.
/// </summary>
internal sealed class SharedPass : IDisposable
{
    /// <summary>The runtime, its code, and what is not counted one by one.</summary>
    private const long Fixed = 24L << 20;
    private const long MostForBlocks = 192L << 20;
    private const long ManyUses = long.MaxValue / 2;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private readonly IReadOnlyList<Job> jobs;
    private readonly Limits limits;
    private readonly Lock gate = new();
    private readonly JobOrder order;
    private readonly MemoryWatch watch;
    private readonly BlockCache cache;
    private readonly Action<long>? told;
    private ExceptionDispatchInfo? failure;
    private bool isOut;
    private long untold, blocks, skipped;
    private TimeSpan lastTold;

    private SharedPass(IReadOnlyList<Job> jobs, long heldElsewhere, Limits limits, Action<long>? told)
    {
        (this.jobs, this.limits, this.told) = (jobs, limits, told);
        var images = jobs.SelectMany(static j => j.Program.Sources).OfType<RasterSource>().SelectMany(static s => s.Pieces).Select(static p => p.File.Image).Distinct().ToList();
        var budget = limits.MemoryNow;
        ThreadBytes = jobs.Max(BytesOf) + (1 << 20);
        var room = budget - Fixed - heldElsewhere;
        Threads = limits.ThreadsNow;
        while (Threads > 1 && ThreadBytes * Threads > room * 2 / 3) Threads--;
        if (ThreadBytes > room) throw new RasterException($"{(budget >> 20) + 1} MB of memory are too few: one tile takes {(ThreadBytes + Fixed + heldElsewhere >> 20) + 1} MB to work on; allow more (--memory)");
        cache = new BlockCache(Math.Clamp(room - ThreadBytes * Threads, 0, Math.Max(MostForBlocks, 8 * images.Sum(static i => i.BlockBytes))));
        order = new JobOrder(jobs, images.TrueForAll(static i => i.IsTiled));
        watch = new MemoryWatch(limits, ThreadBytes);
    }

    private int Threads { get; }
    private long ThreadBytes { get; }

    /// <summary>Goes over all pixels of all jobs.</summary>
    /// <param name="jobs">At least one.</param>
    /// <param name="heldElsewhere">Memory that the caller needs for the jobs.</param>
    /// <param name="limits">What may be used.</param>
    /// <param name="told">Told now and then how many more pixels were computed or passed over; one call at a time.</param>
    /// <exception cref="RasterException">A file is damaged, a disk is full, or the memory is too little for one tile.</exception>
    public static Report Run(IReadOnlyList<Job> jobs, long heldElsewhere, Limits limits, Action<long>? told = null)
    {
        var clock = Stopwatch.StartNew();
        using var pass = new SharedPass(jobs, heldElsewhere, limits, told);
        pass.Work(clock);
        limits.Cancellation.ThrowIfCancellationRequested();
        var tile = jobs[0].Parts[0].Tiling;
        return new Report(jobs.Sum(static j => j.Pixels), pass.Threads, limits.MemoryNow, pass.ThreadBytes * pass.Threads, tile.Width, tile.Height, pass.blocks, pass.skipped, clock.Elapsed);
    }

    private static long BytesOf(Job job) => job.Parts.Max(part => job.Program.Sources.Sum(s => Loader.BytesOf(s, part.Tiling)) + part.Sinks.Sum(s => s.BytesFor(part.Tiling.Pixels)))
        + 2 * job.Program.Buffers.Sum(static b => (b + 1L) * Frame.Length)
        + 2 * job.Program.Sources.OfType<RasterSource>().SelectMany(static s => s.Pieces).Select(static p => p.File.Image.BlockBytes).DefaultIfEmpty(0).Max();

    private void Work(Stopwatch clock)
    {
        foreach (var job in jobs) job.Left = job.Parts.Sum(static p => p.Tiling.Count);
        var others = new List<Thread>();
        for (var i = 1; i < Threads; i++)
        {
            var number = i;
            others.Add(new Thread(() => Guarded(number, clock)) { IsBackground = true, Name = $"raster {i}" });
        }
        foreach (var thread in others) thread.Start();
        Guarded(0, clock);
        foreach (var thread in others) thread.Join();
        failure?.Throw();
        if (untold > 0) told?.Invoke(untold);
    }

    private bool IsStopped => Volatile.Read(ref failure) is not null || limits.Cancellation.IsCancellationRequested;

    private void Guarded(int number, Stopwatch clock)
    {
        try
        {
            using var arena = new Arena();
            while (!IsStopped)
            {
                if (number > 0) watch.WaitForRoom(number, () => IsStopped || Volatile.Read(ref isOut));
                JobOrder.Piece? piece;
                lock (gate) piece = order.Next();
                if (piece is null) break;
                foreach (var sink in piece.Part.Sinks.OfType<IOrdered>()) sink.WaitForTurn(piece.Sequence);
                arena.Reset();
                if (!Chunk(piece, arena)) break;
                if (Interlocked.Decrement(ref piece.Job.Left) == 0) piece.Job.Done();
                Tell(piece.Chunk.Pixels, clock);
            }
        }
        catch (Exception e)
        {
            // What other threads report because this one failed says nothing.
            lock (gate)
                if (failure is null || failure.SourceException is OperationCanceledException) failure = ExceptionDispatchInfo.Capture(e);
        }
        Volatile.Write(ref isOut, true);
        if (!IsStopped) return;
        foreach (var sink in jobs.SelectMany(static j => j.Parts).SelectMany(static p => p.Sinks).OfType<IOrdered>()) sink.Stop();
    }

    /// <returns>False when it was interrupted, and the chunk is not whole.</returns>
    private bool Chunk(JobOrder.Piece piece, Arena arena)
    {
        var (program, placement, chunk) = (piece.Job.Program, piece.Job.Placement, piece.Chunk);
        using var needs = new ChunkPlan(program);
        using var loader = new Loader(program, placement, piece.Part.Tiling, cache, ManyUses, arena);
        using var frame = program.MakeFrame();
        var parts = piece.Part.Sinks.Select(s => s.Part(program, piece.Part.Tiling.Pixels)).ToList();
        try
        {
            frame.Chunk = chunk;
            needs.Make(chunk, source => loader.Uniform(source, chunk));
            foreach (var source in needs.Sources) loader.Load(frame, source);
            var open = parts.Where(p => !p.TakeUniform(needs, chunk)).ToList();
            for (long at = 0; at < chunk.Pixels && open.Count > 0; at += Frame.Length)
            {
                if (IsStopped) return false;
                var count = (int)Math.Min(Frame.Length, chunk.Pixels - at);
                needs.Run(frame, (int)at, count);
                foreach (var part in open) part.Take(frame, (int)at, count);
            }
            foreach (var part in parts) part.End(piece.Sequence, chunk);
        }
        finally
        {
            foreach (var part in parts) part.Dispose();
        }
        lock (gate)
        {
            blocks += loader.BlocksRead;
            if (needs.Sources.Count == 0) skipped++;
        }
        return true;
    }

    private void Tell(long pixels, Stopwatch clock)
    {
        if (told is null) return;
        lock (gate)
        {
            untold += pixels;
            if (clock.Elapsed - lastTold < Between) return;
            lastTold = clock.Elapsed;
            told(untold);
            untold = 0;
        }
    }

    public void Dispose() => cache.Dispose();
}
