using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>A command in a state it was seen in before is not run; in any other it is.</summary>
public sealed class ReuseTests
{
    public static TheoryData<string> Everyone => People.All;

    [Theory, MemberData(nameof(Everyone))]
    public void The_same_command_in_the_same_state_is_not_run_again(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "one\n");
        trial.Sh("wc -c < a.txt > n.txt").Ran();
        trial.Sh("wc -c < a.txt > n.txt").WasReused();
        Assert.Equal("4\n", trial.Read("n.txt"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_changed_input_runs_it_and_the_old_content_brings_the_old_result_back(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "one\n");
        trial.Sh("tr a-z A-Z < a.txt > b.txt").Ran();
        trial.Write("a.txt", "two\n");
        var second = trial.Sh("tr a-z A-Z < a.txt > b.txt").Ran();
        Assert.Equal("TWO\n", trial.Read("b.txt"));
        Assert.Contains("a.txt changed: sha256:", second.Trace.Why, StringComparison.Ordinal);

        trial.Write("a.txt", "one\n");
        trial.Sh("tr a-z A-Z < a.txt > b.txt").WasReused();
        Assert.Equal("ONE\n", trial.Read("b.txt"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_changed_time_stamp_alone_does_not_run_it(string who)
    {
        using var trial = new Trial(who);
        var input = trial.Write("a.txt", "one\n");
        trial.Sh("cat a.txt; ls -l a.txt >/dev/null").Ran();
        File.SetLastWriteTimeUtc(input, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        trial.Sh("cat a.txt; ls -l a.txt >/dev/null").WasReused();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_header_that_appears_earlier_on_the_include_path_runs_the_compiler(string who)
    {
        Tools.Require("gcc", "gcc");
        using var trial = new Trial(who);
        trial.Write("late/v.h", "#define V 1\n");
        trial.Write("early/other.h", "\n");
        trial.Write("m.c", "#include <v.h>\nint main(void) { return V; }\n");
        string[] compile = ["gcc", "-Iearly", "-Ilate", "m.c", "-o", "m"];
        var first = trial.Exec(compile).Ran();
        Assert.Contains(trial.At("early/v.h"), first.Trace.Absent);
        trial.Exec(compile).WasReused();

        trial.Write("early/v.h", "#define V 7\n");
        Assert.Contains("early/v.h", trial.Exec(compile).Ran().Trace.Why, StringComparison.Ordinal);
        Assert.Equal(7, trial.Plain(trial.Workspace, trial.At("m")).ExitCode);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_new_file_in_a_listed_directory_runs_it(string who)
    {
        using var trial = new Trial(who);
        trial.Write("d/a", "1");
        trial.Sh("ls d > names.txt").Ran();
        trial.Sh("ls d > names.txt").WasReused();
        trial.Write("d/b", "2");
        Assert.Contains("added b", trial.Sh("ls d > names.txt").Ran().Trace.Why, StringComparison.Ordinal);
        File.Delete(trial.At("d/b"));
        trial.Sh("ls d > names.txt").WasReused();
        Assert.Equal("a\n", trial.Read("names.txt"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_deleted_or_spoilt_output_comes_back_without_running(string who)
    {
        using var trial = new Trial(who);
        const string script = "mkdir -p out/deep; echo result > out/deep/r.txt; ln -sf deep/r.txt out/link; chmod 750 out/deep/r.txt";
        trial.Sh(script).Ran();
        Directory.Delete(trial.At("out"), recursive: true);
        trial.Sh(script).WasReused();
        Assert.Equal("result\n", trial.Read("out/deep/r.txt"));
        Assert.Equal("result\n", trial.Read("out/link"));
        Assert.Equal((UnixFileMode)0x1E8, File.GetUnixFileMode(trial.At("out/deep/r.txt")));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_tool_that_was_upgraded_on_the_host_runs_it(string who)
    {
        using var trial = new Trial(who);
        trial.WriteTool("bin/answer", "#!/bin/sh\necho 41\n");
        trial.Variables["PATH"] = trial.Host + "/bin:/usr/bin:/bin";
        Assert.Equal("41\n", trial.Exec("answer").Ran().Output);
        trial.Exec("answer").WasReused();
        trial.WriteTool("bin/answer", "#!/bin/sh\necho 42\n");
        Assert.Equal("42\n", trial.Exec("answer").Ran().Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_tool_that_appears_earlier_in_PATH_runs_it(string who)
    {
        using var trial = new Trial(who);
        trial.WriteTool("late/answer", "#!/bin/sh\necho late\n");
        Directory.CreateDirectory(trial.Host + "/early");
        trial.Variables["PATH"] = $"{trial.Host}/early:{trial.Host}/late:/usr/bin:/bin";
        Assert.Equal("late\n", trial.Exec("answer").Ran().Output);
        trial.WriteTool("early/answer", "#!/bin/sh\necho early\n");
        Assert.Equal("early\n", trial.Exec("answer").Ran().Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void An_identical_intermediate_result_stops_the_re_run_there(string who)
    {
        using var trial = new Trial(who);
        trial.Write("in.txt", "b\na\n");
        trial.Sh("sort in.txt > sorted.txt").Ran();
        trial.Sh("wc -l < sorted.txt > lines.txt").Ran();
        trial.Write("in.txt", "a\nb\n");
        trial.Sh("sort in.txt > sorted.txt").Ran();
        trial.Sh("wc -l < sorted.txt > lines.txt").WasReused();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_failed_step_is_recorded_and_never_reused(string who)
    {
        using var trial = new Trial(who);
        for (var i = 0; i < 2; i++)
        {
            var failed = trial.Sh("echo left > left.txt; echo why >&2; exit 7");
            Assert.Equal(7, failed.ExitCode);
            Assert.Equal("why\n", failed.Said);
            Assert.False(failed.Trace.Reused);
            Assert.False(failed.Trace.Reusable);
            Assert.Equal("left\n", trial.Read("left.txt"));
        }
        Assert.Equal(2, trial.Varve("log", "--json").Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void An_input_that_changed_underneath_makes_the_result_single_use_and_says_so(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "one\n");
        string[] command = ["exec", "--json", "--", "sh", "-c", "cat a.txt > b.txt; touch /tmp/begun; echo begun; sleep 2; cat a.txt > c.txt"];
        var running = trial.Start(command);
        // On a busy machine it takes its time to begin.
        while (trial.LeftRunning().Length == 0 && !running.Process.HasExited) Thread.Sleep(10);
        Thread.Sleep(700);
        trial.Write("a.txt", "two\n");
        var outcome = Trial.Await(running).Succeeded();
        Assert.False(outcome.Trace.Reusable);
        Assert.Contains("a.txt", outcome.Trace.NotReusable, StringComparison.Ordinal);
        Assert.Contains("a.txt was changed by somebody else while the step ran", outcome.Said, StringComparison.Ordinal);
        trial.Varve(command).Ran();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_file_changed_back_while_the_step_ran_is_noticed_too(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "one\n");
        var running = trial.Start(["exec", "--json", "--", "sh", "-c", "sleep 0.5; cat a.txt > b.txt; sleep 1"]);
        Thread.Sleep(200);
        trial.Write("a.txt", "two\n");
        Thread.Sleep(600);
        trial.Write("a.txt", "one\n");
        var outcome = Trial.Await(running).Succeeded();
        Assert.False(outcome.Trace.Reusable, "the step read bytes that nobody recorded, and its result may be reused");
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Reading_its_own_earlier_output_counts_as_input_and_overwriting_it_does_not(string who)
    {
        using var trial = new Trial(who);
        trial.Sh("echo x > fresh.txt").Ran();
        trial.Sh("echo x > fresh.txt").WasReused();
        trial.Write("count.txt", "0\n");
        const string increment = "n=$(cat count.txt); echo $((n + 1)) > count.txt";
        trial.Sh(increment).Ran();
        trial.Sh(increment).Ran();
        Assert.Equal("2\n", trial.Read("count.txt"));
        trial.Write("count.txt", "0\n");
        trial.Sh(increment).WasReused();
        Assert.Equal("1\n", trial.Read("count.txt"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_variable_that_is_passed_is_in_the_key_and_others_do_not_get_in(string who)
    {
        using var trial = new Trial(who);
        trial.Variables["COLOUR"] = "red";
        Assert.Equal("\n", trial.Exec("sh", "-c", "echo $COLOUR").Output);
        string[] passed = ["exec", "--json", "--pass", "COLOUR", "--", "sh", "-c", "echo $COLOUR"];
        Assert.Equal("red\n", trial.Varve(passed).Ran().Output);
        trial.Variables["COLOUR"] = "blue";
        Assert.Equal("blue\n", trial.Varve(passed).Ran().Output);
        trial.Exec("sh", "-c", "echo $COLOUR").WasReused();
    }
}
