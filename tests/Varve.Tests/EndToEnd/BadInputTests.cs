using System.Text.RegularExpressions;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>What is wrong with what a person gives is told in one clear line that names file and line; nothing is lost.</summary>
public sealed partial class BadInputTests
{
    private const string Fence = "```";

    public static TheoryData<string> Everyone => People.All;

    [GeneratedRegex(@"^varve: ", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Complaint();

    private static void Says(Outcome outcome, int status, params string[] parts)
    {
        Assert.True(outcome.ExitCode == status, $"exit status {outcome.ExitCode}, not {status}: {outcome.Error}");
        Assert.Single(Complaint().Matches(outcome.Error));
        foreach (var part in parts) Assert.Contains(part, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    /// <summary>What is wrong, the document, its line, and words of the complaint.</summary>
    public static TheoryData<string, string, int, string> Documents => new()
    {
        { "unknown attribute", $"# T\n\n{Fence}sh name=a colour=red\ntrue\n{Fence}\n", 3, "colour" },
        { "no name", $"# T\n{Fence}sh map=x.csv\ntrue\n{Fence}\n", 2, "name" },
        { "a name given twice", $"{Fence}sh name=a\ntrue\n{Fence}\n\n{Fence}sh name=a\nfalse\n{Fence}\n", 5, "a" },
        { "malformed front matter", $"---\ninputs:\n  a: [1, 2\nb: }}\n---\n{Fence}sh name=a\ntrue\n{Fence}\n", 0, "front matter" },
        { "unknown key in the front matter", $"---\ntitle: T\ncolour: red\n---\n{Fence}sh name=a\ntrue\n{Fence}\n", 3, "colour" },
        { "missing input", $"---\ninputs:\n  land: not-there.tif\n---\n{Fence}sh name=a\ncat $land\n{Fence}\n", 3, "not-there.tif" },
        { "missing rows", $"{Fence}sh name=a map=rows.csv\necho $id\n{Fence}\n", 1, "rows.csv" },
        { "join of nothing", $"{Fence}sh name=a join=b\ntrue\n{Fence}\n", 1, "b" },
        { "unknown environment", $"{Fence}sh name=a env=moon\ntrue\n{Fence}\n", 1, "moon" },
        { "bad time", $"{Fence}sh name=a timeout=soon\ntrue\n{Fence}\n", 1, "timeout" },
        { "open quote", $"{Fence}sh name=a map=\"x\ntrue\n{Fence}\n", 1, "quote" },
    };

    [Theory, MemberData(nameof(Documents))]
    public void A_bad_document_is_told_with_file_and_line(string name, string document, int line, string part)
    {
        using var trial = new Trial();
        trial.Write("bad.md", document);
        trial.Write("rows.txt", name);
        Says(trial.Varve("run", "bad.md"), 2, line > 0 ? $"bad.md:{line}: " : "bad.md:", part);
    }

    [Fact]
    public void Two_blocks_that_write_one_file_are_a_conflict_that_names_both()
    {
        using var trial = new Trial();
        trial.Write("bad.md", $"{Fence}sh name=first\necho 1 > x.txt\n{Fence}\n\n{Fence}sh name=second\necho 2 > x.txt\n{Fence}\n");
        Says(trial.Varve("run", "--quiet", "bad.md"), 2, "first", "second", "x.txt");
    }

    [Fact]
    public void A_block_that_reads_what_a_later_one_writes_is_a_conflict_that_names_both()
    {
        using var trial = new Trial();
        trial.Write("x.txt", "old\n");
        trial.Write("bad.md", $"{Fence}sh name=reader\ncat x.txt > y.txt\n{Fence}\n\n{Fence}sh name=writer\necho new > x.txt\n{Fence}\n");
        Says(trial.Varve("run", "--quiet", "bad.md"), 2, "reader", "writer", "x.txt");
    }

    [Fact]
    public void What_is_given_wrongly_on_the_command_line_is_told()
    {
        using var trial = new Trial();
        trial.Write("good.md", $"---\ninputs:\n  a: a.txt\nparameters:\n  p: 1\n---\n{Fence}sh name=a\ncat $a $p\n{Fence}\n");
        trial.Write("a.txt", "a\n");
        Says(trial.Varve("run", "nowhere.md"), 2, "nowhere.md");
        Says(trial.Varve("run", "-i", "b=x", "good.md"), 2, "-i b");
        Says(trial.Varve("run", "-p", "q=x", "good.md"), 2, "-p q");
        Says(trial.Varve("run", "-i", "a=gone.txt", "good.md"), 2, "gone.txt");
        Says(trial.Varve("run", "good.md", "no-such-target"), 2, "no-such-target");
        Says(trial.Varve("show", "ffffffffffff"), 2, "ffffffffffff");
        Says(trial.Varve("how", "a.txt"), 2, "a.txt");
        trial.Write("varve.toml", "jobs = 1\ntrace = true\n");
        Says(trial.Varve("run", "good.md"), 2, "varve.toml:2: ");
    }

    [Fact]
    public void An_unreadable_input_is_told_and_a_readable_one_then_works()
    {
        if (!People.IsOrdinary(People.All.Last().Data)) Assert.Skip("needs an ordinary user");
        using var trial = new Trial(People.All.Last().Data);
        trial.Write("in.txt", "x\n");
        File.SetUnixFileMode(trial.At("in.txt"), 0);
        var refused = trial.Sh("cat in.txt > out.txt");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("Permission denied", refused.Said, StringComparison.Ordinal);
        Assert.Contains(trial.At("in.txt"), refused.Trace.Denied);
        File.SetUnixFileMode(trial.At("in.txt"), (UnixFileMode)0x1A4);
        trial.Sh("cat in.txt > out.txt").Ran();

        trial.Write("doc.md", $"{Fence}sh name=a\ntrue\n{Fence}\n");
        File.SetUnixFileMode(trial.At("doc.md"), 0);
        Says(trial.Varve("run", "doc.md"), 2, "doc.md");
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_corrupted_blob_is_never_put_in_place_and_the_step_runs_again(string who)
    {
        using var trial = new Trial(who);
        trial.Sh("echo precious > out.txt").Ran();
        var digest = trial.Sh("echo precious > out.txt").WasReused().Trace.Writes[trial.At("out.txt")]["sha256:".Length..];
        var blob = Directory.GetFiles(trial.Home + "/store", "*", SearchOption.AllDirectories).Single(f => f.EndsWith(digest[2..], StringComparison.Ordinal));
        File.SetUnixFileMode(blob, (UnixFileMode)0x1A4);
        File.WriteAllText(blob, "spoiled!\n");
        File.Delete(trial.At("out.txt"));
        Says(trial.Sh("echo precious > out.txt"), 125, digest[2..], "varve verify");
        Assert.False(File.Exists(trial.At("out.txt")), "spoiled bytes were put in place");

        var verified = trial.Varve("verify");
        Assert.Equal(5, verified.ExitCode);
        Assert.Contains(digest, verified.Output, StringComparison.Ordinal);
        trial.Sh("echo precious > out.txt").Ran();
        Assert.Equal("precious\n", trial.Read("out.txt"));
        trial.Varve("verify").Succeeded();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_database_from_the_future_is_told_and_left_alone(string who)
    {
        Tools.Require("sqlite3", "sqlite3");
        using var trial = new Trial(who);
        trial.Sh("echo x > x.txt").Ran();
        var database = trial.Home + "/lineage.db";
        var present = trial.Plain(trial.Home, "sqlite3", database, "PRAGMA user_version").Succeeded().Output.Trim();
        trial.Plain(trial.Home, "sqlite3", database, "PRAGMA user_version=9999; PRAGMA wal_checkpoint(TRUNCATE);").Succeeded();
        Says(trial.Varve("log"), 5, database, "newer");
        Says(trial.Varve("exec", "--", "true"), 125, database, "newer");
        trial.Plain(trial.Home, "sqlite3", database, $"PRAGMA user_version={present}").Succeeded();
        trial.Sh("echo x > x.txt").WasReused();
    }

    [Fact]
    public void A_database_that_is_none_is_told_and_left_alone()
    {
        using var trial = new Trial();
        trial.Sh("echo x > x.txt").Ran();
        foreach (var file in Directory.GetFiles(trial.Home, "lineage.db*"))
            File.WriteAllText(file, "this is no database, and long enough to be looked at as one; " + new string('x', 5000));
        Assert.Equal(5, trial.Varve("log").ExitCode);
    }

    [Fact]
    public void A_home_in_the_workspace_is_refused_with_the_remedy()
    {
        using var trial = new Trial();
        trial.Variables["VARVE_HOME"] = trial.At("home");
        Says(trial.Exec("true"), 125, "VARVE_HOME", trial.Workspace);
    }

    [Fact]
    public void A_home_that_cannot_be_written_is_told_with_the_remedy()
    {
        using var trial = new Trial();
        trial.Variables["VARVE_HOME"] = "/proc/nowhere/home";
        Says(trial.Exec("true"), 125, "/proc/nowhere");
    }
}
