using System.IO.Compression;
using Varve.Raster.Grids;
using ZstdSharp;

namespace Varve.Raster.Files;

/// <summary>Packs tiles, one at a time: a thread has its own.</summary>
internal sealed class BlockWriter(TiffLayout layout) : IDisposable
{
    private readonly LzwTable? lzw = layout.Compression == Compression.Lzw ? new LzwTable() : null;
    private readonly MemoryStream stream = new();
    private byte[] scratch = [];
    private byte[] packed = [];
    private Compressor? zstd;

    /// <summary>Packs a tile, whose bytes are spoilt; what is returned holds until the next call.</summary>
    public ReadOnlySpan<byte> Pack(Span<byte> tile)
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
                return packed.AsSpan(0, Lzw.Pack(tile, packed, lzw!));
            case Compression.Deflate:
                stream.SetLength(0);
                using (var deflate = new ZLibStream(stream, new ZLibCompressionOptions { CompressionLevel = layout.Level ?? 4 }, leaveOpen: true)) deflate.Write(tile);
                return stream.GetBuffer().AsSpan(0, (int)stream.Length);
            case Compression.Zstd:
                zstd ??= new Compressor(layout.Level ?? 3);
                var most = Compressor.GetCompressBound(tile.Length);
                if (packed.Length < most) packed = new byte[most];
                return packed.AsSpan(0, zstd.Wrap(tile, packed));
            default:
                return tile;
        }
    }

    public void Dispose()
    {
        zstd?.Dispose();
        stream.Dispose();
    }
}
