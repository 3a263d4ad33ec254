using System.Buffers.Binary;
using System.IO.Compression;
using Varve.Raster.Files;
using Varve.Raster.Grids;

namespace Varve.Raster.Tests;

/// <summary>How a file of a test is laid out; all that the format allows.</summary>
internal sealed record TestLayout
{
    public bool IsTiled { get; init; }
    public int BlockWidth { get; init; } = 16;
    public int BlockHeight { get; init; } = 16;
    public int Compression { get; init; } = 1;
    public int Predictor { get; init; } = 1;
    public bool IsBigEndian { get; init; }
    public bool IsBigTiff { get; init; }
    public bool IsPlanar { get; init; }
    /// <summary>Blocks whose number this divides are left out; 0 for none.</summary>
    public int Hole { get; init; }
    public string? NoData { get; init; }
}

/// <summary>Writes TIFF files plainly, by the specification and not by the code under test.</summary>
internal static class TestTiff
{
    /// <param name="path">The file.</param>
    /// <param name="grid">Its size and place.</param>
    /// <param name="type">Of all bands.</param>
    /// <param name="bands">Numbers of each band, row by row, in the machine's order.</param>
    /// <param name="layout">How.</param>
    public static void Write(string path, Grid grid, PixelType type, byte[][] bands, TestLayout layout)
    {
        var (width, height, size) = ((int)grid.Width, (int)grid.Height, type.Size());
        var (blockWidth, blockHeight) = layout.IsTiled ? (layout.BlockWidth, layout.BlockHeight) : (width, Math.Min(layout.BlockHeight, height));
        var together = layout.IsPlanar ? 1 : bands.Length;
        var file = new MemoryStream();
        file.Write(new byte[layout.IsBigTiff ? 16 : 8]);
        var (offsets, counts) = (new List<ulong>(), new List<ulong>());
        foreach (var plane in layout.IsPlanar ? bands.Select(static b => new[] { b }) : [bands])
            for (var y = 0; y < height; y += blockHeight)
                for (var x = 0; x < width; x += blockWidth)
                {
                    if (layout.Hole > 0 && offsets.Count % layout.Hole == 0)
                    {
                        offsets.Add(0);
                        counts.Add(0);
                        continue;
                    }
                    var rows = layout.IsTiled ? blockHeight : Math.Min(blockHeight, height - y);
                    var block = new byte[blockWidth * rows * size * together];
                    for (var row = 0; row < rows && y + row < height; row++)
                        for (var column = 0; column < blockWidth && x + column < width; column++)
                            for (var band = 0; band < together; band++)
                                Array.Copy(plane[band], ((y + row) * width + x + column) * size, block, ((row * blockWidth + column) * together + band) * size, size);
                    Predict(block, blockWidth * together * size, size, together, layout);
                    var packed = Pack(block, layout.Compression);
                    offsets.Add((ulong)file.Position);
                    counts.Add((ulong)packed.Length);
                    file.Write(packed);
                    if (file.Position % 2 == 1) file.WriteByte(0);
                }
        var entries = new SortedDictionary<int, (int Type, int Size, ulong[] Values)>
        {
            [256] = (4, 4, [(ulong)width]),
            [257] = (4, 4, [(ulong)height]),
            [258] = (3, 2, [.. bands.Select(_ => (ulong)size * 8)]),
            [259] = (3, 2, [(ulong)layout.Compression]),
            [262] = (3, 2, [1]),
            [277] = (3, 2, [(ulong)bands.Length]),
            [284] = (3, 2, [layout.IsPlanar ? 2u : 1u]),
            [317] = (3, 2, [(ulong)layout.Predictor]),
            [339] = (3, 2, [.. bands.Select(_ => type.IsFloat() ? 3ul : type.IsSigned() ? 2ul : 1ul)]),
            [33550] = (12, 8, [Bits(grid.StepX), Bits(-grid.StepY), 0]),
            [33922] = (12, 8, [0, 0, 0, Bits(grid.X), Bits(grid.Y), 0]),
        };
        var place = layout.IsBigTiff ? (16, 8) : (4, 4);
        entries[layout.IsTiled ? 324 : 273] = (place.Item1, place.Item2, [.. offsets]);
        entries[layout.IsTiled ? 325 : 279] = (place.Item1, place.Item2, [.. counts]);
        if (layout.IsTiled)
        {
            entries[322] = (3, 2, [(ulong)blockWidth]);
            entries[323] = (3, 2, [(ulong)blockHeight]);
        }
        else
        {
            entries[278] = (4, 4, [(ulong)blockHeight]);
        }
        if (layout.NoData is { } none) entries[42113] = (2, 1, [.. none.Select(static c => (ulong)c), 0]);
        if (grid.Projection.Epsg is { } code) entries[34735] = (3, 2, [1, 1, 0, 2, 1024, 0, 1, grid.Projection.IsGeographic ? 2u : 1u, grid.Projection.IsGeographic ? 2048u : 3072u, 0, 1, (ulong)code]);
        Finish(file, entries, layout);
        File.WriteAllBytes(path, file.ToArray());
    }

    private static void Finish(MemoryStream file, SortedDictionary<int, (int Type, int Size, ulong[] Values)> entries, TestLayout layout)
    {
        void Put(Stream into, ulong value, int size)
        {
            var bytes = new byte[8];
            if (layout.IsBigEndian) BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
            else BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
            into.Write(layout.IsBigEndian ? bytes.AsSpan(8 - size) : bytes.AsSpan(0, size));
        }
        var (countSize, placeSize) = layout.IsBigTiff ? (8, 8) : (2, 4);
        var start = file.Length;
        var after = start + countSize + entries.Count * (layout.IsBigTiff ? 20 : 12) + placeSize;
        var (head, values) = (new MemoryStream(), new MemoryStream());
        Put(head, (ulong)entries.Count, countSize);
        foreach (var (tag, (type, size, list)) in entries)
        {
            Put(head, (ulong)tag, 2);
            Put(head, (ulong)type, 2);
            Put(head, (ulong)list.Length, placeSize);
            var bytes = new MemoryStream();
            foreach (var value in list) Put(bytes, value, size);
            if (bytes.Length <= placeSize)
            {
                head.Write(bytes.ToArray());
                head.Write(new byte[placeSize - bytes.Length]);
            }
            else
            {
                Put(head, (ulong)(after + values.Length), placeSize);
                values.Write(bytes.ToArray());
            }
        }
        Put(head, 0, placeSize);
        file.Position = start;
        file.Write(head.ToArray());
        file.Write(values.ToArray());
        file.Position = 0;
        file.Write(layout.IsBigEndian ? "MM"u8 : "II"u8);
        Put(file, layout.IsBigTiff ? 43u : 42u, 2);
        if (layout.IsBigTiff)
        {
            Put(file, 8, 2);
            Put(file, 0, 2);
        }
        Put(file, (ulong)start, placeSize);
    }

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static void Predict(byte[] block, int rowBytes, int size, int step, TestLayout layout)
    {
        if (layout.Predictor == 3)
        {
            for (var start = 0; start < block.Length; start += rowBytes)
            {
                var (row, count) = (block.AsSpan(start, rowBytes).ToArray(), rowBytes / size);
                for (var n = 0; n < count; n++)
                    for (var b = 0; b < size; b++) block[start + b * count + n] = row[n * size + size - 1 - b];
                for (var i = rowBytes - 1; i >= step; i--) block[start + i] -= block[start + i - step];
            }
            return;
        }
        if (layout.Predictor == 2)
            for (var start = 0; start < block.Length; start += rowBytes)
                for (var i = rowBytes / size - 1; i >= step; i--)
                {
                    var (at, before) = (start + i * size, start + (i - step) * size);
                    ulong Number(int place) { ulong v = 0; for (var b = size - 1; b >= 0; b--) v = v << 8 | block[place + b]; return v; }
                    var difference = Number(at) - Number(before);
                    for (var b = 0; b < size; b++) block[at + b] = (byte)(difference >> (8 * b));
                }
        if (layout.IsBigEndian)
            for (var at = 0; at < block.Length; at += size) Array.Reverse(block, at, size);
    }

    private static byte[] Pack(byte[] block, int compression)
    {
        switch (compression)
        {
            case 5:
                var lzw = new byte[block.Length * 2 + 100];
                return lzw[..Lzw.Pack(block, lzw, new LzwTable())];
            case 8:
                var stream = new MemoryStream();
                using (var deflate = new ZLibStream(stream, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(block);
                return stream.ToArray();
            case 50000:
                using (var zstd = new ZstdSharp.Compressor(1)) return zstd.Wrap(block).ToArray();
            case 32773:
                var packed = new List<byte>();
                for (var i = 0; i < block.Length;)
                {
                    var run = 1;
                    while (i + run < block.Length && run < 128 && block[i + run] == block[i]) run++;
                    packed.Add(run == 1 ? (byte)0 : (byte)(257 - run));
                    packed.Add(block[i]);
                    i += run;
                }
                return [.. packed];
            default:
                return block;
        }
    }
}

/// <summary>A folder that goes with its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("varve-raster-").FullName;
    public string this[string name] => System.IO.Path.Combine(Path, name);
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
