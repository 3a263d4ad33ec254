using System.Runtime.InteropServices;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>Brings the pixels of the sources of a chunk into one thread's memory.</summary>
internal sealed unsafe class Loader : IDisposable
{
    private readonly Program program;
    private readonly Placement placement;
    private readonly Tiling tiling;
    private readonly BlockCache cache;
    private readonly IReadOnlyDictionary<BlockImage, int> readers;
    private readonly BlockReader blockReader = new();
    private readonly byte*[] memory;
    private readonly List<(CachedBlock Block, Window Place)> waiting = [];
    private readonly long leastUses;
    private readonly Arena? arena;
    private byte[] scratch = [], over = [];

    /// <param name="program">Whose sources.</param>
    /// <param name="placement">Where they lie.</param>
    /// <param name="tiling">The chunks.</param>
    /// <param name="cache">What the threads share.</param>
    /// <param name="leastUses">How often a block will be asked for at least, by whoever shares the cache.</param>
    /// <param name="arena">Where the memory for chunks is taken from; null for memory of its own.</param>
    public Loader(Program program, Placement placement, Tiling tiling, BlockCache cache, long leastUses = 1, Arena? arena = null)
    {
        (this.program, this.placement, this.tiling, this.cache, this.leastUses, this.arena) = (program, placement, tiling, cache, leastUses, arena);
        memory = new byte*[program.Sources.Count];
        readers = program.Readers;
        for (var i = 0; i < memory.Length; i++)
        {
            var bytes = ChunkBytes(program.Sources[i], tiling) + 64;
            memory[i] = arena is null ? (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64) : arena.Take(bytes);
        }
    }

    /// <summary>Blocks decoded so far.</summary>
    public long BlocksRead { get; private set; }

    /// <summary>Memory that a source takes for a chunk.</summary>
    public static long BytesOf(Source source, Tiling tiling) => ChunkBytes(source, tiling) + source switch
    {
        Generated generated => generated.WorkingBytes(tiling.Width, tiling.Height),
        RasterSource { HasMasks: true } => tiling.Pixels * (source.Type.Size() + 1),
        _ => 0,
    };

    private static long ChunkBytes(Source source, Tiling tiling) => (source is LatitudeSource ? tiling.Height : tiling.Pixels) * source.Type.Size();

    /// <summary>Loads a source's part of a chunk, 0 where the source has none.</summary>
    public void Load(Frame frame, int index)
    {
        var into = memory[index];
        frame.Sources[index] = into;
        switch (program.Sources[index])
        {
            case RasterSource raster:
                Load(raster, placement.Of(raster), frame.Chunk, into);
                break;
            case LatitudeSource rows:
                Load(rows.Column, placement.Of(rows) with { X = 0, Width = 1 }, new Window(0, frame.Chunk.Y, 1, frame.Chunk.Height), into);
                break;
            case Generated generated when program.IsByRow(generated):
                generated.Fill(placement.Reference, frame.Chunk with { Width = 1 }, new Span<byte>(into, (int)frame.Chunk.Height * generated.Type.Size()));
                break;
            case Generated generated:
                Load(generated, frame.Chunk, into);
                break;
            default:
                throw new InvalidOperationException("a source of an unknown kind");
        }
    }

    /// <summary>The number that a source has all over a window, when no pixel needs to be read to know it.</summary>
    public double? Uniform(int index, Window chunk)
    {
        switch (program.Sources[index])
        {
            case Generated generated:
                if (placement.Areas[generated] is not { } place || place.Holds(chunk)) return generated.Uniform(placement.Reference, chunk);
                return place.And(chunk).IsEmpty ? 0 : null;
            case RasterSource raster:
                var at = placement.Of(raster);
                var inside = at.And(chunk);
                if (inside.IsEmpty) return 0;
                var none = raster.NoData ?? 0;
                if (inside != chunk && none != 0) return null;
                foreach (var piece in raster.Index.On(inside.Moved(-at.X, -at.Y)))
                    if (HasBlocks(piece, at, inside)) return null;
                return none;
            default:
                return null;
        }
    }

    private static bool HasBlocks(Piece piece, Window source, Window chunk)
    {
        var part = piece.Place.Moved(source.X, source.Y).And(chunk);
        if (part.IsEmpty) return false;
        var (image, own) = (piece.File.Image, part.Moved(-source.X - piece.Place.X, -source.Y - piece.Place.Y));
        for (var row = own.Y / image.BlockHeight; row * image.BlockHeight < own.Bottom; row++)
            for (var column = own.X / image.BlockWidth; column * image.BlockWidth < own.Right; column++)
                if (image.Has(column, row, piece.Band)) return true;
        return false;
    }

    private void Load(Generated source, Window chunk, byte* into)
    {
        var size = source.Type.Size();
        var bytes = new Span<byte>(into, checked((int)(chunk.Pixels * size)));
        var place = placement.Areas[source];
        if (place is not { } area || area.Holds(chunk))
        {
            source.Fill(placement.Reference, chunk, bytes);
            return;
        }
        bytes.Clear();
        var inside = area.And(chunk);
        if (inside.IsEmpty) return;
        var part = Scratch(inside.Pixels * size);
        source.Fill(placement.Reference, inside, part);
        fixed (byte* from = part)
            Copy(from, inside.Width * size, into + ((inside.Y - chunk.Y) * chunk.Width + inside.X - chunk.X) * size, chunk.Width * size, inside.Width * size, inside.Height);
    }

    private void Load(RasterSource source, Window at, Window chunk, byte* into)
    {
        var size = source.Type.Size();
        var none = Known.Of(source.Type, source.NoData ?? 0);
        var inside = at.And(chunk);
        if (inside != chunk) new Span<byte>(into, checked((int)(chunk.Pixels * size))).Clear();
        if (source.Pieces.Count > 1)
            for (var row = inside.Y; row < inside.Bottom; row++) none.Fill(into + ((row - chunk.Y) * chunk.Width + inside.X - chunk.X) * size, size, (int)inside.Width);
        foreach (var piece in source.Index.On(inside.Moved(-at.X, -at.Y)))
        {
            var part = piece.Place.Moved(at.X, at.Y).And(chunk);
            if (part.IsEmpty) continue;
            if (piece.Mask is { } mask) LoadOver(source, piece, mask, at, part, chunk, into, none);
            else Load(source, piece, at, part, chunk, into, none);
        }
    }

    /// <summary>Puts a piece over those that are there already, where its mask says that it has a value.</summary>
    private void LoadOver(RasterSource source, Piece piece, FileMask mask, Window at, Window part, Window chunk, byte* into, Known none)
    {
        var size = source.Type.Size();
        var bytes = part.Pixels * (size + 1);
        if (over.Length < bytes) over = GC.AllocateUninitializedArray<byte>(checked((int)bytes));
        fixed (byte* pixels = over)
        {
            var isThere = pixels + part.Pixels * size;
            Load(source, piece with { IsOver = false }, at, part, part, pixels, none);
            Load(source, new Piece(mask.File, mask.Band, piece.Place), at, part, part, isThere, default);
            for (var row = 0L; row < part.Height; row++)
            {
                var from = pixels + row * part.Width * size;
                var truths = isThere + row * part.Width;
                var to = into + ((part.Y - chunk.Y + row) * chunk.Width + part.X - chunk.X) * size;
                for (var column = 0L; column < part.Width; column++)
                    if (truths[column] != 0) Buffer.MemoryCopy(from + column * size, to + column * size, size, size);
            }
        }
    }

    private void Load(RasterSource source, Piece piece, Window at, Window part, Window chunk, byte* into, Known none)
    {
        var image = piece.File.Image;
        var (x, y) = (at.X + piece.Place.X, at.Y + piece.Place.Y);
        var own = part.Moved(-x, -y);
        var plane = image.IsPlanar ? piece.Band : 0;
        var blend = piece.IsOver && source.NoData is not null;
        var size = image.Type.Size();
        for (var row = own.Y / image.BlockHeight; row * image.BlockHeight < own.Bottom; row++)
        {
            for (var column = own.X / image.BlockWidth; column * image.BlockWidth < own.Right; column++)
            {
                // Where the block's own pixels lie, those beyond the image's end too.
                var block = new Window(x + column * image.BlockWidth, y + row * image.BlockHeight, image.BlockWidth, image.BlockHeight);
                var seen = block.And(part);
                if (image.Step == 1 && !blend && leastUses == 1 && seen == block && block.Width == chunk.Width)
                {
                    var target = into + (block.Y - chunk.Y) * chunk.Width * image.PixelBytes;
                    if (!image.Read(blockReader, column, row, plane, new Span<byte>(target, (int)image.BlockBytes))) none.Fill(target, image.PixelBytes, (int)block.Pixels);
                    BlocksRead++;
                    continue;
                }
                var uses = Math.Max(leastUses, tiling.CountOver(block.And(piece.Place.Moved(at.X, at.Y))) * readers[image]);
                if (uses > 1)
                {
                    var shared = cache.Claim(new BlockKey(image, column, row, plane), image.BlockBytes, uses, out var mustDecode);
                    if (mustDecode) Decode(shared, image, column, row, plane);
                    if (shared.IsReady) Take(shared, block, image, piece, seen, chunk, into, none, blend);
                    else waiting.Add((shared, block));
                    continue;
                }
                BlocksRead++;
                var first = into + ((seen.Y - chunk.Y) * chunk.Width + seen.X - chunk.X) * size;
                if (!blend && image.ReadPart(column, row, plane, seen.Moved(-block.X, -block.Y), first, chunk.Width * size)) continue;
                var bytes = Scratch(image.BlockBytes);
                var isThere = image.Read(blockReader, column, row, plane, bytes);
                fixed (byte* from = bytes) Put(isThere ? from : null, block, image, piece, seen, chunk, into, none, blend);
            }
        }
        for (var i = 0; i < waiting.Count; i++)
        {
            var (shared, block) = waiting[i];
            try
            {
                shared.Wait();
            }
            catch
            {
                for (; i < waiting.Count; i++) cache.Release(waiting[i].Block);
                waiting.Clear();
                throw;
            }
            Take(shared, block, image, piece, block.And(part), chunk, into, none, blend);
        }
        waiting.Clear();
    }

    private void Decode(CachedBlock shared, BlockImage image, long column, long row, int plane)
    {
        try
        {
            BlocksRead++;
            shared.Done(!image.Read(blockReader, column, row, plane, new Span<byte>(shared.Memory, checked((int)shared.Bytes))));
        }
        catch
        {
            shared.Done(isAbsent: true, hasFailed: true);
            cache.Release(shared);
            throw;
        }
    }

    private void Take(CachedBlock shared, Window block, BlockImage image, Piece piece, Window seen, Window chunk, byte* into, Known none, bool blend)
    {
        shared.Wait();
        Put(shared.IsAbsent ? null : shared.Memory, block, image, piece, seen, chunk, into, none, blend);
        cache.Release(shared);
    }

    /// <summary>Copies the part of a block that is seen into the chunk.</summary>
    private static void Put(byte* from, Window block, BlockImage image, Piece piece, Window seen, Window chunk, byte* into, Known none, bool blend)
    {
        var size = image.Type.Size();
        into += ((seen.Y - chunk.Y) * chunk.Width + seen.X - chunk.X) * size;
        if (from == null)
        {
            if (!blend)
                for (var row = 0L; row < seen.Height; row++) none.Fill(into + row * chunk.Width * size, size, (int)seen.Width);
            return;
        }
        from += ((seen.Y - block.Y) * block.Width + seen.X - block.X) * image.PixelBytes + (image.IsPlanar ? 0 : piece.Band * size);
        if (image.Step == 1 && !blend)
        {
            Copy(from, block.Width * size, into, chunk.Width * size, seen.Width * size, seen.Height);
            return;
        }
        for (var row = 0L; row < seen.Height; row++, from += block.Width * image.PixelBytes, into += chunk.Width * size)
        {
            switch (size)
            {
                case 1: Pick(from, image.Step, into, seen.Width, blend, (byte)none.Bits); break;
                case 2: Pick((ushort*)from, image.Step, (ushort*)into, seen.Width, blend, (ushort)none.Bits); break;
                case 4 when image.Type == PixelType.Float32: Pick((float*)from, image.Step, (float*)into, seen.Width, blend, BitConverter.UInt32BitsToSingle((uint)none.Bits)); break;
                case 4: Pick((uint*)from, image.Step, (uint*)into, seen.Width, blend, (uint)none.Bits); break;
                case 8 when image.Type == PixelType.Float64: Pick((double*)from, image.Step, (double*)into, seen.Width, blend, BitConverter.UInt64BitsToDouble(none.Bits)); break;
                default: Pick((ulong*)from, image.Step, (ulong*)into, seen.Width, blend, none.Bits); break;
            }
        }
    }

    private static void Pick<T>(T* from, int step, T* into, long count, bool blend, T none) where T : unmanaged, System.Numerics.INumber<T>
    {
        for (var i = 0L; i < count; i++)
        {
            var value = from[i * step];
            if (!blend || (value != none && !T.IsNaN(value))) into[i] = value;
        }
    }

    private static void Copy(byte* from, long fromStep, byte* into, long intoStep, long bytes, long rows)
    {
        for (var row = 0L; row < rows; row++, from += fromStep, into += intoStep) Buffer.MemoryCopy(from, into, bytes, bytes);
    }

    private Span<byte> Scratch(long bytes)
    {
        if (scratch.Length < bytes) scratch = GC.AllocateUninitializedArray<byte>(checked((int)bytes));
        return scratch.AsSpan(0, (int)bytes);
    }

    public void Dispose()
    {
        if (arena is null)
            foreach (var one in memory) NativeMemory.AlignedFree(one);
        blockReader.Dispose();
    }
}
