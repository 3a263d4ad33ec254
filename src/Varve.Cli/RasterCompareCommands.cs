using System.CommandLine;
using Varve.Raster.Grids;

namespace Varve.Cli;

/// <summary><c>varve raster diff</c> and <c>varve raster zonal</c>: a raster held against another.</summary>
internal static class RasterCompareCommands
{
    public static Command MakeDiff()
    {
        var words = new Argument<string[]>("raster") { Description = "Two files, or expressions over the layers", HelpName = "RASTER", Arity = new ArgumentArity(2, 2) };
        var command = new Command("diff", "Where and how much two rasters differ; exit status 1 when they do") { words };
        var options = new RasterOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var rasters = options.Rasters(parsed, parsed.GetValue(words)!);
            using var interrupt = new Interrupt(static () => { });
            var found = rasters[0].Difference(rasters[1], options.Limits(parsed, common, interrupt.Token));
            if (common.Json) Json(found);
            else Print(found);
            return found.Count == 0 ? 0 : Failure.Different;
        });
        return command;
    }

    private static void Print(Raster.Difference found)
    {
        if (found.Count == 0)
        {
            Console.Out.WriteLine($"the same, {found.Pixels:#,0} pixels");
            return;
        }
        Console.Out.WriteLine($"{found.Count:#,0} of {found.Pixels:#,0} pixels differ ({100.0 * found.Count / found.Pixels:0.###} %), {found.Missing:#,0} of them missing in one");
        Console.Out.WriteLine($"largest difference {PixelTypes.Text(found.Largest)}, mean over all {PixelTypes.Text(found.Mean)}");
        if (found.First is var (x, y)) Console.Out.WriteLine($"first at column {x}, row {y}");
        if (found.Extent is var (column, row, width, height)) Console.Out.WriteLine($"all within {width} x {height} pixels from column {column}, row {row}");
    }

    private static void Json(Raster.Difference found)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteNumber("pixels", found.Pixels);
            json.WriteNumber("different", found.Count);
            json.WriteNumber("missingInOne", found.Missing);
            if (double.IsFinite(found.Largest)) json.WriteNumber("largest", found.Largest);
            if (double.IsFinite(found.Mean)) json.WriteNumber("mean", found.Mean);
            if (found.First is var (x, y))
            {
                json.WriteNumber("column", x);
                json.WriteNumber("row", y);
            }
        });
    }

    public static Command MakeZonal()
    {
        var words = new Argument<string[]>("raster") { Description = "The values, then the zones: files, or expressions over the layers", HelpName = "RASTER", Arity = new ArgumentArity(2, 2) };
        var command = new Command("zonal", "The statistics of a raster for each zone that another names by its integers; CSV") { words };
        var options = new RasterOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var rasters = options.Rasters(parsed, parsed.GetValue(words)!);
            using var interrupt = new Interrupt(static () => { });
            var zones = rasters[0].Zonal(rasters[1], options.Limits(parsed, common, interrupt.Token));
            if (common.Json)
            {
                using var output = Console.OpenStandardOutput();
                foreach (var (zone, one) in zones)
                    TraceJson.WriteLine(output, json =>
                    {
                        json.WriteNumber("zone", zone);
                        RasterNumberCommands.Body(json, one);
                    });
                return 0;
            }
            Console.Out.WriteLine("zone,count,missing,sum,min,max,mean,deviation");
            foreach (var (zone, one) in zones)
                Console.Out.WriteLine($"{zone},{one.Count},{one.Missing},{RasterNumberCommands.Sum(one)},{PixelTypes.Text(one.Min)},{PixelTypes.Text(one.Max)},{PixelTypes.Text(one.Mean)},{PixelTypes.Text(one.Deviation)}");
            return 0;
        });
        return command;
    }
}
