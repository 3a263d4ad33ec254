using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>Where the values of a pass go: into a file, or into a number.</summary>
internal interface ISink
{
    /// <summary>The size that its chunks must have, counted from the first pixel of the pass; null when any will do.</summary>
    (long Width, long Height)? Tile { get; }

    /// <summary>Memory that each thread needs for chunks of so many pixels.</summary>
    long BytesFor(long pixels);

    /// <summary>One for each thread.</summary>
    ISinkPart Part(Program program, long chunkPixels);

    /// <summary>All chunks were taken.</summary>
    void Finish();
}

/// <summary>A thread's side of a sink.</summary>
internal interface ISinkPart : IDisposable
{
    /// <summary>The next run of pixels of the chunk.</summary>
    void Take(Frame frame, int at, int count);

    /// <summary>A chunk in which every value the sink takes is one number.</summary>
    /// <returns>False when it wants the pixels one by one all the same.</returns>
    bool TakeUniform(ChunkPlan plan, Window chunk);

    /// <summary>All runs of the chunk were taken. Called in any order of chunks.</summary>
    void End(long index, Window chunk);
}
