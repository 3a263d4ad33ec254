using System.Collections.Concurrent;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Varve.Raster.Grids;
using ZstdSharp;

namespace Varve.Raster.Files;

/// <summary>Packs tiles, one at a time, of any files. Whoever is done with one returns it for the next, with its memory.</summary>
internal sealed class BlockWriter : IDisposable
{
    private const int UsualLevel = 4, QuickLevel = 2;
    private static readonly ConcurrentBag<BlockWriter> Idle = [];
    private readonly MemoryStream stream = new();
    private LzwTable? lzw;
    private RunDeflate? runs;
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
                var isRuns = layout.Level is null && (layout.Predictor == 3 ? IsRuns(tile, 1) : IsRuns(tile, size));
                if (isRuns && layout.Predictor != 3) return (runs ??= new RunDeflate()).Pack(tile, size);
                // Planes of bytes repeat each other, which has to be searched for; where they are runs, not for long.
                var level = layout.Level ?? (isRuns ? QuickLevel : UsualLevel);
                stream.SetLength(0);
                using (var deflate = new ZLibStream(stream, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true)) deflate.Write(tile);
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

    /// <summary>Whether at least three quarters of the numbers are like the one before.</summary>
    private static bool IsRuns(ReadOnlySpan<byte> tile, int size) => size switch
    {
        1 => IsRuns(tile),
        2 => IsRuns(MemoryMarshal.Cast<byte, ushort>(tile)),
        4 => IsRuns(MemoryMarshal.Cast<byte, uint>(tile)),
        _ => IsRuns(MemoryMarshal.Cast<byte, ulong>(tile)),
    };

    private static bool IsRuns<T>(ReadOnlySpan<T> tile) where T : unmanaged, INumber<T>
    {
        var (alike, i) = (0L, 1);
        for (; i <= tile.Length - Vector128<T>.Count; i += Vector128<T>.Count)
            alike += BitOperations.PopCount(Vector128.Equals(Vector128.Create(tile[i..]), Vector128.Create(tile[(i - 1)..])).ExtractMostSignificantBits());
        for (; i < tile.Length; i++) alike += tile[i] == tile[i - 1] ? 1 : 0;
        return alike * 4 >= tile.Length * 3L;
    }
}
