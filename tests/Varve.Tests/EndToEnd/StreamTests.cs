using System.Text;
using Varve.Linux;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Standard streams, exit status and signals are the command's own, also when it is reused.</summary>
public sealed class StreamTests
{
    public static TheoryData<string> Everyone => People.All;

    [Theory, MemberData(nameof(Everyone))]
    public void Output_is_replayed_byte_for_byte_on_both_streams(string who)
    {
        using var trial = new Trial(who);
        const string script = "printf 'one\\n'; printf 'two\\n' >&2; printf 'no end'; seq 1 20000";
        var first = trial.Sh(script).Ran();
        var second = trial.Sh(script).WasReused();
        Assert.Equal(first.Output, second.Output);
        Assert.StartsWith("one\nno end1\n2\n", first.Output, StringComparison.Ordinal);
        Assert.Equal("two\n", first.Said);
        Assert.Equal("two\n", second.Said);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void The_order_of_the_two_streams_is_kept(string who)
    {
        using var trial = new Trial(who);
        string[] both = ["sh", "-c", $"'{Grounds.Program}' exec --quiet -- sh -c 'for i in 1 2 3 4; do echo o$i; sleep 0.05; echo e$i >&2; sleep 0.05; done' 2>&1"];
        var first = trial.Plain(trial.Workspace, both);
        Assert.Equal("o1\ne1\no2\ne2\no3\ne3\no4\ne4\n", first.Output);
        Assert.Equal(first.Output, trial.Plain(trial.Workspace, both).Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Output_is_live_and_does_not_wait_for_the_end(string who)
    {
        using var trial = new Trial(who);
        // What the step says reaches a reader that answers through a file the step waits for.
        var program = $"'{Grounds.Program}' exec --quiet --write '{trial.Host}' -- sh -c 'echo ready; n=0; while [ ! -e /proc/self/cwd/x ] && [ $n -lt 5 ]; do n=$((n+1)); sleep 0.2; done; echo end'";
        var outcome = trial.Plain(trial.Workspace, "sh", "-c", $"{program} | {{ read first; date +%s%N; cat > /dev/null; date +%s%N; }}");
        var times = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse).ToArray();
        Assert.True(times[1] - times[0] > 500_000_000, "the first line came only with the last");
    }

    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -KILL $$", 137)]
    public void The_exit_status_is_the_commands(string script, int status)
    {
        using var trial = new Trial();
        Assert.Equal(status, trial.Sh(script).ExitCode);
    }

    [Fact]
    public void What_is_no_program_ends_as_env_would_have_it()
    {
        using var trial = new Trial();
        var missing = trial.Exec("no-such-program");
        Assert.Equal(127, missing.ExitCode);
        Assert.Contains("no such program", missing.Error, StringComparison.Ordinal);
        trial.Write("text", "just text");
        Assert.Equal(126, trial.Exec("./text").ExitCode);
        Assert.Equal(125, trial.Varve("exec", "--no-such-option", "--", "true").ExitCode);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void What_was_consumed_of_standard_input_decides(string who)
    {
        using var trial = new Trial(who);
        string[] cat = ["exec", "--json", "--", "tr", "a-z", "A-Z"];
        Assert.Equal("ABC", trial.VarveWithInput("abc"u8.ToArray(), cat).Ran().Output);
        Assert.Equal("ABC", trial.VarveWithInput("abc"u8.ToArray(), cat).WasReused().Output);
        Assert.Equal("ABCD", trial.VarveWithInput("abcd"u8.ToArray(), cat).Ran().Output);
        Assert.Equal("AB", trial.VarveWithInput("ab"u8.ToArray(), cat).Ran().Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Input_larger_than_a_pipe_arrives_whole(string who)
    {
        using var trial = new Trial(who);
        var bytes = new byte[3_000_000];
        new Random(1).NextBytes(bytes);
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        for (var i = 0; i < 2; i++)
            Assert.StartsWith(expected, trial.VarveWithInput(bytes, "exec", "--json", "--", "sha256sum").Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_command_that_reads_nothing_is_reused_whatever_waits_on_its_input(string who)
    {
        using var trial = new Trial(who);
        trial.VarveWithInput("abc"u8.ToArray(), "exec", "--json", "--", "echo", "hello").Ran();
        trial.VarveWithInput("xyz"u8.ToArray(), "exec", "--json", "--", "echo", "hello").WasReused();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Input_from_a_file_is_taken_from_where_it_stands(string who)
    {
        using var trial = new Trial(who);
        trial.Write("lines.txt", "1\n2\n3\n");
        string[] lines = ["sh", "-c", $"{{ read a; '{Grounds.Program}' exec --quiet -- tr 0-9 a-j; }} < lines.txt"];
        Assert.Equal("c\nd\n", trial.Plain(trial.Workspace, lines).Output);
        Assert.Equal("c\nd\n", trial.Plain(trial.Workspace, lines).Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_closed_standard_input_does_no_harm(string who)
    {
        using var trial = new Trial(who);
        var outcome = trial.Plain(trial.Workspace, "sh", "-c", $"'{Grounds.Program}' exec --json -- sh -c 'echo fine; cat a 2>/dev/null; ls -l /proc/self/fd >/dev/null' <&-");
        Assert.Equal("fine\n", outcome.Succeeded().Output);
        Assert.Equal("fine\n", trial.Plain(trial.Workspace, "sh", "-c", $"'{Grounds.Program}' exec --quiet -- echo fine >&1 2>&- <&-").Output);
    }

    [Theory]
    [InlineData(Processes.SigTerm, "TERM")]
    [InlineData(Processes.SigInt, "INT")]
    public void Signals_to_varve_reach_the_command(int number, string name)
    {
        foreach (var who in People.All.Select(row => row.Data))
        {
            using var trial = new Trial(who);
            var running = trial.Start(["exec", "--json", "--", "sh", "-c", $"trap 'echo caught; exit 5' {name}; touch begun; echo go; while :; do sleep 0.0613; done"]);
            AwaitProcess("sleep 0.0613");
            Signal(running, who, name);
            var outcome = Trial.Await(running);
            Assert.Equal(5, outcome.ExitCode);
            Assert.Equal("go\ncaught\n", outcome.Output);

            var plain = trial.Start(["exec", "--json", "--", "sleep", "60.13"]);
            AwaitProcess("sleep 60.13");
            Signal(plain, who, name);
            Assert.Equal(128 + number, Trial.Await(plain).ExitCode);
        }
    }

    /// <summary>Waits until a command with this line runs somewhere.</summary>
    private static void AwaitProcess(string line)
    {
        for (var i = 0; i < 3000; i++)
        {
            if (Tools.Run("pgrep", "-f", $"^{line}").Code == 0) return;
            Thread.Sleep(10);
        }
        Assert.Fail($"{line} never ran");
    }

    private static void Signal(Running running, string who, string name)
    {
        _ = who;
        Assert.Equal(0, Tools.Run("sh", "-c", $"kill -{name} {running.Process.Id}").Code);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Output_redirected_to_a_file_of_the_workspace_is_recorded(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "abc\n");
        string[] redirected = ["sh", "-c", $"'{Grounds.Program}' exec --json -- tr a-z A-Z < a.txt > out.txt"];
        var first = trial.Plain(trial.Workspace, redirected).Ran();
        Assert.Equal(trial.At("out.txt"), first.Trace.Json.GetProperty("outputFile").GetProperty("path").GetString());
        Assert.Equal("ABC\n", trial.Read("out.txt"));
        trial.Plain(trial.Workspace, redirected).WasReused();
        Assert.Equal("ABC\n", trial.Read("out.txt"));
    }

    [Fact]
    public void Nobody_listening_ends_a_command_as_it_would_end_anyway()
    {
        using var trial = new Trial();
        var outcome = trial.Plain(trial.Workspace, "sh", "-c", $"'{Grounds.Program}' exec --quiet -- seq 1 200000 | head -n 1");
        Assert.Equal("1\n", outcome.Output);
        Assert.Equal(Encoding.UTF8.GetByteCount("1\n"), outcome.Output.Length);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Input_read_without_moving_its_position_counts(string who)
    {
        using var trial = new Trial(who);
        var reader = Programs.Path("reader");
        trial.Write("in.txt", "one\n");
        string[] mapped = ["sh", "-c", $"'{Grounds.Program}' exec --json -- {reader} mapped-input - < in.txt"];
        Assert.Equal("one\n", trial.Plain(trial.Workspace, mapped).Ran().Output);
        Assert.Equal("one\n", trial.Plain(trial.Workspace, mapped).WasReused().Output);
        trial.Write("in.txt", "two\n");
        Assert.Equal("two\n", trial.Plain(trial.Workspace, mapped).Ran().Output);
    }
}
