using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// Which chunks, how many threads, and how much memory for blocks that chunks share. Chunks lie along the blocks of the
/// file whose blocks are largest, or along the tiles of the output; they are small enough that all threads together fit.
/// </summary>
internal sealed class TilingPlan
{
    private const long FewPixels = 1 << 16, UsualPixels = 1 << 18;
    /// <summary>The runtime, its code, and buffers of packed bytes that are not counted one by one.</summary>
    private const long Fixed = 20L << 20;
    private const long MostForBlocks = 96L << 20;
    /// <summary>The part of the budget for what the collector has not collected, and the allocator holds, while tiles are packed.</summary>
    private const double Uncounted = 0.4;

    /// <param name="program">What is computed.</param>
    /// <param name="placement">Where everything lies.</param>
    /// <param name="sinks">Where it goes.</param>
    /// <param name="budget">Memory of the process, in bytes.</param>
    /// <param name="limits">How many threads, and how large chunks, may be.</param>
    /// <exception cref="RasterException">Not even one thread fits.</exception>
    public TilingPlan(Program program, Placement placement, IReadOnlyList<ISink> sinks, long budget, Limits limits)
    {
        var everything = placement.Everything;
        var largest = program.Sources.OfType<RasterSource>().SelectMany(s => s.Pieces, (s, p) => (Source: s, Piece: p)).OrderByDescending(static p => p.Piece.File.Image.BlockBytes).FirstOrDefault();
        var image = largest.Piece?.File.Image;
        var tile = sinks.Select(static s => s.Tile).FirstOrDefault(static t => t is not null);
        if (tile is { } size) Tiling = new Tiling(everything, everything.X, everything.Y, size.Width, size.Height);
        else if (image is null) Tiling = new Tiling(everything, everything.X, everything.Y, Math.Min(512, limits.ChunkPixels ?? 512), 512);
        else Tiling = Along(image, placement.Of(largest.Source).Moved(largest.Piece!.Place.X, largest.Piece.Place.Y), everything, limits.ChunkPixels);
        var room = budget - Fixed - program.Sources.OfType<RasterSource>().SelectMany(static s => s.Pieces).Select(static p => p.File.Image.CacheBytes).DefaultIfEmpty().Max();
        long PerThread() => program.Sources.Sum(s => Loader.BytesOf(s, Tiling)) + sinks.Sum(s => s.BytesFor(Tiling.Pixels)) + 2 * program.Buffers.Sum(static b => (b + 1L) * Frame.Length)
            + 2 * (image?.BlockBytes ?? 0) + (1 << 20);
        var isFree = tile is null;
        Threads = limits.ThreadsNow;
        while (PerThread() * Threads > room)
        {
            if (isFree && Tiling.Height > 1 && Tiling.Pixels > FewPixels) Tiling = Tiling with { Height = (Tiling.Height + 1) / 2 };
            else if (Threads > 1) Threads--;
            else if (isFree && Tiling.Pixels > Frame.Length) Tiling = Tiling.Height > 1 ? Tiling with { Height = (Tiling.Height + 1) / 2 } : Tiling with { Width = (Tiling.Width + 1) / 2 };
            else break;
        }
        ThreadBytes = PerThread();
        if (ThreadBytes > room)
            throw new RasterException($"{Megabytes(budget)} of memory are too few: {(image is null ? "one tile" : $"a block of {largest.Source.Name} ({image.BlockWidth} x {image.BlockHeight})")} takes {Megabytes(ThreadBytes + Fixed)} to work on; allow more (--memory), or write the file in smaller tiles");
        CacheBytes = Math.Clamp(room - ThreadBytes * Threads - (long)(budget * Uncounted), 0, Math.Max(MostForBlocks, 4 * (image?.BlockBytes ?? 0)));
        Bytes = ThreadBytes * Threads;
    }

    public Tiling Tiling { get; }
    public int Threads { get; }
    /// <summary>Memory of one thread.</summary>
    public long ThreadBytes { get; }
    /// <summary>Memory set aside for all threads.</summary>
    public long Bytes { get; }
    /// <summary>Memory for blocks that several chunks need.</summary>
    public long CacheBytes { get; }

    /// <summary>Rows of the output's tiles with which the blocks under a row of tiles fit into memory.</summary>
    public static int TileRows(IEnumerable<Source> sources, Window everything, long budget)
    {
        var strips = sources.OfType<RasterSource>().SelectMany(static s => s.Pieces).Select(static p => p.File.Image).Distinct().Where(static i => !i.IsTiled).ToList();
        if (strips.Count == 0) return 512;
        var rowBytes = strips.Sum(static i => i.Width * i.PixelBytes);
        var most = Math.Min(MostForBlocks, (budget - Fixed) / 2) / Math.Max(1, rowBytes);
        return most >= 512 ? 512 : most >= 256 ? 256 : most >= 128 ? 128 : 64;
    }

    private static Tiling Along(BlockImage image, Window place, Window everything, long? pixels)
    {
        var (width, height) = (image.BlockWidth, image.BlockHeight);
        if (!image.IsTiled)
        {
            // As many strips as make a fair piece of work, read in the order in which they lie.
            var rows = Math.Max(1, (pixels ?? UsualPixels) / (width * height)) * height;
            return new Tiling(everything, place.X, place.Y, width, Math.Min(rows, Math.Max(height, image.Height)));
        }
        var (across, down) = (1L, 1L);
        while (width * across * height * down < (pixels ?? FewPixels))
        {
            if (across <= down) across *= 2;
            else down *= 2;
        }
        return new Tiling(everything, place.X, place.Y, width * across, height * down);
    }

    private static string Megabytes(long bytes) => $"{(bytes + (1 << 20) - 1) >> 20} MB";
}
