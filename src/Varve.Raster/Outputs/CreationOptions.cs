using System.Globalization;

namespace Varve.Raster.Outputs;

/// <summary>Creation options by the names that GDAL's drivers GTiff and COG give them.</summary>
internal static class CreationOptions
{
    public static WriteOptions Apply(WriteOptions options, string option)
    {
        if (option.Split('=', 2) is not [var name, var value]) throw new RasterException($"{option}: a creation option is NAME=VALUE, as for GDAL: COMPRESS=DEFLATE");
        value = value.Trim();
        return name.Trim().ToUpperInvariant() switch
        {
            "COMPRESS" => options with
            {
                Compression = value.ToUpperInvariant() switch
                {
                    "NONE" => Compression.None,
                    "LZW" => Compression.Lzw,
                    "DEFLATE" => Compression.Deflate,
                    "ZSTD" => Compression.Zstd,
                    _ => throw new RasterException($"{option}: what is written here is packed by NONE, LZW, DEFLATE or ZSTD; gdal_translate packs it by others afterwards"),
                },
            },
            "PREDICTOR" => options with { Predictor = value.ToUpperInvariant() switch { "YES" => null, "NO" => 1, "STANDARD" => 2, "FLOATING_POINT" => 3, _ => Whole(option, value) } },
            "ZLEVEL" or "ZSTD_LEVEL" or "LEVEL" => options with { Level = Whole(option, value) },
            "BLOCKXSIZE" or "BLOCKYSIZE" or "BLOCKSIZE" => options.TileSize is { } size && size != Whole(option, value)
                ? throw new RasterException($"{option}: tiles are as wide as they are high; give BLOCKXSIZE and BLOCKYSIZE one value")
                : options with { TileSize = Whole(option, value) },
            "TILED" => IsYes(option, value) ? options : throw new RasterException($"{option}: files are written in tiles, always; gdal_translate -co TILED=NO makes strips of them"),
            "BIGTIFF" => options with { BigTiff = value.ToUpperInvariant() switch { "IF_NEEDED" or "IF_SAFER" => null, _ => IsYes(option, value) } },
            "SPARSE_OK" => options with { Sparse = IsYes(option, value) },
            "INTERLEAVE" => value.Equals("BAND", StringComparison.OrdinalIgnoreCase) ? options : throw new RasterException($"{option}: bands are written apart (BAND); gdal_translate -co INTERLEAVE=PIXEL puts them together"),
            "OVERVIEWS" => options with { Cog = true },
            "OVERVIEW_RESAMPLING" or "RESAMPLING" => options with
            {
                Cog = true,
                Overviews = value.ToUpperInvariant() switch { "NEAREST" => Reduction.Nearest, "AVERAGE" => Reduction.Average, _ => throw new RasterException($"{option}: overviews are made by NEAREST or AVERAGE") },
            },
            // As many as compute.
            "NUM_THREADS" => options,
            _ => throw new RasterException($"{option}: there is no such creation option here; there are COMPRESS, PREDICTOR, ZLEVEL, ZSTD_LEVEL, LEVEL, BLOCKXSIZE, BLOCKYSIZE, BLOCKSIZE, TILED, BIGTIFF, SPARSE_OK, INTERLEAVE, OVERVIEWS, OVERVIEW_RESAMPLING, NUM_THREADS"),
        };
    }

    private static int Whole(string option, string value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new RasterException($"{option}: '{value}' is no number");

    private static bool IsYes(string option, string value) => value.ToUpperInvariant() switch
    {
        "YES" or "TRUE" or "ON" or "1" => true,
        "NO" or "FALSE" or "OFF" or "0" => false,
        _ => throw new RasterException($"{option}: YES or NO"),
    };
}
