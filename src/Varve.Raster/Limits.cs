using Varve.Raster.Evaluation;

namespace Varve.Raster;

/// <summary>What a computation may use. What is left out is taken from the host and its control group.</summary>
public sealed record Limits
{
    /// <summary>No limits but the host's.</summary>
    public static Limits Default { get; } = new();

    /// <summary>The least memory with which anything is computed, in bytes.</summary>
    public const long LeastMemory = 32L << 20;

    /// <summary>Memory of the whole process in bytes; null for half of what is free now.</summary>
    public long? Memory { get; init; }

    /// <summary>Threads; null for one for each core this process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>Told, now and then, how far it is; from any thread, one at a time.</summary>
    public Action<Progress>? Progress { get; init; }

    /// <summary>Told what was done, at the end.</summary>
    public Action<Report>? Done { get; init; }

    /// <summary>Stops the computation; nothing is left of its output.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Pixels computed at a time, about; null for what suits the processor's cache. For tests of what must not depend on it.</summary>
    internal long? ChunkPixels { get; init; }

    internal long MemoryNow => Memory is { } given ? Math.Max(given, LeastMemory) : Math.Max(FreeMemory.Now() / 2, LeastMemory);

    internal int ThreadsNow => Math.Clamp(Threads ?? Environment.ProcessorCount, 1, 1024);
}

/// <summary>How far a computation is.</summary>
/// <param name="Done">Pixels computed or passed over.</param>
/// <param name="Total">Pixels in all.</param>
/// <param name="Elapsed">Time since it began.</param>
public sealed record Progress(long Done, long Total, TimeSpan Elapsed)
{
    /// <summary>The time it will still take, going on as it did; null when nothing can be said yet.</summary>
    public TimeSpan? Remaining => Done == 0 ? null : Elapsed * ((double)(Total - Done) / Done);
}

/// <summary>What was chosen and done.</summary>
/// <param name="Pixels">Pixels of the result.</param>
/// <param name="Threads">Threads that computed.</param>
/// <param name="Budget">Memory that could be used, in bytes.</param>
/// <param name="Planned">Memory that was set aside for pixels, in bytes.</param>
/// <param name="ChunkWidth">Columns computed at a time.</param>
/// <param name="ChunkHeight">Rows computed at a time.</param>
/// <param name="Blocks">Blocks of files decoded.</param>
/// <param name="Skipped">Chunks of which no pixel had to be read.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record Report(long Pixels, int Threads, long Budget, long Planned, long ChunkWidth, long ChunkHeight, long Blocks, long Skipped, TimeSpan Elapsed)
{
    /// <summary>How often memory was given back, because other processes needed it.</summary>
    public int Yields { get; init; }

    /// <summary>Two computations, one after the other.</summary>
    public Report With(Report next) => next with
    {
        Pixels = Pixels + next.Pixels,
        Blocks = Blocks + next.Blocks,
        Skipped = Skipped + next.Skipped,
        Elapsed = Elapsed + next.Elapsed,
        Threads = Math.Max(Threads, next.Threads),
        Planned = Math.Max(Planned, next.Planned),
        Yields = Yields + next.Yields,
    };
}
