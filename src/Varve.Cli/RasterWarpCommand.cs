using System.CommandLine;
using System.Globalization;
using Varve.Raster;
using Varve.Raster.Gdal;
using Map = Varve.Raster.Raster;

namespace Varve.Cli;

/// <summary><c>varve raster warp</c>: a raster on another grid.</summary>
internal static class RasterWarpCommand
{
    public static Command Make()
    {
        var words = new Argument<string[]>("raster") { Description = "A file, or an expression over the layers", HelpName = "RASTER", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string>("--output", "-o") { Description = "The GeoTIFF to write", HelpName = "FILE", Required = true };
        var like = new Option<string>("--like") { Description = "The grid of this file", HelpName = "FILE" };
        var snap = new Option<string>("--snap") { Description = "The projection and the pixels of this file, as far as the raster goes", HelpName = "FILE" };
        var projection = new Option<string>("--srs") { Description = "This projection: EPSG:32630, or what else PROJ knows", HelpName = "NAME" };
        var step = new Option<string>("--step") { Description = "Width of pixels, or width,height; else what keeps about as many", HelpName = "SIZE" };
        var extent = new Option<string>("--extent") { Description = "From where to where, in the projection of the result", HelpName = "LEFT,BOTTOM,RIGHT,TOP" };
        var method = new Option<string>("--method", "-r") { Description = "near, bilinear, cubic, cubicspline, lanczos, average, rms, mode, min, max, med, q1, q3 or sum, as GDAL has them; else near", HelpName = "HOW" };
        var command = new Command("warp", "Lay a raster on another grid: other pixels, another projection") { words, output, like, snap, projection, step, extent, method };
        var options = new RasterOptions().To(command);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var how = Methods.TryGetValue(parsed.GetValue(method) ?? "near", out var known) ? known : throw new UsageException($"-r {parsed.GetValue(method)}: the methods are {string.Join(", ", Methods.Keys)}");
            var given = parsed.GetValue(words) ?? [];
            var write = writing.Of(parsed);
            var warped = given is [var path] && IsTurned(path) ? Turned(path, how, parsed.GetValue(like)) : Straight(options.Rasters(parsed, given), how, parsed.GetValue(like), parsed.GetValue(snap), parsed.GetValue(projection), parsed.GetValue(step), parsed.GetValue(extent));
            // What is between values is rounded, not cut off, where integers are asked for.
            if (write.Type is not (null or PixelType.Float32 or PixelType.Float64)) warped = warped.Round();
            using var interrupt = new Interrupt(static () => { });
            warped.Write(parsed.GetValue(output)!, write, options.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }

    private static readonly Dictionary<string, Resampling> Methods = new(StringComparer.OrdinalIgnoreCase)
    {
        ["near"] = Resampling.Near,
        ["bilinear"] = Resampling.Bilinear,
        ["cubic"] = Resampling.Cubic,
        ["cubicspline"] = Resampling.CubicSpline,
        ["lanczos"] = Resampling.Lanczos,
        ["average"] = Resampling.Average,
        ["rms"] = Resampling.Rms,
        ["mode"] = Resampling.Mode,
        ["min"] = Resampling.Min,
        ["max"] = Resampling.Max,
        ["med"] = Resampling.Median,
        ["q1"] = Resampling.FirstQuartile,
        ["q3"] = Resampling.ThirdQuartile,
        ["sum"] = Resampling.Sum,
    };

    private static bool IsTurned(string path)
    {
        if (!File.Exists(path)) return false;
        using var file = RasterFiles.Open(path);
        return file.Turned is not null;
    }

    private static Map Turned(string path, Resampling how, string? like) => Map.OpenTurned(path, like is null ? null : GridOf(like), how);

    private static Map Straight(List<Map> rasters, Resampling how, string? like, string? snap, string? projection, string? step, string? extent)
    {
        if (rasters is not [var raster]) throw new UsageException("one raster is warped at a time");
        if (like is not null && (snap ?? projection ?? step ?? extent) is not null) throw new UsageException("--like says all of the grid; --snap, --srs, --step and --extent say parts of it");
        if (like is not null) return raster.To(GridOf(like), how);
        if (snap is not null && (projection ?? step) is not null) throw new UsageException("--snap says the projection and the pixels; --srs and --step do so too");
        if ((snap ?? projection ?? step ?? extent) is null) throw new UsageException("say on which grid: --like FILE, or --snap FILE, or --srs, --step and --extent");
        if (snap is not null)
        {
            var named = GridOf(snap);
            var wanted = extent is null ? raster.GridIn(named.Projection) : named;
            return raster.To(On(named, extent is null ? Corners(wanted) : Numbers(extent, 4, "--extent")), how);
        }
        var grid = projection is null ? raster.Grid : raster.GridIn(RasterFileCommands.ProjectionOf(projection));
        if (step is not null)
        {
            var sizes = Numbers(step, 0, "--step");
            if (sizes.Length is not (1 or 2) || !sizes.All(static s => s > 0)) throw new UsageException($"--step {step}: give a size above 0, or two: WIDTH,HEIGHT");
            grid = Map.Stepped(grid, sizes[0], sizes[^1]);
        }
        if (extent is null) return raster.To(grid, how);
        var numbers = Numbers(extent, 4, "--extent");
        return raster.To(Map.Stepped(grid with { X = numbers[0], Y = grid.StepY < 0 ? numbers[3] : numbers[1], Width = 1, Height = 1, StepX = numbers[2] - numbers[0], StepY = Math.CopySign(numbers[3] - numbers[1], grid.StepY) }, grid.StepX, Math.Abs(grid.StepY)), how);
    }

    private static double[] Corners(Grid grid)
    {
        double[] x = [grid.X, grid.X + grid.Width * grid.StepX];
        double[] y = [grid.Y, grid.Y + grid.Height * grid.StepY];
        return [x.Min(), y.Min(), x.Max(), y.Max()];
    }

    /// <summary>The pixels of a grid that touch a rectangle.</summary>
    private static Grid On(Grid grid, double[] corners)
    {
        const double Hair = Grid.Tolerance;
        double[] rows = [(corners[1] - grid.Y) / grid.StepY, (corners[3] - grid.Y) / grid.StepY];
        var (left, right, top, bottom) = (Math.Floor((corners[0] - grid.X) / grid.StepX + Hair), Math.Ceiling((corners[2] - grid.X) / grid.StepX - Hair), Math.Floor(rows.Min() + Hair), Math.Ceiling(rows.Max() - Hair));
        return grid with { X = grid.X + left * grid.StepX, Y = grid.Y + top * grid.StepY, Width = (long)Math.Max(1, right - left), Height = (long)Math.Max(1, bottom - top) };
    }

    private static Grid GridOf(string path)
    {
        using var file = RasterFiles.Open(path);
        return file.WhyNoGrid.Length == 0 ? file.Grid : throw new RasterException($"{path}: {file.WhyNoGrid}");
    }

    private static double[] Numbers(string text, int count, string option)
    {
        var words = text.Split(',', ' ');
        var numbers = words.Select(w => double.TryParse(w, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : throw new UsageException($"{option} {text}: '{w}' is no number")).ToArray();
        if (count > 0 && numbers.Length != count) throw new UsageException($"{option} {text}: give {count} numbers");
        if (count == 4 && !(numbers[0] < numbers[2] && numbers[1] < numbers[3])) throw new UsageException($"{option} {text}: left is less than right, and bottom less than top");
        return numbers;
    }
}
