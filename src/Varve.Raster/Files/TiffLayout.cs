using Varve.Raster.Grids;

namespace Varve.Raster.Files;

/// <summary>All that is decided of an output before its first tile.</summary>
internal sealed record TiffLayout
{
    public required Grid Grid { get; init; }
    public required PixelType Type { get; init; }
    public required int Bands { get; init; }
    public required int TileWidth { get; init; }
    public required int TileHeight { get; init; }
    public Compression Compression { get; init; } = Compression.Deflate;
    public int? Level { get; init; }
    public int Predictor { get; init; } = 1;
    public double? NoData { get; init; }
    public bool? BigTiff { get; init; }
    public bool IsSparse { get; init; } = true;
    /// <summary>GDAL's items, as XML.</summary>
    public string Metadata { get; init; } = "";
    public long[]? ColorMap { get; init; }
    public bool IsRgb { get; init; }

    public long Across => (Grid.Width + TileWidth - 1) / TileWidth;
    public long Down => (Grid.Height + TileHeight - 1) / TileHeight;
    public int TileBytes => TileWidth * TileHeight * Type.Size();

    /// <summary>Whether 32-bit places could fail to reach all tiles, if packing won nothing.</summary>
    public bool IsBig => BigTiff ?? Across * Down * Bands * (TileBytes + 16.0) > 4.0e9;

    /// <summary>The predictor that suits a type: none for bytes, which are mostly codes.</summary>
    public static int PredictorFor(PixelType type, Compression compression) =>
        compression == Compression.None || type.Size() == 1 ? 1 : type.IsFloat() ? 3 : 2;
}
