using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Whenever `varve` is killed: the store and the database stay consistent, nothing goes on running, and the next run finishes right.</summary>
public sealed class CrashTests
{
    private const int Sample = 12, Whole = 200;
    private const string Document = """
        ---
        inputs:
          seed: seed.txt
        ---
        ```sh name=split
        mkdir -p parts
        for i in 1 2 3 4 5 6; do echo "$i $(cat $seed)" > parts/$i.txt; done
        ```
        ```sh name=work map="part=parts/*.txt"
        sleep 0.0$(shuf -i 1-9 -n 1)
        mkdir -p made/deep
        sha256sum < "$part" > "made/$(basename $part)"
        head -c 300000 /dev/zero | tr '\0' x > "made/deep/$(basename $part)"
        ```
        ```sh name=total join=work
        cat made/*.txt > total.txt
        rm -rf scratch; mkdir scratch; touch scratch/a
        ```
        """;

    public static TheoryData<string> Everyone => People.All;

    [Theory, MemberData(nameof(Everyone))]
    public void A_run_that_is_killed_at_any_instant_leaves_nothing_wrong(string who)
    {
        using var trial = new Trial(who);
        trial.Write("pipeline.md", Document);
        var random = new Random(20261123);
        var count = Grounds.All ? Whole : Sample;
        for (var i = 0; i < count; i++)
        {
            trial.Write("seed.txt", $"seed {i}\n");
            var running = trial.Start(["run", "-j", "3", "pipeline.md"]);
            Thread.Sleep(random.Next(1, 900));
            running.Process.Kill();
            _ = running.End(TimeSpan.FromSeconds(20));
            HoldsTogether(trial, $"kill {i}");

            trial.Varve("run", "-j", "3", "pipeline.md").Succeeded();
            Assert.Equal(Expected(i), trial.Read("total.txt"));
            Assert.Equal(6, Directory.GetFiles(trial.At("made/deep")).Length);
            Assert.Empty(Directory.GetFiles(trial.Workspace, ".varve-*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }));
        }
        HealsLeftovers(trial);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_single_step_that_is_killed_at_any_instant_leaves_nothing_wrong(string who)
    {
        using var trial = new Trial(who);
        var random = new Random(4711);
        var count = Grounds.All ? Whole : Sample;
        for (var i = 0; i < count; i++)
        {
            trial.Write("in.txt", $"{i}\n");
            string[] command = ["exec", "--json", "--", "sh", "-c", "cat in.txt > a.txt; sleep 0.1; seq 20000 > b.txt; mkdir -p d; mv b.txt d/b.txt; cat in.txt > c.txt"];
            var running = trial.Start(command);
            Thread.Sleep(random.Next(1, 350));
            running.Process.Kill();
            _ = running.End(TimeSpan.FromSeconds(20));
            HoldsTogether(trial, $"kill {i}");
            trial.Varve(command).Succeeded();
            Assert.Equal($"{i}\n", trial.Read("c.txt"));
            Assert.Equal($"{i}\n", trial.Read("a.txt"));
            Assert.Equal(20000, File.ReadLines(trial.At("d/b.txt")).Count());
        }
        HealsLeftovers(trial);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Two_runs_at_once_on_one_home_are_right_and_no_step_runs_twice(string who)
    {
        using var trial = new Trial(who);
        trial.Write("pipeline.md", Document);
        for (var i = 0; i < (Grounds.All ? 20 : 3); i++)
        {
            trial.Write("seed.txt", $"seed {i}\n");
            var before = Executions(trial).Count;
            var first = trial.Start(["run", "-j", "2", "pipeline.md"]);
            var second = trial.Start(["run", "-j", "2", "pipeline.md"]);
            Trial.Await(first).Succeeded();
            Trial.Await(second).Succeeded();
            Assert.Equal(Expected(i), trial.Read("total.txt"));
            Assert.Equal(8, Executions(trial).Count - before);
        }
        trial.Varve("verify").Succeeded();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void The_same_step_asked_for_six_times_at_once_runs_once(string who)
    {
        using var trial = new Trial(who);
        var all = Enumerable.Range(0, 6).Select(_ => trial.Start(["exec", "--json", "--", "sh", "-c", "sleep 0.5; echo made > made.txt"])).ToArray();
        var outcomes = all.Select(Trial.Await).ToArray();
        Assert.All(outcomes, o => o.Succeeded());
        Assert.Single(outcomes, o => !o.Trace.Reused);
        Assert.Single(Executions(trial));
    }

    private static void HealsLeftovers(Trial trial)
    {
        Thread.Sleep(2500);
        trial.Sh("echo one more step").Succeeded();
        Assert.Empty(trial.LeftRunning());
    }

    private static string Expected(int i)
    {
        var lines = Enumerable.Range(1, 6).Select(n => System.Text.Encoding.UTF8.GetBytes($"{n.ToString(CultureInfo.InvariantCulture)} seed {i.ToString(CultureInfo.InvariantCulture)}\n"));
        return string.Concat(lines.Select(l => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(l)) + "  -\n"));
    }

    private static List<string> Executions(Trial trial) =>
        [.. trial.Varve("log", "--json", "-n", "100000").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("execution").GetString()!)];

    private static void HoldsTogether(Trial trial, string when)
    {
        var verified = trial.Varve("verify");
        Assert.True(verified.ExitCode == 0, $"{when}: verify says {verified.Error}{verified.Output}");
        for (var patience = 0; Survivors(trial).Length > 0; patience++)
        {
            Assert.True(patience < 50, $"{when}: still running: {string.Join(", ", Survivors(trial))}");
            Thread.Sleep(100);
        }
    }

    private static string[] Survivors(Trial trial) =>
        [.. Tools.Run("sh", "-c", $"for p in /proc/[0-9]*; do case $(readlink $p/cwd) in {trial.Workspace}*) echo $p $(tr '\\0' ' ' < $p/cmdline);; esac; done 2>/dev/null")
            .Said.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
