using System.CommandLine;
using Varve.Export;
using Varve.Lineage;
using Varve.Linux;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve export</c>: the pipeline that made a file, written after the fact.</summary>
internal static class ExportCommand
{
    public static Command Make()
    {
        var forms = Exports.Forms.Keys.ToArray();
        var path = new Argument<string>("path") { Description = "A file that steps made", HelpName = "PATH" };
        var form = new Option<string>("--as") { Description = string.Join(", ", forms), HelpName = "FORM", Required = true };
        form.AcceptOnlyFromAmong(forms);
        var output = new Option<string>("-o", "--output") { Description = "Where to write it; else to standard output", HelpName = "FILE|FOLDER" };
        var command = new Command("export", "The pipeline that made a file, written after the fact: as a document, a script, a workflow, a graph or provenance") { path, form, output };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetRequiredValue(path), parsed.GetRequiredValue(form), parsed.GetValue(output)));
        return command;
    }

    private static int Run(CommonOptions common, string path, string form, string? output)
    {
        var file = CommonOptions.Absolute(path);
        var settings = Settings.Load(Settings.WorkspaceOf(Files.Parent(file)));
        using var rooms = Rooms.Open(settings);
        var exports = new Exports(rooms.Lineage, rooms.Store, settings, new SnapshotInputs(rooms.Digests, HowCommand.Say(common)));
        var source = exports.Source(file);
        // On standard error, so that a script or a picture stays one.
        foreach (var mark in source.Taints) Console.Error.WriteLine(Words.Line($"varve: TAINTED: made from {mark}"));
        var usual = Exports.Forms[form];
        if (output is null)
        {
            if (form == "snakemake") throw new UsageException("a Snakefile comes with a file of its steps: give a folder for both, such as -o pipeline/");
            using var stream = Console.OpenStandardOutput();
            stream.Write(exports.Write(source, form, usual, standsAlone: true)[0].Bytes);
            return 0;
        }
        var target = ExportTarget.Of(output, CommonOptions.Absolute(output), usual);
        foreach (var written in target.Write(exports.Write(source, form, target.Name, standsAlone: false)))
        {
            if (common.Json) TraceJson.WriteLine(Console.OpenStandardOutput(), json => json.WriteString("path", TraceJson.Safe(written)));
            else if (!common.Quiet) Console.Out.WriteLine(Words.Line(written));
        }
        return 0;
    }
}
