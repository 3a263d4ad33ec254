namespace Varve.Raster.Files;

/// <summary>A mask inside a TIFF: an image of one bit, or one byte, a pixel. As it is read here, a byte each.</summary>
internal sealed class TiffMask : BlockImage
{
    private readonly TiffImage packed;
    private readonly bool isReversed;

    private TiffMask(TiffImage packed, long width, bool isReversed) => (this.packed, Width, this.isReversed) = (packed, width, isReversed);

    /// <exception cref="RasterException">The directory tells of no image.</exception>
    public static BlockImage Of(TiffFile file, Dictionary<int, TiffEntry> tags)
    {
        var plain = new TiffImage(file, tags);
        if (plain.Bits != 1) return plain.WhyNot() is { Length: > 0 } why ? throw new RasterException($"{file.Name}: its mask: {why}") : plain;
        var packed = new TiffImage(file, tags, isPacked: true);
        if (packed.WhyNot() is { Length: > 0 } whyNot) throw new RasterException($"{file.Name}: its mask: {whyNot}");
        return new TiffMask(packed, plain.Width, tags.TryGetValue(TiffTags.FillOrder, out var order) && file.Values(order with { Count = 1 })[0] == 2);
    }

    public override long Width { get; }
    public override long Height => packed.Height;
    public override int Bands => 1;
    public override PixelType Type => PixelType.Byte;
    public override bool IsPlanar => true;
    public override bool IsTiled => packed.IsTiled;
    public override long BlockWidth => packed.BlockWidth * 8;
    public override long BlockHeight => packed.BlockHeight;
    public override int PixelBytes => 1;
    public override string WhyNot() => BlockBytes > 1L << 30 ? $"one of the blocks of its mask takes {BlockBytes >> 20} MB; gdal_translate writes smaller ones: -co TILED=YES" : "";
    public override bool Has(long column, long row, int band) => packed.Has(column, row, 0);

    public override bool Read(BlockReader reader, long column, long row, int band, Span<byte> target)
    {
        var bytes = new byte[packed.BlockBytes];
        if (!packed.Read(reader, column, row, 0, bytes)) return false;
        for (var i = 0; i < target.Length; i++) target[i] = (byte)(bytes[i >> 3] >> (isReversed ? i & 7 : 7 - (i & 7)) & 1);
        return true;
    }
}
