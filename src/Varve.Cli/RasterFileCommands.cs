using System.CommandLine;
using Varve.Raster;
using Varve.Raster.Gdal;
using Varve.Raster.Grids;
using Varve.Raster.Layers;
using Map = Varve.Raster.Raster;

namespace Varve.Cli;

/// <summary><c>varve raster convert</c> and <c>varve raster mosaic</c>: files into other files.</summary>
internal static class RasterFileCommands
{
    private static Option<string> Output() => new("--output", "-o") { Description = "The GeoTIFF to write", HelpName = "FILE", Required = true };

    public static Command MakeConvert()
    {
        var input = new Argument<string>("file") { Description = "A raster file", HelpName = "FILE" };
        var output = Output();
        var bands = new Option<int[]>("--band", "-b") { Description = "Take this band, in the order given; else all", HelpName = "N" };
        var projection = new Option<string>("--srs") { Description = "Write this projection, whatever the file says: EPSG:4326; pixels stay where they are", HelpName = "EPSG:CODE" };
        var snap = new Option<string>("--snap") { Description = "Move the pixels, by less than half of one, onto the grid of this file", HelpName = "FILE" };
        var missing = new Option<string>("--missing") { Description = "Pixels of this value are missing, though the file does not say so", HelpName = "VALUE" };
        var command = new Command("convert", "Write a file in another form: type, packing, tiles, nodata, projection's name, COG") { input, output, bands, projection, snap, missing };
        var options = new RasterOptions().To(command, hasLayers: false);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var path = parsed.GetValue(input)!;
            using var tiff = RasterFiles.Open(path, (parsed.GetValue(bands) is [var firstBand, ..] ? firstBand : 1) - 1);
            var grid = tiff.Grid;
            if (parsed.GetValue(projection) is { } name) grid = grid with { Projection = ProjectionOf(name) };
            if (parsed.GetValue(snap) is { } other) grid = Snapped(grid, path, other);
            var chosen = parsed.GetValue(bands) is { Length: > 0 } some ? some : Enumerable.Range(1, tiff.Image.Bands).ToArray();
            // All bands are taken as they are; without its alpha band the others keep what that says of them.
            var hasAlpha = chosen.Contains(tiff.Image.Bands) && tiff.MaskOf(0) is { IsAlpha: true };
            var rasters = chosen.Select(b => new Map(FileBand.Open(path, b - 1, ignoresAlpha: hasAlpha))).Select(r => grid == tiff.Grid ? r : r.At(grid)).ToList();
            if (parsed.GetValue(missing) is { } none) rasters = [.. rasters.Select(r => Map.Where(r.IsIn(RasterWriteOptions.Number(none, "--missing")), Map.Missing, r))];
            var write = writing.Of(parsed);
            // What stands for missing pixels stays, where the type has it.
            if (write.NoData is null && write.Type is null && tiff.NoData is { } kept && parsed.GetValue(missing) is null) write = write with { NoData = kept };
            using var interrupt = new Interrupt(static () => { });
            Map.WriteBands(parsed.GetValue(output)!, rasters, write with { ColorMap = tiff.ColorMap }, options.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }

    public static Command MakeMosaic()
    {
        var inputs = new Argument<string[]>("file") { Description = "GeoTIFF files on one grid; where they overlap the later one is seen, but for its missing pixels", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var output = Output();
        var command = new Command("mosaic", "Put tiles of one grid together as one file") { inputs, output };
        var options = new RasterOptions().To(command, hasLayers: false);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var paths = parsed.GetValue(inputs)!;
            int bands;
            using (var first = RasterFiles.Open(paths[0])) bands = first.Image.Bands;
            using var interrupt = new Interrupt(static () => { });
            Map.WriteBands(parsed.GetValue(output)!, [.. Enumerable.Range(1, bands).Select(b => Map.Open(paths, b))], writing.Of(parsed), options.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }

    /// <summary>The projection that an option names.</summary>
    public static Projection ProjectionOf(string name, string option = "--srs")
    {
        try
        {
            return Projection.Named(name);
        }
        catch (RasterException e)
        {
            throw new UsageException($"{option} {name}: {e.Message}");
        }
    }

    private static Grid Snapped(Grid grid, string path, string otherPath)
    {
        using var other = RasterFiles.Open(otherPath);
        var to = other.Grid;
        if (Math.Abs(grid.StepX - to.StepX) / Math.Abs(to.StepX) * grid.Width > 0.5 || Math.Abs(grid.StepY - to.StepY) / Math.Abs(to.StepY) * grid.Height > 0.5)
            throw new RasterException($"{path}: its pixels are of another size than those of {otherPath}; {Origin.Warp(new Origin(path, path, true), new Origin(otherPath, otherPath, true))} brings them to that size");
        return grid with
        {
            X = to.X + Math.Round((grid.X - to.X) / to.StepX) * to.StepX,
            Y = to.Y + Math.Round((grid.Y - to.Y) / to.StepY) * to.StepY,
            StepX = to.StepX,
            StepY = to.StepY,
        };
    }
}
