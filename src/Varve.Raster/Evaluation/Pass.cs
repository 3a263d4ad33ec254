using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// One walk over all pixels of some results that lie on the same area. The area is cut into chunks along the blocks of
/// the files; each thread takes the next chunk, reads and decodes what it needs, computes, and hands it to the sinks.
/// </summary>
internal sealed class Pass
{
    private readonly IReadOnlyList<Node> roots;
    private readonly Limits limits;

    /// <param name="roots">The results.</param>
    /// <param name="limits">What may be used.</param>
    public Pass(IReadOnlyList<Node> roots, Limits limits)
    {
        (this.roots, this.limits) = (roots, limits);
        Placement = new Placement(roots);
        Program = new Program(roots, Placement);
    }

    public Placement Placement { get; }
    public Program Program { get; }
    public Window Everything => Placement.Everything;
    public Grid Grid => Placement.GridOf(Everything);

    /// <summary>Takes every pixel to the sinks.</summary>
    /// <exception cref="RasterException">A file is damaged, or the memory is too little for one block.</exception>
    public Report Run(IReadOnlyList<ISink> sinks)
    {
        var clock = Stopwatch.StartNew();
        var budget = limits.MemoryNow;
        var plan = new TilingPlan(Program, Placement, sinks, budget, limits);
        var files = Program.Sources.OfType<RasterSource>().Concat(Program.Sources.OfType<LatitudeSource>().Select(static l => l.Column)).SelectMany(static s => s.Pieces).Select(static p => p.File)
            .Concat(Program.Sources.OfType<Generated>().SelectMany(static g => g.Files)).Distinct().ToList();
        foreach (var source in Program.Sources.OfType<Generated>()) source.Prepare(limits);
        using var cache = new BlockCache(plan.CacheBytes);
        var crew = new Crew(this, sinks, plan, cache, limits, clock);
        crew.Work();
        foreach (var file in files) file.MustBeUnchanged();
        limits.Cancellation.ThrowIfCancellationRequested();
        foreach (var sink in sinks) sink.Finish();
        return new Report(Everything.Pixels, plan.Threads, budget, plan.Bytes, Math.Min(plan.Tiling.Width, Everything.Width), Math.Min(plan.Tiling.Height, Everything.Height), crew.Blocks, crew.Skipped, clock.Elapsed) { Yields = crew.Yields };
    }
}

/// <summary>The threads of a pass.</summary>
internal sealed class Crew(Pass pass, IReadOnlyList<ISink> sinks, TilingPlan plan, BlockCache cache, Limits limits, Stopwatch clock)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private readonly Lock gate = new();
    private readonly MemoryWatch watch = new(limits, plan.ThreadBytes, cache);
    private long next, donePixels;
    private TimeSpan lastProgress;
    private ExceptionDispatchInfo? failure;

    public long Blocks { get; private set; }
    public long Skipped { get; private set; }
    public int Yields => watch.Yields;

    public void Work()
    {
        var threads = (int)Math.Min(plan.Threads, plan.Tiling.Count);
        var others = new List<Thread>();
        for (var i = 1; i < threads; i++)
        {
            var number = i;
            others.Add(new Thread(() => Guarded(number)) { IsBackground = true, Name = $"raster {i}" });
        }
        foreach (var thread in others) thread.Start();
        if (threads > 0) Guarded(0);
        foreach (var thread in others) thread.Join();
        failure?.Throw();
    }

    private bool IsStopped => Volatile.Read(ref failure) is not null || limits.Cancellation.IsCancellationRequested;

    private void Guarded(int number)
    {
        try
        {
            Chunks(number);
        }
        catch (Exception e)
        {
            // What other threads report because this one failed says nothing.
            lock (gate)
                if (failure is null || failure.SourceException is OperationCanceledException) failure = ExceptionDispatchInfo.Capture(e);
            foreach (var sink in sinks.OfType<IOrdered>()) sink.Stop();
        }
    }

    private void Chunks(int number)
    {
        using var frame = pass.Program.MakeFrame();
        using var loader = new Loader(pass.Program, pass.Placement, plan.Tiling, cache);
        using var needs = new ChunkPlan(pass.Program);
        var parts = sinks.Select(s => s.Part(pass.Program, plan.Tiling.Pixels)).ToList();
        try
        {
            while (!IsStopped)
            {
                watch.WaitForRoom(number, () => IsStopped || Volatile.Read(ref next) >= plan.Tiling.Count);
                var index = Interlocked.Increment(ref next) - 1;
                if (index >= plan.Tiling.Count) break;
                foreach (var sink in sinks.OfType<IOrdered>()) sink.WaitForTurn(index);
                var chunk = plan.Tiling[index];
                Chunk(frame, loader, needs, parts, index, chunk);
                Told(chunk.Pixels);
            }
        }
        finally
        {
            foreach (var part in parts) part.Dispose();
            lock (gate) Blocks += loader.BlocksRead;
        }
    }

    private void Chunk(Frame frame, Loader loader, ChunkPlan needs, List<ISinkPart> parts, long index, Window chunk)
    {
        frame.Chunk = chunk;
        needs.Make(chunk, source => loader.Uniform(source, chunk));
        if (needs.Sources.Count == 0) lock (gate) Skipped++;
        foreach (var source in needs.Sources) loader.Load(frame, source);
        var open = parts.Where(p => !p.TakeUniform(needs, chunk)).ToList();
        if (open.Count > 0)
        {
            for (long at = 0; at < chunk.Pixels && !limits.Cancellation.IsCancellationRequested; at += Frame.Length)
            {
                var count = (int)Math.Min(Frame.Length, chunk.Pixels - at);
                needs.Run(frame, (int)at, count);
                foreach (var part in open) part.Take(frame, (int)at, count);
            }
        }
        foreach (var part in parts) part.End(index, chunk);
    }

    private void Told(long pixels)
    {
        lock (gate)
        {
            donePixels += pixels;
            if (limits.Progress is not { } tell) return;
            var now = clock.Elapsed;
            if (now - lastProgress < Between && donePixels < pass.Everything.Pixels) return;
            lastProgress = now;
            tell(new Progress(donePixels, pass.Everything.Pixels, now));
        }
    }
}

/// <summary>A sink that wants its chunks in their order.</summary>
internal interface IOrdered
{
    /// <summary>Waits until a chunk is not too far ahead of the one that is written next.</summary>
    void WaitForTurn(long index);

    /// <summary>Nobody waits any more: a thread failed.</summary>
    void Stop();
}
