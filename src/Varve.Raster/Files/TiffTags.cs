namespace Varve.Raster.Files;

/// <summary>The tags of TIFF 6.0, OGC GeoTIFF 1.1 and GDAL that are used here.</summary>
internal static class TiffTags
{
    public const int SubfileType = 254, Width = 256, Height = 257, Bits = 258, Compression = 259, Photometric = 262, FillOrder = 266, StripOffsets = 273, Samples = 277, RowsPerStrip = 278, StripBytes = 279,
        Planar = 284, Predictor = 317, ColorMap = 320, TileWidth = 322, TileHeight = 323, TileOffsets = 324, TileBytes = 325, ExtraSamples = 338, SampleFormat = 339,
        PixelScale = 33550, TiePoints = 33922, Transformation = 34264, GeoKeys = 34735, GeoReals = 34736, GeoTexts = 34737, GdalMetadata = 42112, GdalNoData = 42113;
}

/// <summary>How blocks are packed, by the number in the file.</summary>
internal enum TiffCompression
{
    None = 1,
    Lzw = 5,
    Deflate = 8,
    PackBits = 32773,
    OldDeflate = 32946,
    Zstd = 50000,
}

/// <summary>One entry of a directory: where its values lie. They are read when they are asked for: there may be millions.</summary>
internal readonly record struct TiffEntry(ushort Type, long Count, long Offset)
{
    /// <summary>Bytes of one value; 0 for a type that the format does not have.</summary>
    public int Size => Type switch { 1 or 2 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 or 16 or 17 or 18 => 8, _ => 0 };
}
