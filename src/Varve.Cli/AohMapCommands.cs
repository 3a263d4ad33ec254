using System.CommandLine;
using Varve.Raster.Habitat;

namespace Varve.Cli;

/// <summary>The commands of <c>varve aoh</c> around the maps of species: what goes in, and what many of them come to.</summary>
internal static class AohMapCommands
{
    private static Option<string> Folder() => new("--aohs-folder", "--aohs_folder", "--aoh_results") { Description = "The folder of the species' maps", HelpName = "DIR", Required = true };

    private static Option<string> Output(string what) => new("--output", "-o") { Description = what, HelpName = "FILE", Required = true };

    public static Command MakeProcess()
    {
        var habitat = new Option<string>("--habitat") { Description = "A raster whose values are classes of habitat", HelpName = "FILE", Required = true };
        var scale = new Option<double?>("--scale") { Description = "The size of the new pixels, in units of the projection; else they stay as they are", HelpName = "SIZE" };
        var projection = new Option<string>("--projection") { Description = "Another projection for the new pixels: EPSG:32612, ESRI:54017; else the map's own", HelpName = "NAME" };
        var output = new Option<string>("--output", "-o") { Description = "The folder for lcc_VALUE.tif", HelpName = "DIR", Required = true };
        var command = new Command("habitat-process", "A classified map as the part of each pixel that each class takes, in pixels of any size") { habitat, scale, projection, output };
        var limits = new RasterOptions().To(command, hasLayers: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var interrupt = new Interrupt(static () => { });
            var other = parsed.GetValue(projection) is { } name ? RasterFileCommands.ProjectionOf(name, "--projection") : null;
            var classes = FractionalHabitats.Write(parsed.GetValue(habitat)!, parsed.GetValue(scale), parsed.GetValue(output)!, null, limits.Limits(parsed, common, interrupt.Token), other);
            if (!common.Quiet) Console.Error.WriteLine($"varve: {(classes.Count == 1 ? "1 class" : $"{classes.Count:#,0} classes")}");
            return 0;
        });
        return command;
    }

    public static Command MakeRichness()
    {
        var (folder, output) = (Folder(), Output("The GeoTIFF to write"));
        var command = new Command("species-richness", "How many species have habitat in each pixel") { folder, output };
        var limits = new RasterOptions().To(command, hasLayers: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var interrupt = new Interrupt(static () => { });
            SpeciesMaps.Richness(parsed.GetValue(folder)!, parsed.GetValue(output)!, null, limits.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }

    public static Command MakeEndemism()
    {
        var (folder, output) = (Folder(), Output("The GeoTIFF to write"));
        var richness = new Option<string>("--species-richness", "--species_richness") { Description = "What species-richness wrote of the same folder; else it is computed", HelpName = "FILE" };
        var command = new Command("endemism", "How much each pixel matters to its species: the geometric mean of the parts of their habitat that lie there") { folder, richness, output };
        var limits = new RasterOptions().To(command, hasLayers: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var interrupt = new Interrupt(static () => { });
            SpeciesMaps.Endemism(parsed.GetValue(folder)!, parsed.GetValue(richness), parsed.GetValue(output)!, null, limits.Limits(parsed, common, interrupt.Token));
            return 0;
        });
        return command;
    }

    public static Command MakeCollate()
    {
        var (folder, output) = (Folder(), Output("The CSV to write"));
        var command = new Command("collate", "The manifests of a folder as one table") { folder, output };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var count = Collation.Write(parsed.GetValue(folder)!, parsed.GetValue(output)!);
            if (!common.Quiet) Console.Error.WriteLine($"varve: {Words.Count(count, "manifest")}");
            return 0;
        });
        return command;
    }
}
