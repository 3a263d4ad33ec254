namespace Varve.Raster.Files;

/// <summary>Decodes blocks of images, one at a time: a thread has its own.</summary>
internal sealed class BlockReader : IDisposable
{
    private byte[] packed = [];
    private byte[] scratch = [];
    private ZstdSharp.Decompressor? zstd;
    private Inflate? inflate;

    /// <summary>Decodes a block into the machine's byte order.</summary>
    /// <param name="image">Of which image.</param>
    /// <param name="column">Which column of blocks.</param>
    /// <param name="row">Which row of blocks.</param>
    /// <param name="band">Which band, from 0; any where the bands lie together.</param>
    /// <param name="target">Of exactly the block's bytes.</param>
    /// <returns>False when the block was never written; the target is then untouched.</returns>
    /// <exception cref="RasterException">The block is damaged.</exception>
    public bool Read(TiffImage image, long column, long row, int band, Span<byte> target)
    {
        var file = image.File;
        var (offset, bytes) = image.Place(column, row, band);
        if (offset == 0 || bytes == 0) return false;
        if (bytes > file.Bytes || bytes > int.MaxValue) throw file.Damaged($"a block ({column}, {row}) is larger than it can be");
        // Rows beyond the image may be missing in the last strip, and only there.
        var rows = image.IsTiled ? image.BlockHeight : Math.Min(image.BlockHeight, image.Height - row * image.BlockHeight);
        var must = (int)(rows * image.BlockWidth * image.PixelBytes);
        var got = (long)must;
        if (image.Compression == (int)TiffCompression.None)
        {
            got = Math.Min(bytes, must);
            file.ReadExactly(target[..(int)got], offset);
        }
        else
        {
            if (packed.Length < bytes) packed = new byte[Math.Max(bytes + bytes / 4, 1 << 16)];
            file.ReadExactly(packed.AsSpan(0, (int)bytes), offset);
            got = Unpack(image, (int)bytes, target, column, row);
        }
        if (got < must) throw file.Damaged($"block ({column}, {row}) holds {got} of {must} bytes");
        if (got < target.Length) target[(int)got..].Clear();
        Restore(image, target);
        return true;
    }

    private long Unpack(TiffImage image, int bytes, Span<byte> target, long column, long row)
    {
        try
        {
            switch ((TiffCompression)image.Compression)
            {
                case TiffCompression.Lzw:
                    var written = Lzw.Unpack(packed.AsSpan(0, bytes), target);
                    return written >= 0 ? written : throw image.File.Damaged($"a code of block ({column}, {row}) stands for nothing");
                case TiffCompression.PackBits:
                    return PackBits.Unpack(packed.AsSpan(0, bytes), target);
                case TiffCompression.Zstd:
                    zstd ??= new ZstdSharp.Decompressor();
                    return zstd.Unwrap(packed.AsSpan(0, bytes), target);
                default:
                    inflate ??= new Inflate();
                    return inflate.Unpack(packed.AsSpan(0, bytes), target);
            }
        }
        catch (Exception e) when (e is InvalidDataException or ZstdSharp.ZstdException)
        {
            throw image.File.Damaged($"block ({column}, {row}) cannot be unpacked ({e.Message})", e);
        }
    }

    private void Restore(TiffImage image, Span<byte> block)
    {
        var size = image.Bits / 8;
        var rowBytes = (int)(image.BlockWidth * image.PixelBytes);
        if (image.Predictor == 3)
        {
            if (scratch.Length < rowBytes) scratch = new byte[rowBytes];
            Predictors.Gather(block, rowBytes, size, image.Step, scratch);
            return;
        }
        if (!image.File.IsLittleEndian) Predictors.Swap(block, size);
        if (image.Predictor == 2) Predictors.Sum(block, rowBytes, size, image.Step);
    }

    public void Dispose()
    {
        zstd?.Dispose();
        inflate?.Dispose();
    }
}
