using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Interactive programs work on a terminal, which `script` (util-linux) provides here.</summary>
public sealed class TerminalTests
{
    public static TheoryData<string> Everyone => People.All;

    private static Running Begin(Trial trial, string command)
    {
        Tools.Require("script", "bsdutils");
        return trial.Begin(["script", "-qfec", $"stty rows 33 cols 77; {command}", "/dev/null"], trial.Workspace, input: null);
    }

    private static Outcome OnTerminal(Trial trial, string command, params (int AfterMs, string Keys)[] typed)
    {
        Tools.Require("script", "bsdutils");
        var keys = string.Concat(typed.Select(t => $"sleep {t.AfterMs / 1000.0}; printf '{t.Keys}'; "));
        var script = $"{{ {keys} sleep 2; }} | script -qfec \"stty rows 33 cols 77; {command.Replace("\"", "\\\"", StringComparison.Ordinal).Replace("$", "\\$", StringComparison.Ordinal)}\" /dev/null";
        return Trial.Await(trial.Begin(["sh", "-c", script], trial.Workspace, input: null));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_step_has_a_terminal_of_the_same_size(string who)
    {
        using var trial = new Trial(who);
        var outcome = OnTerminal(trial, $"{Grounds.Program} exec --quiet -- sh -c 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all'");
        Assert.Contains("/dev/pts/", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("33 77", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("all", outcome.Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void What_is_typed_reaches_the_step_and_such_a_step_is_not_reused(string who)
    {
        using var trial = new Trial(who);
        var command = $"{Grounds.Program} exec --json -- sh -c 'read name; echo hello-$name'";
        var outcome = OnTerminal(trial, command, (1500, "varve\\n"));
        Assert.Contains("hello-varve", outcome.Output, StringComparison.Ordinal);
        Assert.False(Told.In(outcome.Output).Reusable);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Ctrl_C_ends_the_command_and_leaves_the_terminal_as_it_was(string who)
    {
        using var trial = new Trial(who);
        var outcome = OnTerminal(trial, $"{Grounds.Program} exec --quiet -- sleep 60; echo status-$?; stty -a | tr ';' '\\n' | grep -o '[-]*icanon'", (1500, "\\003"));
        Assert.Contains("status-130", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("icanon", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("-icanon", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_was_typed_nothing_is_reused_on_a_terminal()
    {
        using var trial = new Trial();
        var command = $"{Grounds.Program} exec --json -- echo hello";
        Assert.False(Told.In(OnTerminal(trial, command).Output).Reused);
        Assert.True(Told.In(OnTerminal(trial, command).Output).Reused);
    }

    [Fact]
    public void What_is_replayed_on_a_terminal_is_byte_for_byte_what_was_shown()
    {
        using var trial = new Trial();
        var command = $"{Grounds.Program} exec --quiet -- printf 'one\\ntwo\\n'";
        var shown = OnTerminal(trial, command).Output;
        Assert.Contains("one\r\ntwo\r\n", shown, StringComparison.Ordinal);
        Assert.Equal(shown, OnTerminal(trial, command).Output);
    }

    [Fact]
    public void Killing_the_terminal_ends_the_step()
    {
        using var trial = new Trial();
        var running = Begin(trial, $"{Grounds.Program} exec --quiet -- sh -c 'echo $$ ; sleep 60'");
        Thread.Sleep(1500);
        running.Process.Kill();
        running.Process.WaitForExit();
        Thread.Sleep(1500);
        Assert.Empty(trial.LeftRunning());
    }

    [Fact]
    public void A_step_that_opens_the_terminal_by_name_is_not_reused()
    {
        using var trial = new Trial();
        var outcome = OnTerminal(trial, $"{Grounds.Program} exec --json -- sh -c 'read name < /dev/tty; echo got-$name' < /dev/null", (1500, "typed\\n"));
        Assert.Contains("got-typed", outcome.Output, StringComparison.Ordinal);
        Assert.False(Told.In(outcome.Output).Reusable);
    }
}
