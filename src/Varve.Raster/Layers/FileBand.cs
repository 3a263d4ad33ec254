using Varve.Raster.Files;
using Varve.Raster.Gdal;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// A band of a file as a part of an expression, with what the file says of missing pixels: a value, or a mask (an image
/// inside a TIFF, a file `.msk` beside it, or an alpha band, where it is 0).
/// </summary>
internal static class FileBand
{
    /// <param name="path">The file.</param>
    /// <param name="band">Which band, from 0.</param>
    /// <param name="ignoresNoData">Whether nothing is missing, whatever the file says.</param>
    /// <param name="ignoresAlpha">Whether an alpha band is a band like others.</param>
    /// <exception cref="RasterException">It cannot be read.</exception>
    public static Node Open(string path, int band, bool ignoresNoData = false, bool ignoresAlpha = false)
    {
        var file = RasterFiles.Open(path, band);
        return MaskOf(file, band, ignoresNoData, ignoresAlpha) is { } mask ? Masked.Of(RasterSource.Of(file, band, ignoresNoData: true), RasterSource.Of(mask.File, mask.Band)) : RasterSource.Of(file, band, ignoresNoData);
    }

    /// <summary>A band whose rows do not run along the axes, by its columns and rows.</summary>
    /// <exception cref="RasterException">It cannot be read.</exception>
    public static Node OfTurned(RasterFile file, int band) =>
        MaskOf(file, band, false, false) is { } mask ? Masked.Of(RasterSource.OfTurned(file, band, ignoresNoData: true), RasterSource.OfTurned(mask.File, mask.Band)) : RasterSource.OfTurned(file, band);

    private static FileMask? MaskOf(RasterFile file, int band, bool ignoresNoData, bool ignoresAlpha) =>
        !ignoresNoData && file.MaskOf(band) is { } mask && !(ignoresAlpha && mask.IsAlpha) ? mask : null;

    /// <summary>A file, for a layer of which a value must say what is missing.</summary>
    /// <exception cref="RasterException">It cannot be read, or has a mask.</exception>
    public static RasterFile OpenUnmasked(string path, int band, string purpose)
    {
        var file = RasterFiles.Open(path, band);
        if (file.MaskOf(band) is not { } mask) return file;
        throw new RasterException($"{path}: {(mask.IsAlpha ? "an alpha band" : "a mask")} says where it has no data, and {purpose} needs a value that does: varve raster convert {Origin.Quoted(path)}{(mask.IsAlpha ? $" -b {band + 1}" : "")} -o {Origin.Quoted($"{Origin.Stem(path)}-unmasked.tif")} writes one");
    }

    /// <summary>The same pixels at another place; null when it is not a file's band.</summary>
    public static Node? At(Node node, Grid grid) => node switch
    {
        RasterSource source => source.At(grid),
        Masked { Parts: [RasterSource value, Unary { Parts: [RasterSource mask] }] } => Masked.Of(value.At(grid), mask.At(grid)),
        _ => null,
    };
}
