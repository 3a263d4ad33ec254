using System.Collections.Concurrent;
using System.IO.Compression;
using Varve.Raster.Grids;
using ZstdSharp;

namespace Varve.Raster.Files;

/// <summary>Packs tiles, one at a time, of any files. Whoever is done with one returns it for the next, with its memory.</summary>
internal sealed class BlockWriter : IDisposable
{
    private static readonly ConcurrentBag<BlockWriter> Idle = [];
    private readonly MemoryStream stream = new();
    private LzwTable? lzw;
    private byte[] scratch = [];
    private byte[] packed = [];
    private Compressor? zstd;

    private BlockWriter() { }

    /// <summary>One for the caller alone.</summary>
    public static BlockWriter Rent() => Idle.TryTake(out var one) ? one : new BlockWriter();

    /// <summary>Gives it back, for whoever comes next.</summary>
    public void Dispose() => Idle.Add(this);

    /// <summary>Packs a tile, whose bytes are spoilt; what is returned holds until the next call.</summary>
    public ReadOnlySpan<byte> Pack(TiffLayout layout, Span<byte> tile)
    {
        var size = layout.Type.Size();
        var rowBytes = layout.TileWidth * size;
        if (layout.Predictor == 3)
        {
            if (scratch.Length < rowBytes) scratch = new byte[rowBytes];
            Predictors.Scatter(tile, rowBytes, size, 1, scratch);
        }
        else if (layout.Predictor == 2)
        {
            Predictors.Difference(tile, rowBytes, size, 1);
        }
        switch (layout.Compression)
        {
            case Compression.Lzw:
                // Each byte may cost 12 bits, and the codes that clear the table.
                var room = tile.Length / 2 * 3 + tile.Length / 512 + 64;
                if (packed.Length < room) packed = new byte[room];
                return packed.AsSpan(0, Lzw.Pack(tile, packed, lzw ??= new LzwTable()));
            case Compression.Deflate:
                stream.SetLength(0);
                using (var deflate = new ZLibStream(stream, new ZLibCompressionOptions { CompressionLevel = layout.Level ?? 4 }, leaveOpen: true)) deflate.Write(tile);
                return stream.GetBuffer().AsSpan(0, (int)stream.Length);
            case Compression.Zstd:
                zstd ??= new Compressor();
                zstd.Level = layout.Level ?? 3;
                var most = Compressor.GetCompressBound(tile.Length);
                if (packed.Length < most) packed = new byte[most];
                return packed.AsSpan(0, zstd.Wrap(tile, packed));
            default:
                return tile;
        }
    }
}
