using Varve.Raster.Files;

namespace Varve.Raster.Gdal;

/// <summary>Opens rasters of any kind: GeoTIFF by Varve's own reader, whatever else by GDAL, where that is installed.</summary>
internal static class RasterFiles
{
    /// <param name="path">A file, or another name that GDAL opens (NETCDF:file.nc:name, /vsizip/...).</param>
    /// <param name="band">The band that will be read, from 0.</param>
    /// <exception cref="RasterException">It cannot be opened.</exception>
    public static RasterFile Open(string path, int band = 0)
    {
        if (!IsTiff(path)) return File.Exists(path) || Directory.Exists(path) || IsForGdal(path) ? OpenOther(path, band) : GeoTiff.Open(path);
        var own = GeoTiff.Open(path);
        if (own.Image.WhyNot().Length == 0 || !Gdal.IsThere) return own;
        own.Dispose();
        return GdalFile.Open(path, band);
    }

    private static RasterFile OpenOther(string path, int band) => Gdal.IsThere ? GdalFile.Open(path, band) : GeoTiff.Open(path);

    /// <summary>Whether it can only be a name that GDAL understands: /vsizip/..., NETCDF:file.nc:name.</summary>
    public static bool IsForGdal(string path) => path.StartsWith("/vsi", StringComparison.Ordinal) || (path.IndexOf(':', StringComparison.Ordinal) is > 1 and var at && path.AsSpan(0, at).IndexOfAnyExcept(Letters) < 0);

    /// <summary>Of which the name of a driver consists.</summary>
    private static readonly System.Buffers.SearchValues<char> Letters = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private static bool IsTiff(string path)
    {
        try
        {
            Span<byte> head = stackalloc byte[4];
            using var file = File.OpenHandle(path);
            return RandomAccess.Read(file, head, 0) == 4 && (head.SequenceEqual("II*\0"u8) || head.SequenceEqual("MM\0*"u8) || head.SequenceEqual("II+\0"u8) || head.SequenceEqual("MM\0+"u8));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
