using System.CommandLine;
using Varve.Lineage;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve show</c>: everything known of one execution.</summary>
internal static class ShowCommand
{
    public static Command Make()
    {
        var name = new Argument<string>("what") { Description = "A step, an execution, or a file that a step wrote", HelpName = "STEP|EXECUTION|PATH" };
        var command = new Command("show", "Everything known of a step's newest execution, or of one execution") { name };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetRequiredValue(name)));
        return command;
    }

    private static int Run(CommonOptions common, string name)
    {
        using var rooms = Rooms.Open(new Settings());
        var history = new History(rooms.Lineage);
        var trace = history.Find(name, CommonOptions.Absolute(name));
        var uses = history.Uses(trace.Execution);
        var taints = new Taints(rooms.Lineage);
        IReadOnlyList<Taint> marks = [.. taints.OfExecution(trace.Execution).Concat((trace.OutputFile is { } left ? trace.Changes.Append(left) : trace.Changes).SelectMany(c => taints.OfFile(c.Digest, ""))).Distinct()];
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                TraceJson.Body(json, trace, uses > 0, outcome: null);
                TaintCommand.Json(json, marks);
            });
            return 0;
        }
        foreach (var mark in marks) Console.Out.WriteLine(Words.Line($"{"TAINTED",-12} {mark}"));
        Print(Console.Out, trace, uses, common.Verbose);
        if (trace.Transcript != default && !common.Quiet)
        {
            Console.Out.WriteLine("said");
            foreach (var line in Transcript.Tail(rooms.Store, trace.Transcript, common.Verbose ? int.MaxValue : 10)) Console.Out.WriteLine($"  {line}");
        }
        return 0;
    }

    /// <summary>The workspace's files in full; the host's are counted unless more is asked for.</summary>
    internal static void Print(TextWriter output, Trace trace, long uses, bool verbose)
    {
        void Line(string name, string text) => output.WriteLine(Words.Line($"{name,-12} {text}"));
        Line("step", trace.Step.ToString());
        Line("execution", trace.Execution);
        Line("command", ShellText.Join(trace.Key.Command));
        Line("in", trace.Key.Directory + (trace.Key.Workspace == trace.Key.Directory ? "" : $" (workspace {trace.Key.Workspace})"));
        Line("environment", trace.Key.Environment);
        if (trace.Key.Options.Count > 0) Line("options", string.Join(", ", trace.Key.Options));
        if (trace.Origin is { } origin) Line("block", $"{origin.Block}{(origin.Element.Length > 0 ? $" {origin.Element}" : "")} of {origin.Document}");
        Line("started", $"{Words.When(trace.StartedAt)} UTC, took {Words.Time(trace.Elapsed)}, {Words.Time(trace.Processor)} of processor, at most {Words.Size(trace.PeakBytes)} of memory");
        Line("exit status", $"{trace.ExitCode}");
        Line("reuse", trace.Reusable ? uses == 0 ? "not yet reused" : uses == 1 ? "reused once" : $"reused {uses} times" : $"never: {trace.NotReusable}");
        if (trace.Input.Kind != "none") Line("input", trace.Input.Kind == "terminal" ? "the terminal" : $"{trace.Input.Digest} {Words.Size(trace.Input.Bytes)}");
        if (verbose)
        {
            output.WriteLine("variables");
            foreach (var (name, value) in trace.Key.Variables) output.WriteLine(Words.Line($"  {name}={value}"));
        }

        foreach (var (kind, title) in ((ObservationKind, string)[])[
            (ObservationKind.Fetched, "fetched"), (ObservationKind.Content, "read"), (ObservationKind.Status, "looked at"), (ObservationKind.Exists, "saw to be there"), (ObservationKind.Absent, "looked for and not found"),
            (ObservationKind.Listing, "listed"), (ObservationKind.Link, "followed"), (ObservationKind.Denied, "was denied")])
            Observed(output, trace, kind, title, verbose);

        Changed(output, trace);
        if (trace.OutputFile is { } file) output.WriteLine(Words.Line($"standard output went to\n  {file.Path}  {file.Digest}  {Words.Size(file.Bytes)}"));
        List(output, "ran programs", trace.Programs);
        if (trace.Parts.Reused > 0 || trace.Parts.Kept > 0) Line("inside", $"{StepSummary.Inside(trace)}; {trace.Parts.Kept} ran and can be reused in another run");
        List(output, "taken as part of the whole", trace.Parts.Whole);
        List(output, "effects", trace.Effects.Select(static e => $"{e.Kind}: {e.Detail}"));
    }

    private static void Observed(TextWriter output, Trace trace, ObservationKind kind, string title, bool verbose)
    {
        var all = trace.Observations.Where(o => o.Kind == kind).ToList();
        if (all.Count == 0) return;
        var shown = verbose ? all : all.Where(o => kind == ObservationKind.Fetched || View.IsWithin(o.Path, trace.Key.Workspace)).ToList();
        output.WriteLine(title);
        foreach (var item in shown)
        {
            var rest = kind == ObservationKind.Link ? $" -> {item.Detail}" : item.Digest != default ? $"  {item.Digest}" : StatusText.Snapshot(item.Detail) is { Length: > 0 } snapshot ? $"  not digested: {Words.Size(StatusText.Size(item.Detail))} in snapshot {snapshot}" : item.Detail.Length > 0 ? $"  {item.Detail}" : "";
            output.WriteLine(Words.Line($"  {(kind == ObservationKind.Fetched ? FetchKey.Of(item).Words() : item.Path)}{rest}"));
        }
        if (shown.Count < all.Count) output.WriteLine($"  {(shown.Count > 0 ? "and " : "")}{all.Count - shown.Count:#,0} outside the workspace (--verbose lists them)");
    }

    private static void Changed(TextWriter output, Trace trace)
    {
        List(output, "wrote", trace.Changes.Where(static c => c.Kind != ChangeKind.Deleted).Select(static c => c.Kind switch
        {
            ChangeKind.File when c.SameFileAs.Length > 0 => $"{c.Path}  the same file as {c.SameFileAs}",
            ChangeKind.File => $"{c.Path}  {c.Digest}  {Words.Size(c.Bytes)}{((c.Permissions & 0b001_001_001) != 0 ? ", executable" : "")}",
            ChangeKind.Directory => $"{c.Path}/",
            ChangeKind.Link => $"{c.Path} -> {c.Target}",
            _ => $"{c.Path}  a FIFO",
        }));
        List(output, "deleted", trace.Changes.Where(static c => c.Kind == ChangeKind.Deleted).Select(static c => c.Path));
        List(output, "renamed", trace.Renames.Select(static r => $"{r.From} to {r.To}"));
    }

    private static void List(TextWriter output, string title, IEnumerable<string> lines)
    {
        var first = true;
        foreach (var line in lines)
        {
            if (first) output.WriteLine(title);
            first = false;
            output.WriteLine(Words.Line($"  {line}"));
        }
    }
}
