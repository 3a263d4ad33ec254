using System.CommandLine;
using Varve.Raster;

namespace Varve.Cli;

/// <summary><c>varve raster calc</c>: expressions, computed into files.</summary>
internal static class RasterCalcCommand
{
    public static Command Make()
    {
        var words = new Argument<string[]>("expression") { Description = "What to compute: 'where(isin(h, [14, 16]) & (e < 1200), 1, 0)'", HelpName = "EXPR", Arity = ArgumentArity.ZeroOrMore };
        var outputs = new Option<string[]>("--output", "-o") { Description = "The GeoTIFF to write; one for all expressions, as its bands, or one for each", HelpName = "FILE", Required = true };
        var names = new Option<string[]>("--band") { Description = "The name of a band, in their order", HelpName = "NAME" };
        var command = new Command("calc", "Compute expressions over layers, and write them to files") { words, outputs, names };
        var options = new RasterOptions().To(command);
        var writing = new RasterWriteOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var paths = parsed.GetValue(outputs)!;
            var write = writing.Of(parsed) with { BandNames = parsed.GetValue(names) ?? [] };
            var rasters = options.Rasters(parsed, parsed.GetValue(words) ?? []);
            if (paths.Length != 1 && paths.Length != rasters.Count) throw new UsageException($"there are {rasters.Count} expressions and {paths.Length} files; give one file, or one for each");
            using var interrupt = new Interrupt(static () => { });
            var all = paths.Length == 1 ? [new Output(paths[0], rasters, write)] : rasters.Zip(paths, (r, p) => new Output(p, [r], write)).ToList();
            Raster.Raster.Write(all, options.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }
}
