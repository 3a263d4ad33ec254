using System.Text;
using Varve.Raster.Grids;

namespace Varve.Raster.Files;

/// <summary>The tags that say what an image is.</summary>
internal static class TiffDescription
{
    /// <param name="layout">What was decided.</param>
    /// <param name="directory">Gets the tags.</param>
    /// <param name="offsets">Where each tile is.</param>
    /// <param name="counts">How many bytes it has.</param>
    /// <param name="isReduced">Whether it is an overview, whose place is that of the image.</param>
    public static void Of(TiffLayout layout, TiffDirectory directory, long[] offsets, long[] counts, bool isReduced = false)
    {
        var isPalette = layout.ColorMap is not null && layout.Bands == 1 && layout.Type is PixelType.Byte or PixelType.UInt16 && layout.ColorMap?.Length == 3 << (layout.Type.Size() * 8);
        var isRgb = layout.IsRgb && layout.Bands >= 3;
        var format = layout.Type.IsFloat() ? 3 : layout.Type.IsSigned() ? 2 : 1;
        directory.Longs(TiffTags.Width, layout.Grid.Width);
        directory.Longs(TiffTags.Height, layout.Grid.Height);
        directory.Shorts(TiffTags.Bits, Enumerable.Repeat((ushort)(layout.Type.Size() * 8), layout.Bands));
        directory.Shorts(TiffTags.Compression, [layout.Compression switch { Compression.Lzw => 5, Compression.Deflate => 8, Compression.Zstd => 50000, _ => 1 }]);
        directory.Shorts(TiffTags.Photometric, [(ushort)(isPalette ? 3 : isRgb ? 2 : 1)]);
        directory.Shorts(TiffTags.Samples, [(ushort)layout.Bands]);
        directory.Shorts(TiffTags.Planar, [(ushort)(layout.Bands > 1 ? 2 : 1)]);
        if (layout.Predictor > 1) directory.Shorts(TiffTags.Predictor, [(ushort)layout.Predictor]);
        if (isPalette) directory.Shorts(TiffTags.ColorMap, layout.ColorMap!.Select(static c => (ushort)c));
        directory.Longs(TiffTags.TileWidth, layout.TileWidth);
        directory.Longs(TiffTags.TileHeight, layout.TileHeight);
        directory.Places(TiffTags.TileOffsets, offsets);
        directory.Places(TiffTags.TileBytes, counts);
        if (layout.Bands > (isRgb ? 3 : 1)) directory.Shorts(TiffTags.ExtraSamples, Enumerable.Repeat((ushort)0, layout.Bands - (isRgb ? 3 : 1)));
        directory.Shorts(TiffTags.SampleFormat, Enumerable.Repeat((ushort)format, layout.Bands));
        if (layout.NoData is { } none) directory.Text(TiffTags.GdalNoData, Encoding.ASCII.GetBytes(PixelTypes.Text(none) + "\0"));
        if (isReduced)
        {
            directory.Longs(TiffTags.SubfileType, 1);
            return;
        }
        var grid = layout.Grid;
        if (grid.IsPlaced)
        {
            if (grid.StepY < 0)
            {
                directory.Reals(TiffTags.PixelScale, [grid.StepX, -grid.StepY, 0]);
                directory.Reals(TiffTags.TiePoints, [0, 0, 0, grid.X, grid.Y, 0]);
            }
            else
            {
                directory.Reals(TiffTags.Transformation, [grid.StepX, 0, 0, grid.X, 0, grid.StepY, 0, grid.Y, 0, 0, 0, 0, 0, 0, 0, 1]);
            }
        }
        var (list, reals, texts) = GeoKeyTags.Write(grid.Projection);
        if (list.Length > 0) directory.Shorts(TiffTags.GeoKeys, list);
        if (reals.Length > 0) directory.Reals(TiffTags.GeoReals, reals);
        if (texts.Length > 0) directory.Text(TiffTags.GeoTexts, texts);
        if (layout.Metadata.Length > 0) directory.Text(TiffTags.GdalMetadata, Encoding.UTF8.GetBytes(layout.Metadata + "\0"));
    }
}
