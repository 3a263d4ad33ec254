using CsCheck;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

/// <summary>What is kept of executions, and the questions that are asked of it, on lineages made by hand.</summary>
public sealed class LineageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("varve-lineage-").FullName;
    private readonly LineageDatabase lineage;
    private int clock;

    public LineageTests() => lineage = new LineageDatabase(new VarveHome(folder + "/home"));

    public void Dispose()
    {
        lineage.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private string Workspace => folder + "/w";

    private static Digest Content(string text) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Records an execution that read and wrote `name=content` in the workspace.</summary>
    private Trace Ran(string command, string[] read, string[] wrote, Origin? origin = null, params string[] variables)
    {
        (string Path, Digest Digest, int Bytes) File(string text) => ($"{Workspace}/{text.Split('=')[0]}", Content(text.Split('=')[1]), text.Split('=')[1].Length);
        var key = new StepKey
        {
            Command = ["/bin/sh", "-eu", "-c", command, "name"],
            Directory = Workspace,
            Workspace = Workspace,
            Environment = "host",
            Variables = [.. variables.Select(v => KeyValuePair.Create(v.Split('=')[0], v.Split('=')[1]))],
            Options = [],
        };
        var trace = new Trace
        {
            Execution = ExecutionId.New(),
            Key = key,
            Step = key.Id(),
            Observations = [.. read.Select(File).Select(f => new Observation(f.Path, ObservationKind.Content, f.Digest, "f644")).Append(new Observation("/usr/bin/tool", ObservationKind.Content, Content("tool"), "f755"))],
            Changes = [.. wrote.Select(File).Select(f => new Change(f.Path, ChangeKind.File, f.Digest, f.Bytes, 0x1A4, "", "", Replaced: false))],
            ExitCode = 0,
            Origin = origin,
            StartedAt = DateTimeOffset.UnixEpoch.AddSeconds(++clock),
            Elapsed = TimeSpan.FromSeconds(1),
            Processor = TimeSpan.FromSeconds(1),
            PeakBytes = 1 << 20,
        };
        lineage.Add(trace);
        Thread.Sleep(2);
        return trace;
    }

    private Chain How(string file)
    {
        Directory.CreateDirectory(Workspace);
        File.WriteAllText($"{Workspace}/{file.Split('=')[0]}", file.Split('=')[1]);
        return new ChainFinder(lineage).Find($"{Workspace}/{file.Split('=')[0]}");
    }

    private static string[] Commands(Chain chain) => [.. chain.Steps.Select(s => s.Key.Command[3])];

    [Fact]
    public void The_chain_holds_what_the_file_needs_and_nothing_else()
    {
        Ran("make a", ["in=1"], ["a=A"]);
        Ran("make other", ["in=1"], ["other=O"]);
        Ran("make b", ["a=A", "in2=2"], ["b=B"]);
        var chain = How("b=B");
        Assert.Equal(["make a", "make b"], Commands(chain));
        Assert.Equal(["in", "in2"], chain.Inputs.Select(i => Path.GetFileName(i.Path)));
    }

    [Fact]
    public void Of_two_ways_the_shorter_is_told()
    {
        Ran("short", ["in=1"], ["x=X"]);
        Ran("one", ["in=1"], ["m=M"]);
        Ran("two", ["m=M"], ["x=X"]);
        Assert.Equal(["short"], Commands(How("x=X")));
    }

    [Fact]
    public void A_file_edited_in_place_has_both_its_makers()
    {
        Ran("create", [], ["f=1"]);
        Ran("append", ["f=1"], ["f=12"]);
        Assert.Equal(["create", "append"], Commands(How("f=12")));
    }

    [Fact]
    public void Contents_that_come_back_do_not_lead_in_a_circle()
    {
        Ran("to b", ["f=A"], ["f=B"]);
        Ran("to a", ["f=B"], ["f=A"]);
        Ran("use", ["f=A"], ["g=G"]);
        Assert.Contains("use", Commands(How("g=G")));
    }

    [Fact]
    public void A_chain_of_thousands_is_followed_to_its_start()
    {
        for (var i = 1; i <= 1500; i++) Ran($"step {i}", [$"f{i - 1}=c{i - 1}"], [$"f{i}=c{i}"]);
        var chain = How("f1500=c1500");
        Assert.Equal(1500, chain.Steps.Count);
        Assert.Equal("step 1", chain.Steps[0].Key.Command[3]);
        Assert.Single(chain.Inputs);
    }

    [Fact]
    public void A_copy_is_known_by_its_content_and_a_stranger_is_not()
    {
        Ran("make", ["in=1"], ["a=some content"]);
        Assert.EndsWith("/copy", How("copy=some content").CopyAs);
        Assert.Contains("not made by a step", Assert.Throws<NoChainException>(() => How("stranger=?")).Message);
    }

    [Fact]
    public void Why_names_the_input_with_both_digests_or_the_variable()
    {
        var origin = new Origin("/doc.md", "b", "");
        Ran("use", ["in=1"], ["o=1"], origin);
        var again = new WhyFinder(lineage).Of(Ran("use", ["in=2"], ["o=2"], origin));
        var input = Assert.Single(again.Differences);
        Assert.Equal(("input", $"{Workspace}/in", $"{Content("1")}", $"{Content("2")}"), (input.What, input.Name, input.First, input.Second));

        var asked = new WhyFinder(lineage).Of(Ran("use", ["in=2"], ["o=3"], origin, "limit=9"));
        Assert.Contains(asked.Differences, d => d is { What: "variable", Name: "limit", Second: "9" });
        Assert.Equal("it had never run before", new WhyFinder(lineage).Of(Ran("quite another command", [], ["z=1"])).Text);
    }

    [Fact]
    public void What_is_loaded_ahead_is_what_is_found()
    {
        var first = Ran("s", ["in=1"], ["o=1"]);
        var second = Ran("s", ["in=2"], ["o=2"]);
        var found = lineage.Reusable(first.Step).Select(t => t.Execution).ToArray();
        lineage.LoadAhead([first.Step]);
        Assert.Equal([second.Execution, first.Execution], found);
        Assert.Equal(found, lineage.Reusable(first.Step).Select(t => t.Execution));
    }

    [Fact]
    public void A_reuse_makes_an_old_execution_the_latest_of_its_block()
    {
        var origin = new Origin("/doc.md", "b", "x");
        var first = Ran("s", ["in=1"], ["o=1"], origin);
        Ran("s", ["in=2"], ["o=2"], origin);
        lineage.AddUse(first.Execution, DateTimeOffset.UtcNow, origin);
        var latest = Assert.Single(lineage.NewestOf("/doc.md"));
        Assert.Equal((first.Execution, "b", "x"), (latest.Execution, latest.Origin!.Block, latest.Origin.Element));
    }

    [Fact]
    public void A_database_from_the_future_is_refused_and_left_alone()
    {
        Ran("s", [], ["o=1"]);
        lineage.Run("PRAGMA user_version = 9999");
        using var other = new LineageDatabase(new VarveHome(folder + "/home"));
        Assert.Contains("written by a newer Varve", Assert.Throws<DamagedLineageException>(() => other.Newest(default)).Message);
        Assert.Equal(9999L, lineage.Scalar("PRAGMA user_version"));
    }

    [Fact]
    public void A_database_of_schema_1_is_upgraded_and_its_reuses_are_counted()
    {
        var trace = Ran("s", [], ["o=1"]);
        foreach (var table in new[] { "uses", "acts", "moves", "labels", "taints", "parts", "fetches" }) lineage.Run("DROP TABLE " + table);
        lineage.Run("CREATE TABLE uses(execution INTEGER NOT NULL, at INTEGER NOT NULL, document TEXT, block TEXT, element TEXT)");
        lineage.Run("INSERT INTO uses SELECT number, 5, NULL, NULL, NULL FROM executions UNION ALL SELECT number, 7, NULL, NULL, NULL FROM executions");
        lineage.Run("PRAGMA user_version = 1");
        using var other = new LineageDatabase(new VarveHome(folder + "/home"));
        Assert.Equal(2, new History(other).Uses(trace.Execution));
        Assert.Equal(7L, other.Scalar("SELECT last FROM uses"));
    }

    [Fact]
    public void Observations_survive_being_written_down()
    {
        var path = Gen.Byte[1, 255].Array[1, 30].Select(bytes => "/" + PathText.Decode(bytes));
        var observation = Gen.Select(path, Gen.Int[0, 6], Gen.Byte.Array[32], Gen.String[Gen.Char.AlphaNumeric, 0, 12],
            (p, kind, digest, detail) => new Observation(p, (ObservationKind)kind, new Digest(digest), detail));
        observation.Array[0, 60].Sample(set => Assert.Equal(set, TraceCodec.DecodeSet(TraceCodec.EncodeSet(set))));
    }

    [Fact]
    public void A_quoted_word_is_read_back_by_the_shell_as_it_was()
    {
        // The shell strips nothing here: the words are its own arguments.
        var words = Gen.String[Gen.Char["ab '\"$`\\*?;&|<>(){}[]#~!\t"], 1, 20].Array[1, 20];
        words.Sample(list =>
        {
            using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/bin/sh", ["-c", $"printf '%s\\n' {ShellText.Join(list)}"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var said = shell.StandardOutput.ReadToEnd();
            shell.WaitForExit();
            Assert.Equal(list, said.TrimEnd('\n').Split('\n'));
        }, iter: 30, threads: 1);
    }

    [Fact]
    public void A_blob_that_was_changed_is_named_and_not_used()
    {
        var home = new VarveHome(folder + "/home");
        var store = new BlobStore(home);
        var digest = store.PutBytes("some bytes"u8);
        File.SetUnixFileMode(store.PathOf(digest), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(store.PathOf(digest), "other bytes");
        Assert.Contains(store.PathOf(digest), Assert.Throws<DamagedStoreException>(() => store.Materialise(digest, folder + "/out", 0x1A4, null)).Message);
        Assert.False(File.Exists(folder + "/out"));
        Assert.Empty(Directory.GetFiles(folder, ".varve-*"));
    }
}
