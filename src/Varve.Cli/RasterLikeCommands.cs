using System.CommandLine;
using Varve.Raster;
using Varve.Raster.Gdal;
using Map = Varve.Raster.Raster;

namespace Varve.Cli;

/// <summary><c>varve raster rasterize</c> and <c>varve raster area</c>: what follows from the grid of a file.</summary>
internal static class RasterLikeCommands
{
    private static Option<string> Like() => new("--like") { Description = "The GeoTIFF whose grid the result has", HelpName = "FILE", Required = true };
    private static Option<string> Output() => new("--output", "-o") { Description = "The GeoTIFF to write", HelpName = "FILE", Required = true };

    public static Command MakeRasterize()
    {
        var input = new Argument<string>("file") { Description = "A GeoJSON file of polygons, in the projection of the grid", HelpName = "FILE" };
        var (like, output) = (Like(), Output());
        var property = new Option<string>("--property") { Description = "Write this number of each polygon; else 1", HelpName = "NAME" };
        var allTouched = new Option<bool>("--all-touched") { Description = "Inside are all pixels that a polygon touches, not only those whose centre it holds" };
        var command = new Command("rasterize", "Polygons as pixels of a grid, 0 outside") { input, like, output, property, allTouched };
        var options = new RasterOptions().To(command, hasLayers: false);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            var coverage = parsed.GetValue(allTouched) ? Coverage.AllTouched : Coverage.Centre;
            var path = parsed.GetValue(input)!;
            Write(parsed, parsed.GetValue(property) is { } name ? Map.Polygons(path, name, coverage) : Map.Polygons(path, coverage), parsed.GetValue(like)!, parsed.GetValue(output)!, options, writing);
            return 0;
        });
        return command;
    }

    public static Command MakeArea()
    {
        var (like, output) = (Like(), Output());
        var command = new Command("area", "The true area of each pixel of a grid, in square metres") { like, output };
        var options = new RasterOptions().To(command, hasLayers: false);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            Write(parsed, Map.Area(), parsed.GetValue(like)!, parsed.GetValue(output)!, options, writing);
            return 0;
        });
        return command;
    }

    private static void Write(ParseResult parsed, Map raster, string like, string output, RasterOptions options, RasterWriteOptions writing)
    {
        var common = CommonOptions.Of(parsed);
        Grid grid;
        using (var file = RasterFiles.Open(like)) grid = file.WhyNoGrid.Length == 0 ? file.Grid : throw new RasterException($"{like}: {file.WhyNoGrid}");
        using var interrupt = new Interrupt(static () => { });
        raster.On(grid, like).Write(output, writing.Of(parsed), options.Limits(parsed, common, interrupt.Token));
    }
}
