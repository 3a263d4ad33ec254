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
        var bands = new Option<int[]>("--band", "-b") { Description = "Of a file, take this band, in the order given; else all", HelpName = "N" };
        var method = new Option<string>("--method", "-r") { Description = "near, bilinear, cubic, cubicspline, lanczos, average, rms, mode, min, max, med, q1, q3 or sum, as GDAL has them; else near", HelpName = "HOW" };
        var command = new Command("warp", "Lay a raster on another grid: other pixels, another projection; or straight, when its rows are turned") { words, output, like, snap, projection, step, extent, bands, method };
        var options = new RasterOptions().To(command);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var how = Methods.TryGetValue(parsed.GetValue(method) ?? "near", out var known) ? known : throw new UsageException($"-r {parsed.GetValue(method)}: the methods are {string.Join(", ", Methods.Keys)}");
            var (given, write, chosen) = (parsed.GetValue(words) ?? [], writing.Of(parsed), parsed.GetValue(bands) ?? []);
            var target = new Target(parsed.GetValue(like), parsed.GetValue(snap), parsed.GetValue(projection), parsed.GetValue(step), parsed.GetValue(extent));
            List<Map> warped;
            if (given is [var path] && options.IsFile(parsed, path))
            {
                warped = OfFile(path, chosen, target, how, options.Within(parsed), ref write);
            }
            else
            {
                if (chosen.Length > 0) throw new UsageException("-b is for a file; in an expression NAME[2] is the second band");
                if (options.Rasters(parsed, given) is not [var raster]) throw new UsageException("one raster is warped at a time");
                warped = [raster.To(target.Grid(raster.GridIn, raster.Grid), how)];
            }
            // What is between values is rounded, not cut off, where integers are asked for.
            if (write.Type is not (null or PixelType.Float32 or PixelType.Float64)) warped = warped.ConvertAll(static w => w.Round());
            using var interrupt = new Interrupt(static () => { });
            Map.WriteBands(parsed.GetValue(output)!, warped, write, options.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }

    /// <summary>Bands of a file on the grid, also of one whose rows are turned; polygons are held against its own pixels, or, where those are turned, against the new ones.</summary>
    private static List<Map> OfFile(string path, int[] bands, Target target, Resampling how, Map? mask, ref WriteOptions write)
    {
        using var file = RasterFiles.Open(path);
        var isTurned = file.Turned is not null;
        var chosen = bands.Length > 0 ? bands : [.. Enumerable.Range(1, file.Image.Bands)];
        var grid = target.Grid((projection, size) => Map.GridFor(path, projection, size), isTurned || file.WhyNoGrid.Length > 0 ? Map.GridFor(path) : file.Grid, isTurned);
        Map On(int band) => isTurned ? Map.OpenTurned(path, grid, how, band) is var straight && mask is not null ? straight.Within(mask) : straight
            : (Map.Open(path, band) is var own && mask is not null ? own.Within(mask) : own).To(grid, how);
        var warped = chosen.Select(On).ToList();
        // Codes keep their colours.
        if (how is Resampling.Near or Resampling.Mode && write.Type is null && warped.TrueForAll(w => w.Type == file.Image.Type)) write = write with { ColorMap = file.ColorMap };
        return warped;
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

    /// <summary>On which grid: what the options say of it.</summary>
    private sealed record Target(string? Like, string? Snap, string? Projection, string? Step, string? Extent)
    {
        /// <param name="inOther">The grid that suits the raster in another projection.</param>
        /// <param name="own">The raster's own, or the one on which it is laid straight.</param>
        /// <param name="isEnough">Whether that one is an answer.</param>
        public Raster.Grid Grid(Func<Projection, double?, Raster.Grid> inOther, Raster.Grid own, bool isEnough = false)
        {
            if (Like is not null && (Snap ?? Projection ?? Step ?? Extent) is not null) throw new UsageException("--like says all of the grid; --snap, --srs, --step and --extent say parts of it");
            if (Like is not null) return GridOf(Like);
            if (Snap is not null && (Projection ?? Step) is not null) throw new UsageException("--snap says the projection and the pixels; --srs and --step do so too");
            if (!isEnough && (Snap ?? Projection ?? Step ?? Extent) is null) throw new UsageException("say on which grid: --like FILE, or --snap FILE, or --srs, --step and --extent");
            if (Snap is not null)
            {
                var named = GridOf(Snap);
                return On(named, Extent is null ? Corners(inOther(named.Projection, null)) : Numbers(Extent, 4, "--extent"));
            }
            var grid = Projection is null ? own : inOther(RasterFileCommands.ProjectionOf(Projection), null);
            if (Step is not null)
            {
                var sizes = Numbers(Step, 0, "--step");
                if (sizes.Length is not (1 or 2) || !sizes.All(static s => s > 0)) throw new UsageException($"--step {Step}: give a size above 0, or two: WIDTH,HEIGHT");
                grid = Map.Stepped(grid, sizes[0], sizes[^1]);
            }
            if (Extent is null) return grid;
            var numbers = Numbers(Extent, 4, "--extent");
            return Map.Stepped(grid with { X = numbers[0], Y = grid.StepY < 0 ? numbers[3] : numbers[1], Width = 1, Height = 1, StepX = numbers[2] - numbers[0], StepY = Math.CopySign(numbers[3] - numbers[1], grid.StepY) }, grid.StepX, Math.Abs(grid.StepY));
        }
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
