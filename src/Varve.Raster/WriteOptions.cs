namespace Varve.Raster;

/// <summary>How the tiles of an output are packed.</summary>
public enum Compression
{
    /// <summary>Not at all.</summary>
    None,
    /// <summary>LZW, which every reader knows.</summary>
    Lzw,
    /// <summary>Deflate, which nearly every reader knows.</summary>
    Deflate,
    /// <summary>Zstandard, the fastest to read; GDAL reads it where it was built with it.</summary>
    Zstd,
}

/// <summary>How a GeoTIFF is written. Whatever is left out is chosen, and reported.</summary>
public sealed record WriteOptions
{
    /// <summary>How tiles are packed.</summary>
    public Compression Compression { get; init; } = Compression.Deflate;

    /// <summary>1 to 9 for Deflate, 1 to 22 for Zstandard; null for 4 and 3, from where more time wins little.</summary>
    public int? Level { get; init; }

    /// <summary>1 none, 2 differences, 3 differences of real numbers; null for what suits the type.</summary>
    public int? Predictor { get; init; }

    /// <summary>What pixels hold; null for the type of the expression. Values that do not fit become the nearest that do.</summary>
    public PixelType? Type { get; init; }

    /// <summary>What stands for missing pixels; null for a value that no pixel can have. A valid pixel of this value is an error.</summary>
    public double? NoData { get; init; }

    /// <summary>Width and height of tiles, a multiple of 16; null for what suits the inputs.</summary>
    public int? TileSize { get; init; }

    /// <summary>Whether tiles without a value other than nodata (0 when there is none) are left out.</summary>
    public bool Sparse { get; init; } = true;

    /// <summary>Whether the file is a BigTIFF; null for when it could grow over 4 GB.</summary>
    public bool? BigTiff { get; init; }

    /// <summary>Names of the bands, in their order.</summary>
    public IReadOnlyList<string> BandNames { get; init; } = [];

    /// <summary>These options with some more, by the names that GDAL has for them: COMPRESS=ZSTD, BLOCKXSIZE=256, BIGTIFF=YES.</summary>
    /// <exception cref="RasterException">One has no such name or value.</exception>
    public WriteOptions With(IEnumerable<string> creationOptions) => creationOptions.Aggregate(this, Outputs.CreationOptions.Apply);

    /// <summary>Red, green and blue, 0 to 65535, of all values of a byte or a 16-bit number, all reds first; null for none.</summary>
    internal long[]? ColorMap { get; init; }

    /// <summary>Whether the file is a Cloud Optimized GeoTIFF: with overviews, and laid out so that a part of it is read with few requests.</summary>
    public bool Cog { get; init; }

    /// <summary>How overviews are made; null for the mean of real numbers, and the nearest of integers.</summary>
    public Reduction? Overviews { get; init; }
}
