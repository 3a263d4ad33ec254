using System.CommandLine;
using System.Text;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary><c>varve try</c>: what would a command change? Then it is kept, or not.</summary>
internal static class TryCommand
{
    private const long LargestText = 1 << 20;
    private const int MostLines = 200, MostFiles = 200;

    public static Command Make()
    {
        var options = new StepOptionSet();
        var keep = new Option<bool>("--keep") { Description = "Keep the changes without asking" };
        var drop = new Option<bool>("--drop") { Description = "Only show them" };
        var words = new Argument<string[]>("command") { Description = "The program and its arguments", HelpName = "CMD ARG...", Arity = ArgumentArity.OneOrMore };
        var command = new Command("try", "Run a command, show what it would change in the workspace, then keep that or drop it") { words, keep, drop };
        options.AddTo(command);
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), options.Of(parsed), parsed.GetRequiredValue(words), parsed.GetValue(keep), parsed.GetValue(drop)));
        return command;
    }

    private static int Run(CommonOptions common, StepOptions options, string[] words, bool keep, bool drop)
    {
        if (keep && drop) throw new UsageException("say --keep or --drop, not both");
        if (Files.Look(View.InsideMarker).Exists) throw new UsageException("this runs inside a step, which keeps or drops all it does at its end; use `varve exec`");
        var folder = CommonOptions.CurrentFolder;
        var workspace = Settings.WorkspaceOf(folder);
        var settings = Settings.Load(workspace);
        using var rooms = Rooms.Open(settings);
        var outcome = rooms.Steps.Run(options.ForCommand(words, folder, workspace, settings) with { Defer = true }, CancellationToken.None);
        foreach (var warning in outcome.Warnings) Console.Error.WriteLine(Words.Line($"varve: warning: {warning}"));
        var changes = outcome.Trace.Changes.Where(c => !IsThere(c, rooms)).ToList();
        if (common.Json)
        {
            using var error = Console.OpenStandardError();
            TraceJson.Write(error, outcome);
        }
        else
        {
            foreach (var change in changes.Take(MostFiles)) Show(change, workspace, rooms);
            if (changes.Count > MostFiles) Console.Error.WriteLine($"and {changes.Count - MostFiles:#,0} more");
            if (outcome.Trace.ExitCode != 0) Console.Error.WriteLine($"varve: the command failed with exit status {outcome.Trace.ExitCode}");
        }
        if (changes.Count == 0)
        {
            if (!common.Quiet) Console.Error.WriteLine("varve: it would change nothing");
            return outcome.Trace.ExitCode;
        }
        if (!keep && !drop && Processes.isatty(0) == 1 && Processes.isatty(2) == 1) keep = Ask(changes.Count);
        if (keep) rooms.Steps.PutInPlace(outcome);
        if (!common.Quiet) Console.Error.WriteLine(keep ? $"varve: kept {Words.Count(changes.Count, "change")}; `varve undo` takes them back"
            : $"varve: dropped; the same command with `varve exec`, or `varve try --keep`, puts {(outcome.Trace.Reusable ? "the result in place without running again" : "it in place")}");
        return outcome.Trace.ExitCode;
    }

    private static bool Ask(int count)
    {
        Console.Error.Write($"varve: keep {Words.Count(count, "change")}? [y/N] ");
        return Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static bool IsThere(Change change, Rooms rooms) => TimeTravel.StateOf(change.Path, Files.Look(change.Path), rooms.Digests) == TimeTravel.Left(change);

    private static void Show(Change change, string workspace, Rooms rooms)
    {
        var before = Files.Look(change.Path);
        var name = ShellText.Relative(change.Path, workspace);
        var size = change.Kind == ChangeKind.File ? before.Kind == FileKind.File ? $", {Words.Size(before.Size)} to {Words.Size(change.Bytes)}" : $", {Words.Size(change.Bytes)}" : "";
        var verb = change.Kind == ChangeKind.Deleted ? "deleted" : before.Exists ? "changed" : "created";
        var kind = change.Kind switch
        {
            ChangeKind.Directory => " (folder)",
            ChangeKind.Link => $" (link to {change.Target})",
            ChangeKind.Fifo => " (FIFO)",
            _ => "",
        };
        Console.Error.WriteLine(Words.Line($"{verb} {name}{kind}{size}"));
        if (change.Kind != ChangeKind.File || before.Kind != FileKind.File || Math.Max(before.Size, change.Bytes) > LargestText) return;
        if (Text(File.ReadAllBytes(change.Path)) is not { } old || Text(rooms.Store.ReadAll(change.Digest)) is not { } now) return;
        if (TextDifference.Between(old, now) is not { } lines) return;
        foreach (var line in lines.Take(MostLines)) Console.Error.WriteLine("  " + Words.Line(line));
        if (lines.Count > MostLines) Console.Error.WriteLine($"  and {lines.Count - MostLines:#,0} more lines");
    }

    private static string? Text(byte[] bytes) => bytes.AsSpan().Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(bytes) ? null : Encoding.UTF8.GetString(bytes);
}
