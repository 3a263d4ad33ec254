using System.CommandLine;
using Varve.Raster;
using Varve.Raster.Habitat;

namespace Varve.Cli;

/// <summary><c>varve aoh</c>: areas of habitat of species.</summary>
internal static class AohCommand
{
    private static readonly Option<string> Classified = new("--classified-habitat", "--classified_habitat") { Description = "A raster whose values are classes of habitat", HelpName = "FILE" };
    private static readonly Option<string> Fractional = new("--fractional-habitats", "--fractional_habitats") { Description = "A folder of rasters lcc_VALUE.tif, each the part of a pixel that is of one class", HelpName = "DIR" };
    private static readonly Option<string> Elevation = new("--elevation") { Description = "Elevation in metres", HelpName = "FILE" };
    private static readonly Option<string> ElevationMin = new("--elevation-min") { Description = "The least elevation in each pixel, for maps of coarse pixels; with --elevation-max", HelpName = "FILE" };
    private static readonly Option<string> ElevationMax = new("--elevation-max") { Description = "The most elevation in each pixel", HelpName = "FILE" };
    private static readonly Option<string[]> Weights = new("--weights") { Description = "Multiply by this: a raster, also one pixel wide, GeoJSON polygons (1 inside, 0 outside), or a number; may be repeated", HelpName = "FILE|NUMBER" };
    private static readonly Option<bool> PixelArea = new("--pixel-area") { Description = "Results in square metres, by the true area of each pixel" };
    private static readonly Option<string> Table = new("--crosswalk") { Description = "A table `code,value`: which values of the habitat map mean which habitat codes", HelpName = "FILE" };
    private static readonly Option<string[]> Species = new("--species", "--speciesdata") { Description = "GeoJSON files of one species in one season each, or folders of them", HelpName = "FILE|DIR", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<bool> Force = new("--force-habitat") { Description = "A species without habitat in its range has none, instead of all of its range" };
    private static readonly Option<string> Output = new("--output", "-o") { Description = "The folder for ID_SEASON.tif and ID_SEASON.json", HelpName = "DIR" };
    private static readonly Option<string> Coverage = new("--coverage") { Description = "Which pixels are in a range: touched (all that it touches), or centre (those whose centre it holds); else touched", HelpName = "WHICH" };
    private static readonly Option<string> Names = new("--names") { Description = "plain: ID_SEASON; iucn: aoh_TIDAASSESSMENT_SEASON; else plain", HelpName = "HOW" };
    private static readonly Option<string> Compress = new("--compress") { Description = "none, lzw, deflate or zstd; else deflate", HelpName = "HOW" };
    private static readonly Option<bool> Again = new("--again") { Description = "Also species that are finished, from the same inputs" };

    public static Command Make()
    {
        var command = new Command("aoh", "Areas of habitat of species, from ranges, habitat and elevation") { AohMapCommands.MakeRichness(), AohMapCommands.MakeEndemism(), AohMapCommands.MakeCollate() };
        foreach (var option in (Option[])[Classified, Fractional, Elevation, ElevationMin, ElevationMax, Weights, PixelArea, Table, Species, Force, Output, Coverage, Names, Compress, Again]) command.Add(option);
        var using_ = new RasterOptions().To(command, hasLayers: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var request = Request(parsed);
            using var interrupt = new Interrupt(static () => { });
            using var output = Console.OpenStandardOutput();
            request = request with { Told = outcome => Tell(outcome, common, output) };
            return Summary(AreaOfHabitat.Run(request, using_.Limits(parsed, common, interrupt.Token)), common);
        });
        return command;
    }

    private static AohRequest Request(ParseResult parsed)
    {
        var (classified, fractional) = (parsed.GetValue(Classified), parsed.GetValue(Fractional));
        if (classified is null == fractional is null) throw new UsageException("give one map of habitat: --classified-habitat FILE, or --fractional-habitats DIR");
        var (one, low, high) = (parsed.GetValue(Elevation), parsed.GetValue(ElevationMin), parsed.GetValue(ElevationMax));
        if (one is null ? low is null || high is null : low is not null || high is not null) throw new UsageException("give elevation: --elevation FILE, or both --elevation-min FILE and --elevation-max FILE");
        return new AohRequest
        {
            Species = parsed.GetValue(Species) is { Length: > 0 } species ? species : throw new UsageException("which species? --species names their GeoJSON files, or folders of them"),
            ClassifiedHabitat = classified,
            FractionalHabitats = fractional,
            ElevationMin = one ?? low!,
            ElevationMax = one ?? high!,
            Crosswalk = parsed.GetValue(Table) ?? throw new UsageException("--crosswalk is missing: the table of which values of the habitat map mean which habitat codes"),
            Weights = parsed.GetValue(Weights) ?? [],
            PixelArea = parsed.GetValue(PixelArea),
            ForceHabitat = parsed.GetValue(Force),
            Coverage = parsed.GetValue(Coverage) switch { null or "touched" => Raster.Coverage.AllTouched, "centre" => Raster.Coverage.Centre, var other => throw new UsageException($"--coverage {other}: touched or centre") },
            Output = parsed.GetValue(Output) ?? throw new UsageException("where to? --output names the folder for the results"),
            IucnNames = parsed.GetValue(Names) switch { null or "plain" => false, "iucn" => true, var other => throw new UsageException($"--names {other}: plain or iucn") },
            Write = new WriteOptions { Compression = parsed.GetValue(Compress) is { } how ? RasterWriteOptions.How(how) : Compression.Deflate },
            Again = parsed.GetValue(Again),
        };
    }

    private static void Tell(AohOutcome outcome, CommonOptions common, Stream output)
    {
        if (outcome.Status == AohStatus.Failed) Console.Error.WriteLine($"varve: {outcome.Message.ReplaceLineEndings(" ")}");
        else if (outcome.Status == AohStatus.NoMap && !common.Quiet) Console.Error.WriteLine($"varve: {outcome.Path}: no map: {outcome.Message}");
        else if (common.Verbose) Console.Error.WriteLine($"varve: {outcome.Name}: {(outcome.Status == AohStatus.Kept ? "there already" : "computed")}");
        if (!common.Json) return;
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("species", outcome.Path);
            json.WriteString("name", outcome.Name);
            json.WriteString("status", outcome.Status switch { AohStatus.Computed => "computed", AohStatus.Kept => "kept", AohStatus.NoMap => "no map", _ => "failed" });
            if (outcome.Message.Length > 0) json.WriteString("message", outcome.Message);
            if (outcome.Totals is not { } totals) return;
            foreach (var (name, value) in ((string, double)[])[("rangeTotal", totals.Range), ("habitatTotal", totals.Habitat), ("elevationTotal", totals.Elevation), ("aohTotal", totals.Aoh), ("prevalence", totals.Prevalence)])
                json.WriteNumber(name, value);
        });
    }

    private static int Summary(IReadOnlyList<AohOutcome> all, CommonOptions common)
    {
        int Of(AohStatus status) => all.Count(o => o.Status == status);
        var (kept, without, failed) = (Of(AohStatus.Kept), Of(AohStatus.NoMap), Of(AohStatus.Failed));
        if (!common.Quiet && !common.Json)
            Console.Error.WriteLine($"varve: {all.Count:#,0} species: {Of(AohStatus.Computed):#,0} computed"
                + (kept > 0 ? $", {kept:#,0} there already" : "") + (without > 0 ? $", {without:#,0} without a map" : "") + (failed > 0 ? $", {failed:#,0} failed" : ""));
        return failed > 0 ? Failure.StepFailed : 0;
    }
}
