using System.Text;
using Varve.Cli;
using Varve.Lineage;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

/// <summary>What the command line prints, held by the files in Snapshots.</summary>
public sealed class PrintedTests
{
    private static string Text(Action<TextWriter> print)
    {
        using var writer = new StringWriter();
        print(writer);
        return writer.ToString();
    }

    private static string Bytes(Action<Stream> print)
    {
        using var stream = new MemoryStream();
        print(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public void Summary_of_a_step() => Snapshot.Matches(string.Join('\n',
        StepSummary.Line(Samples.Outcome(Samples.Full)),
        StepSummary.Line(Samples.Outcome(Samples.Plain)),
        StepSummary.Line(Samples.Outcome(Samples.Full, reused: true))) + "\n");

    [Fact]
    public void Show() => Snapshot.Matches(Text(w => ShowCommand.Print(w, Samples.Full, uses: 2, verbose: false)));

    [Fact]
    public void Show_verbose() => Snapshot.Matches(Text(w => ShowCommand.Print(w, Samples.Full with { ExitCode = 3, NotReusable = "it failed with exit status 3" }, uses: 0, verbose: true)));

    [Fact]
    public void Show_json() => Snapshot.Matches(Bytes(s => TraceJson.Write(s, Samples.Full, reused: true)), "json");

    [Fact]
    public void Exec_json() => Snapshot.Matches(Bytes(s => TraceJson.Write(s, Samples.Outcome(Samples.Plain))), "json");

    [Fact]
    public void Log()
    {
        LogEntry Entry(int exit, string notReusable, long uses, Origin? origin, params string[] command) =>
            new(Samples.Plain.Execution, Samples.Named(command[0]), Samples.Plain.StartedAt, TimeSpan.FromSeconds(75), exit, notReusable, origin, command, "/work/zion", uses);
        LogEntry[] entries =
        [
            Entry(0, "", 0, null, "make", "-j4"),
            Entry(2, "it failed with exit status 2", 0, null, "make", "all"),
            Entry(0, "it may have read the terminal", 0, null, "vi", "a\nb"),
            Entry(0, "", 12, new Origin("/work/zion/pipeline.md", "aoh", "syn01"), "sh", "-c", "long"),
            Entry(0, "", 0, null, "echo", new string('x', 200)),
        ];
        Snapshot.Matches(Text(w => LogCommand.Print(w, entries, verbose: false)) + "---\n" + Text(w => LogCommand.Print(w, entries, verbose: true)));
    }

    [Fact]
    public void Diff_of_executions()
    {
        var other = Samples.Full with
        {
            Key = Samples.Key("sort", "-n") with { Options = [], Variables = [new("LANG", "C.UTF-8"), new("GDAL_DATA", "/opt/gdal")] },
            Observations = [.. Samples.Full.Observations.Skip(3).Select(o => o.Path.EndsWith("a.csv", StringComparison.Ordinal) ? o with { Digest = Samples.Named("changed") } : o)],
            Changes = [Samples.File("/work/zion/out/sorted.csv", "sorted otherwise")],
            ExitCode = 1,
        };
        var store = new BlobStore(new VarveHome("/nowhere"));
        Snapshot.Matches(Text(w => DifferenceText.Print(w, Comparison.Between(Samples.Full, other), store)));
    }

    [Fact]
    public void An_execution_does_not_differ_from_itself() => Assert.Empty(Comparison.Between(Samples.Full, Samples.Full));

    [Fact]
    public void Run_without_a_terminal()
    {
        var text = Text(output =>
        {
            var view = new PlainView(output, verbose: false, between: TimeSpan.FromHours(1));
            var board = new RunBoard(2) { OnEnded = view.Tell };
            Play(board);
            output.WriteLine((board.Snapshot() with { Elapsed = TimeSpan.FromSeconds(3.5) }).Summary());
        });
        Snapshot.Matches(text);
    }

    [Fact]
    public void Run_without_a_terminal_verbose() => Snapshot.Matches(Text(output => Play(new RunBoard(2) { OnEnded = new PlainView(output, verbose: true, TimeSpan.FromHours(1)).Tell })));

    [Fact]
    public void Run_json() => Snapshot.Matches(Bytes(output => Play(new RunBoard(2) { OnEnded = told => PlainView.Json(output, told) })), "jsonl");

    private static void Play(RunBoard board)
    {
        board.Planned("grid", 1, null);
        board.Planned("aoh", 3, TimeSpan.FromSeconds(2));
        board.Planned("summary", 1, null);
        board.Started("grid", "", null);
        board.Ended("grid", "", Samples.Outcome(Samples.Full));
        board.Ended("aoh", "syn01", Samples.Outcome(Samples.Full, reused: true));
        board.Started("aoh", "syn02", TimeSpan.FromSeconds(2));
        board.Ended("aoh", "syn02", Samples.Outcome(Samples.Full with { ExitCode = 3 }));
        board.Ended("aoh", "syn03", Samples.Outcome(Samples.Full));
        board.Skipped("summary", "");
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(40, 10)]
    [InlineData(24, 5)]
    public void The_live_view_fits_its_terminal(int columns, int lines)
    {
        var blocks = Enumerable.Range(1, 12).Select(i => new BlockState
        {
            Name = $"block-with-a-long-name-{i}",
            Total = i * 1000,
            Reused = i < 4 ? i * 1000 : 0,
            Ran = i == 4 ? 1500 : 0,
            Failed = i == 4 ? 1 : 0,
            Running = i is 4 or 5 ? 6 : 0,
        }).ToArray();
        RunningStep[] running = [.. Enumerable.Range(0, 12).Select(i => new RunningStep(blocks[3 + (i / 6)].Name, $"element-{i}", TimeSpan.FromSeconds(i), i % 2 == 0 ? TimeSpan.FromSeconds(20) : null))];
        var run = new BoardSnapshot(blocks, running, TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(12));
        var picture = RunPicture.Draw(run, "pipeline.md", columns, lines);
        Assert.True(picture.Count <= lines, $"{picture.Count} lines do not fit {lines}");
        Assert.All(picture, line => Assert.True(line.Text.Length <= columns, line.Text));
        Snapshot.Matches(string.Join('\n', picture.Select(l => l.Text)) + "\n", $"{columns}x{lines}.txt");
    }

    [Fact]
    public void The_live_view_of_a_small_document()
    {
        BlockState[] blocks =
        [
            new() { Name = "grid", Total = 1, Ran = 1 },
            new() { Name = "aoh", Total = 64, Ran = 10, Reused = 20, Running = 2 },
            new() { Name = "summary", Total = 1 },
        ];
        var run = new BoardSnapshot(
            blocks, [new("aoh", "syn31", TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(2)), new("aoh", "syn32", TimeSpan.FromSeconds(9.5), null)],
            TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(42));
        Snapshot.Matches(string.Join('\n', RunPicture.Draw(run, "pipeline.md", 80, 24).Select(l => l.Text)) + "\n");
    }
}
