using System.CommandLine;

namespace Varve.Cli;

/// <summary><c>varve raster</c>: maps, computed from maps.</summary>
internal static class RasterCommand
{
    public static Command Make() => new("raster", "Compute maps from maps: declared as algebra, computed within the memory and on the cores there are")
    {
        RasterInfoCommand.Make(), RasterCalcCommand.Make(), RasterNumberCommands.MakeSum(), RasterNumberCommands.MakeStatistics(), RasterHistogramCommand.Make(),
        RasterCompareCommands.MakeZonal(), RasterCompareCommands.MakeDiff(), RasterFileCommands.MakeConvert(), RasterFileCommands.MakeMosaic(), RasterWarpCommand.Make(), RasterShowCommand.Make(),
        RasterLikeCommands.MakeRasterize(), RasterLikeCommands.MakeArea(),
    };
}
