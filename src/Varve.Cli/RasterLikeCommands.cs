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
        var input = new Argument<string>("file") { Description = "A file of polygons, lines or points: GeoJSON, or what OGR reads (GeoPackage, shapefile); brought to the projection of the grid", HelpName = "FILE" };
        var (like, output) = (Like(), Output());
        var property = new Option<string>("--property") { Description = "Write this number of each shape; else 1", HelpName = "NAME" };
        var allTouched = new Option<bool>("--all-touched") { Description = "Inside are all pixels that a shape touches, not only those whose centre it holds, or on a line's way" };
        var fraction = new Option<bool>("--fraction") { Description = "Write the part of each pixel that lies in polygons, 0 to 1" };
        var layer = new Option<string>("--layer-name") { Description = "Which layer of the file; needed where it has several", HelpName = "NAME" };
        var where = new Option<string>("--where") { Description = "Only shapes for which this holds, in OGR's SQL: \"kind = 'park'\"", HelpName = "FILTER" };
        var command = new Command("rasterize", "Polygons, lines and points as pixels of a grid, 0 outside") { input, like, output, property, allTouched, fraction, layer, where };
        var options = new RasterOptions().To(command, hasLayers: false);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(allTouched) && parsed.GetValue(fraction)) throw new UsageException("--all-touched and --fraction: give one");
            var coverage = parsed.GetValue(fraction) ? Coverage.Fraction : parsed.GetValue(allTouched) ? Coverage.AllTouched : Coverage.Centre;
            var shapes = new ShapeOptions { Layer = parsed.GetValue(layer), Where = parsed.GetValue(where), Property = parsed.GetValue(property), Coverage = coverage };
            Write(parsed, Map.Polygons(parsed.GetValue(input)!, shapes), parsed.GetValue(like)!, parsed.GetValue(output)!, options, writing);
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
