using System.Buffers;
using System.Numerics;
using Varve.Raster.Evaluation;
using Varve.Raster.Files;
using Varve.Raster.Grids;

namespace Varve.Raster.Outputs;

/// <summary>
/// Writes results of a pass as the bands of one GeoTIFF. Each thread packs its own tiles; they go into the file in their
/// order, so that the file's bytes do not depend on the threads.
/// </summary>
internal sealed class GeoTiffSink : ISink, IOrdered, IDisposable
{
    private const int Ahead = 16;
    private readonly GeoTiffWriter writer;
    private readonly TiffLayout layout;
    private readonly IReadOnlyList<int> roots;
    private readonly IReadOnlyList<bool> mayClash;
    private readonly string name;
    private readonly object gate = new();
    private readonly Dictionary<long, (long Tile, byte[][] Bands)> early = [];
    private long next;
    private bool isStopped;

    /// <param name="path">The file.</param>
    /// <param name="layout">How it is written.</param>
    /// <param name="roots">Which results of the pass are its bands.</param>
    /// <param name="mayClash">For each band, whether a value could be what stands for missing ones.</param>
    /// <param name="bufferBytes">Bytes that are collected before they are written; few where many files are open at once.</param>
    public GeoTiffSink(string path, TiffLayout layout, IReadOnlyList<int> roots, IReadOnlyList<bool> mayClash, int bufferBytes = GeoTiffWriter.UsualBuffer)
    {
        (name, this.layout, this.roots, this.mayClash) = (path, layout, roots, mayClash);
        writer = new GeoTiffWriter(path, layout, bufferBytes);
    }

    public (long Width, long Height)? Tile => (layout.TileWidth, layout.TileHeight);

    public long BytesFor(long pixels) => layout.TileBytes * (roots.Count + 2L);

    public ISinkPart Part(Program program, long chunkPixels) => new SinkPart(this, program);

    public void WaitForTurn(long index)
    {
        lock (gate)
            while (index - next > Ahead && !isStopped) Monitor.Wait(gate);
    }

    public void Stop()
    {
        lock (gate)
        {
            isStopped = true;
            Monitor.PulseAll(gate);
        }
    }

    private void Put(long index, long tile, byte[][] bands)
    {
        lock (gate)
        {
            early[index] = (tile, bands);
            while (!isStopped && early.Remove(next, out var ready))
            {
                for (var band = 0; band < ready.Bands.Length; band++)
                    if (ready.Bands[band].Length > 0) writer.Put(band, ready.Tile, ready.Bands[band]);
                next++;
            }
            Monitor.PulseAll(gate);
        }
    }

    public void Finish() => writer.Finish();

    public void Dispose() => writer.Dispose();

    private sealed class SinkPart : ISinkPart
    {
        private readonly GeoTiffSink sink;
        private readonly BandPart[] bands;
        private readonly BlockWriter packer;

        public SinkPart(GeoTiffSink sink, Program program)
        {
            this.sink = sink;
            packer = BlockWriter.Rent();
            bands = [.. sink.roots.Select((root, band) => Step.ForType(program.Slots[program.Roots[root]].Type, new Maker(sink, program.Roots[root], band)))];
        }

        public void Take(Frame frame, int at, int count)
        {
            foreach (var band in bands) band.Take(frame, at, count);
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk)
        {
            foreach (var band in bands)
                if (plan[band.Slot] is null) return false;
            foreach (var band in bands) band.Everywhere = plan[band.Slot];
            return true;
        }

        public void End(long index, Window chunk)
        {
            var packed = new byte[bands.Length][];
            for (var i = 0; i < bands.Length; i++)
            {
                var band = bands[i];
                if (band.Everywhere is { } value)
                {
                    if (band.Last is not { } last || last.Value != value || last.Width != chunk.Width || last.Height != chunk.Height)
                    {
                        band.Fill(value, chunk);
                        band.Last = (value, chunk.Width, chunk.Height, Packed(band, chunk));
                    }
                    (packed[i], band.Everywhere) = (band.Last.Value.Packed, null);
                    continue;
                }
                packed[i] = Packed(band, chunk);
            }
            sink.Put(index, sink.TileOf(chunk), packed);
        }

        private byte[] Packed(BandPart band, Window chunk)
        {
            band.Pad(chunk);
            return sink.layout.IsSparse && band.IsEmpty ? [] : packer.Pack(sink.layout, band.Bytes).ToArray();
        }

        public void Dispose()
        {
            packer.Dispose();
            foreach (var band in bands) band.Dispose();
        }
    }

    private sealed record Maker(GeoTiffSink Sink, int Slot, int Band) : IMaker<BandPart>
    {
        public BandPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new BandPart<T>(Sink, Slot, Band);
    }

    /// <summary>One tile of one band, in the making.</summary>
    private abstract class BandPart(GeoTiffSink sink, int slot) : IDisposable
    {
        private readonly byte[] memory = ArrayPool<byte>.Shared.Rent(sink.layout.TileBytes);

        public int Slot => slot;
        /// <summary>The one value of the tile in the making, where it has one.</summary>
        public Known? Everywhere { get; set; }
        /// <summary>The last such tile: most are like the one before.</summary>
        public (Known Value, long Width, long Height, byte[] Packed)? Last { get; set; }
        public Span<byte> Bytes => memory.AsSpan(0, sink.layout.TileBytes);
        public void Dispose() => ArrayPool<byte>.Shared.Return(memory);
        public abstract bool IsEmpty { get; }
        public abstract void Take(Frame frame, int at, int count);
        public abstract void Fill(Known value, Window chunk);
        public abstract void Pad(Window chunk);
    }

    private sealed unsafe class BandPart<T> : BandPart where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        private readonly GeoTiffSink sink;
        private readonly int band;
        private readonly bool isReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);
        private readonly T none, empty;
        private readonly bool hasNone;

        public BandPart(GeoTiffSink sink, int slot, int band) : base(sink, slot)
        {
            (this.sink, this.band) = (sink, band);
            hasNone = sink.layout.NoData is not null;
            none = sink.layout.NoData is { } value ? T.CreateSaturating(value) : T.Zero;
            empty = none;
        }

        private Span<T> Pixels => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(Bytes);

        // 0 and -0 are equal and are not the same: what is left out is read as what it was, bit for bit.
        public override bool IsEmpty
        {
            get
            {
                if (isReal && T.IsNaN(empty))
                {
                    foreach (var pixel in Pixels)
                        if (!T.IsNaN(pixel)) return false;
                    return true;
                }
                var one = empty;
                var size = sizeof(T);
                var first = new ReadOnlySpan<byte>(&one, size);
                return first.SequenceEqual(Bytes[..size]) && Bytes[..^size].SequenceEqual(Bytes[size..]);
            }
        }

        public override void Take(Frame frame, int at, int count)
        {
            var data = (T*)frame.Data[Slot];
            var miss = frame.HasMiss[Slot] ? frame.Miss[Slot] : null;
            var (width, tileWidth) = ((int)frame.Chunk.Width, sink.layout.TileWidth);
            for (var done = 0; done < count;)
            {
                var (row, column) = Math.DivRem(at + done, width);
                var run = width == tileWidth ? count - done : Math.Min(count - done, width - column);
                Put(new ReadOnlySpan<T>(data + done, run), miss == null ? null : miss + done, Pixels.Slice(row * tileWidth + column, run), frame.Chunk, at + done);
                done += run;
            }
        }

        private void Put(ReadOnlySpan<T> from, byte* miss, Span<T> into, Window chunk, int at)
        {
            from.CopyTo(into);
            if (isReal ? hasNone && !T.IsNaN(none) : miss != null || sink.mayClash[band])
            {
                for (var i = 0; i < from.Length; i++)
                {
                    if (isReal ? T.IsNaN(from[i]) : miss != null && miss[i] != 0)
                    {
                        if (!hasNone) throw NoRoom(chunk, at + i);
                        into[i] = none;
                    }
                    else if (from[i] == none && sink.mayClash[band])
                    {
                        throw Clash(chunk, at + i);
                    }
                }
            }
        }

        public override void Fill(Known value, Window chunk)
        {
            var bits = value.Bits;
            var number = *(T*)&bits;
            if (value.IsMissing || T.IsNaN(number))
            {
                if (!hasNone && !isReal) throw NoRoom(chunk, 0);
                Pixels.Fill(hasNone ? none : number);
                return;
            }
            if (sink.mayClash[band] && number == none) throw Clash(chunk, 0);
            Pixels.Fill(number);
        }

        /// <summary>What lies beyond the image is as if there were nothing.</summary>
        public override void Pad(Window chunk)
        {
            var (tileWidth, tileHeight) = (sink.layout.TileWidth, sink.layout.TileHeight);
            if (chunk.Width < tileWidth)
                for (var row = 0; row < chunk.Height; row++) Pixels.Slice((int)(row * tileWidth + chunk.Width), (int)(tileWidth - chunk.Width)).Fill(empty);
            if (chunk.Height < tileHeight) Pixels[(int)(chunk.Height * tileWidth)..].Fill(empty);
        }

        private RasterException Clash(Window chunk, long at) => new(
            $"{sink.name}: the pixel {Where(chunk, at)} has the value {PixelTypes.Text(double.CreateTruncating(none))}, which stands for missing ones; choose another (--nodata)");

        private RasterException NoRoom(Window chunk, long at) => new(
            $"{sink.name}: the pixel {Where(chunk, at)} is missing, and no value of {sink.layout.Type} is free to stand for that; name one (--nodata), take a larger type (--type), or give missing pixels a value (fill(x, 0))");

        private string Where(Window chunk, long at) => $"in column {chunk.X - sink.first.X + at % chunk.Width}, row {chunk.Y - sink.first.Y + at / chunk.Width}";
    }

    private Window first;

    private long TileOf(Window chunk) => (chunk.Y - first.Y) / layout.TileHeight * layout.Across + (chunk.X - first.X) / layout.TileWidth;

    /// <summary>The area of the file, from whose first pixel tiles and messages count.</summary>
    public GeoTiffSink Within(Window everything)
    {
        first = everything;
        return this;
    }
}
