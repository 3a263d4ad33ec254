using Varve.Raster.Files;
using Varve.Raster.Gdal;
using Varve.Raster.Graph;

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

    /// <summary>Files on one grid as one layer; where they overlap, the later one is seen, but for its missing pixels.</summary>
    /// <exception cref="RasterException">One cannot be read, or they do not lie on one grid, or are not alike.</exception>
    public static Node OpenTiles(IReadOnlyList<string> paths, int band)
    {
        if (paths.Count == 1) return Open(paths[0], band);
        var files = paths.Select(p => RasterFiles.Open(p, band)).ToList();
        var masks = files.Select(f => f.MaskOf(band)).ToList();
        if (masks.TrueForAll(static m => m is null)) return RasterSource.Of(files, band);
        var valid = files.Zip(masks, (f, m) => ValidPixels.Of(f, band, m)).ToList();
        var tiles = RasterSource.Of(files, band, valid);
        return Masked.Of(tiles, RasterSource.MaskOf(tiles, valid));
    }

    /// <summary>A file one pixel wide, whose values hold for their whole rows.</summary>
    /// <exception cref="RasterException">It cannot be read, or is wider.</exception>
    public static Node OpenRows(string path, int band, bool ignoresNoData = false) => Wide(Open(path, band, ignoresNoData));

    /// <summary>A file's band, with its values for whole rows.</summary>
    public static Node Wide(Node band) => band switch
    {
        RasterSource source => new LatitudeSource(source),
        Masked { Parts: [RasterSource value, Unary { Parts: [RasterSource mask] }] } => Masked.Of(new LatitudeSource(value), new LatitudeSource(mask)),
        _ => throw new InvalidOperationException("not a file's band"),
    };

    /// <summary>The band of a file, beside its mask.</summary>
    public static RasterSource ValueOf(Node band) => band as RasterSource ?? (RasterSource)((Masked)band).Parts[0];

    /// <summary>The same pixels at another place; null when it is not a file's band.</summary>
    public static Node? At(Node node, Grid grid) => node switch
    {
        RasterSource source => source.At(grid),
        Masked { Parts: [RasterSource value, Unary { Parts: [RasterSource mask] }] } => Masked.Of(value.At(grid), mask.At(grid)),
        _ => null,
    };
}
