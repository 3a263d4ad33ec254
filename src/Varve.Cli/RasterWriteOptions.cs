using System.CommandLine;
using System.Globalization;
using Varve.Raster;
using Varve.Raster.Grids;

namespace Varve.Cli;

/// <summary>The options of raster commands that write a file.</summary>
internal sealed class RasterWriteOptions
{
    private readonly Option<string> type = new("--type") { Description = "What pixels hold: uint8, int16, float32, ...; else what the expression gives", HelpName = "TYPE" };
    private readonly Option<string> noData = new("--nodata") { Description = "What stands for missing pixels; else a value that no pixel can have", HelpName = "VALUE" };
    private readonly Option<string> compress = new("--compress") { Description = "none, lzw, deflate or zstd; else deflate", HelpName = "HOW" };
    private readonly Option<int?> level = new("--level") { Description = "How hard to pack: 1 to 9, for zstd to 22", HelpName = "N" };
    private readonly Option<int?> predictor = new("--predictor") { Description = "1, 2 or 3; else what suits the type", HelpName = "N" };
    private readonly Option<int?> tile = new("--tile") { Description = "Width and height of tiles; else what suits the inputs", HelpName = "PIXELS" };
    private readonly Option<bool> dense = new("--dense") { Description = "Also write tiles in which nothing is" };
    private readonly Option<bool> bigTiff = new("--bigtiff") { Description = "A BigTIFF, also where a TIFF would do" };

    private readonly Option<bool> cog = new("--cog") { Description = "A Cloud Optimized GeoTIFF, with overviews" };
    private readonly Option<string> overviews = new("--overviews") { Description = "How overviews are made: nearest or average; else average of real numbers", HelpName = "HOW" };

    public RasterWriteOptions To(Command command)
    {
        foreach (var option in (Option[])[type, noData, compress, level, predictor, tile, dense, bigTiff, cog, overviews]) command.Add(option);
        return this;
    }

    public WriteOptions Of(ParseResult parsed) => new()
    {
        Type = parsed.GetValue(type) is { } name ? TypeOf(name) : null,
        NoData = parsed.GetValue(noData) is { } none ? Number(none, "--nodata") : null,
        Compression = parsed.GetValue(compress) is { } how ? How(how) : Compression.Deflate,
        Level = parsed.GetValue(level),
        Predictor = parsed.GetValue(predictor),
        TileSize = parsed.GetValue(tile),
        Sparse = !parsed.GetValue(dense),
        Cog = parsed.GetValue(cog) || parsed.GetValue(overviews) is not null,
        Overviews = parsed.GetValue(overviews)?.ToLowerInvariant() switch { null => null, "nearest" => Reduction.Nearest, "average" => Reduction.Average, var other => throw new UsageException($"--overviews {other}: nearest or average") },
        BigTiff = parsed.GetValue(bigTiff) ? true : null,
    };

    public static PixelType TypeOf(string name) => PixelTypes.Named(name) ?? throw new UsageException($"--type {name}: types are uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64");

    public static double Number(string text, string option) =>
        text.Equals("nan", StringComparison.OrdinalIgnoreCase) ? double.NaN
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : throw new UsageException($"{option} {text}: that is no number");

    public static Compression How(string text) => text.ToLowerInvariant() switch
    {
        "none" => Compression.None,
        "lzw" => Compression.Lzw,
        "deflate" => Compression.Deflate,
        "zstd" => Compression.Zstd,
        _ => throw new UsageException($"--compress {text}: none, lzw, deflate or zstd"),
    };
}
