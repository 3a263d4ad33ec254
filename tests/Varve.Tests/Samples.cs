using Varve.Lineage;
using Varve.Sandbox;
using Varve.Steps;
using Varve.Store;

namespace Varve.Tests;

/// <summary>Executions that never ran, for tests of what is said about executions.</summary>
internal static class Samples
{
    public static Digest Named(string content) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(content));

    public static StepKey Key(params string[] command) => new()
    {
        Command = command,
        Directory = "/work/zion",
        Workspace = "/work/zion",
        Environment = "host",
        Variables = [new("LANG", "C.UTF-8"), new("PATH", "/usr/bin")],
        Options = ["net=open"],
    };

    public static Change File(string path, string content, int permissions = 0b110_100_100) =>
        new(path, ChangeKind.File, Named(content), content.Length, permissions, "", "", Replaced: false);

    /// <summary>A step that did a little of everything.</summary>
    public static Trace Full { get; } = Plain with
    {
        Observations =
        [
            new("/lib", ObservationKind.Link, default, "usr/lib"),
            new("/usr/bin/sort", ObservationKind.Content, Named("sort"), "f755"),
            new("/work/zion", ObservationKind.Listing, Named("listing"), ""),
            new("/work/zion/a.csv", ObservationKind.Content, Named("a"), "f644"),
            new("/work/zion/b.csv", ObservationKind.Absent, default, ""),
            new("/work/zion/big.tif", ObservationKind.Status, default, "f644 5000000000 1700000000000000000"),
            new("/work/zion/caf\uDCE9", ObservationKind.Absent, default, ""),
            new("/work/zion/secret", ObservationKind.Denied, default, ""),
        ],
        Changes =
        [
            new("/work/zion/out", ChangeKind.Directory, default, 0, 0b111_101_101, "", "", Replaced: false),
            File("/work/zion/out/sorted.csv", "sorted"),
            File("/work/zion/out/run.sh", "#!", 0b111_101_101),
            File("/work/zion/out/b\uDCFF", "b"),
            new("/work/zion/out/again", ChangeKind.File, Named("b"), 1, 0b110_100_100, "", "/work/zion/out/sorted.csv", Replaced: false),
            new("/work/zion/latest", ChangeKind.Link, default, 0, 0b111_111_111, "out/sorted.csv", "", Replaced: false),
            new("/work/zion/pipe", ChangeKind.Fifo, default, 0, 0b110_100_100, "", "", Replaced: false),
            new("/work/zion/old.csv", ChangeKind.Deleted, default, 0, 0, "", "", Replaced: false),
        ],
        Renames = [new("/work/zion/out/tmp", "/work/zion/out/sorted.csv")],
        Effects = [new(EffectKinds.Network, "connect to 10.0.0.1:443")],
        Programs = ["/usr/bin/sort"],
        Input = new StandardInput("bytes", Named("input"), 5, ReachedEnd: true),
        Transcript = Named("said"),
        Origin = new Origin("/work/zion/pipeline.md", "sort", "a"),
    };

    public static Trace Plain => new()
    {
        Execution = "01a20724bd32ec93d4cf49ffb2c49f50",
        Key = Key("sort", "-o", "out/sorted.csv", "a file"),
        Step = Named("step"),
        Observations = [],
        Changes = [],
        ExitCode = 0,
        StartedAt = new DateTimeOffset(2026, 11, 23, 6, 30, 12, TimeSpan.Zero),
        Elapsed = TimeSpan.FromSeconds(1.236),
        Processor = TimeSpan.FromSeconds(0.9),
        PeakBytes = 12_345_678,
    };

    public static StepOutcome Outcome(Trace trace, bool reused = false) => new()
    {
        Trace = trace,
        Reused = reused,
        Why = reused ? "" : "input /work/zion/a.csv changed: sha256:aaaa to sha256:bbbb",
        Warnings = reused ? [] : ["/work/zion/a.csv was changed by somebody else while the step ran"],
        Request = new StepRequest { Key = trace.Key, WorkspaceOutside = trace.Key.Workspace },
    };
}
