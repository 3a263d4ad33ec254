using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>A whole document run again, to see which of its steps make the same.</summary>
public sealed class RecomputeTests
{
    private const string Document = """
        # P

        ```sh name=base
        echo base >base.txt
        ```

        ```sh name=each map=rows.csv
        cat base.txt >"$id.txt"; echo "$id" >>"$id.txt"
        ```

        ```sh name=chance
        cat base.txt >chance.txt; cat /proc/sys/kernel/random/uuid >>chance.txt
        ```

        ```sh name=after
        wc -l <chance.txt
        ```

        """;

    private static Dictionary<string, JsonElement> Told(Outcome outcome) =>
        outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.Clone())
            .ToDictionary(j => $"{j.GetProperty("block").GetString()} {j.GetProperty("element").GetString()}".TrimEnd());

    [Fact]
    public void Each_step_is_judged_by_itself_and_what_differs_is_shown()
    {
        using var trial = new Trial();
        trial.Write("rows.csv", "id\na\nb\n");
        trial.Write("p.md", Document);
        trial.Varve("run", "p.md").Succeeded();
        var before = trial.Read("chance.txt");

        var report = trial.Varve("recompute", "p.md", "-j", "2");
        Assert.Equal(1, report.ExitCode);
        Assert.Contains("different: chance: ", report.Output, StringComparison.Ordinal);
        Assert.Contains("in line 2", report.Output, StringComparison.Ordinal);
        Assert.Contains("  + ", report.Output, StringComparison.Ordinal);
        Assert.Contains("may be the cause: host: read /proc/sys/kernel/random/uuid", report.Output, StringComparison.Ordinal);
        Assert.EndsWith("5 steps: 4 the same, 1 different\n", report.Output, StringComparison.Ordinal);
        Assert.Equal(before, trial.Read("chance.txt"));

        var json = Told(trial.Varve("recompute", "p.md", "--json"));
        Assert.Equal(["after", "base", "chance", "each a", "each b"], json.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("different", json["chance"].GetProperty("verdict").GetString());
        Assert.Equal(2, json["chance"].GetProperty("differences")[0].GetProperty("bytes").GetProperty("line").GetInt32());
        Assert.All(json.Where(j => j.Key != "chance"), j => Assert.Equal("same", j.Value.GetProperty("verdict").GetString()));
    }

    [Fact]
    public void What_was_only_compared_never_takes_the_place_of_a_result()
    {
        using var trial = new Trial();
        trial.Write("rows.csv", "id\na\n");
        trial.Write("p.md", Document);
        trial.Varve("run", "p.md").Succeeded();
        var before = trial.Read("chance.txt");
        Assert.Equal(1, trial.Varve("recompute", "p.md").ExitCode);
        Assert.Contains("0 ran, 4 reused", trial.Varve("run", "p.md").Succeeded().Error, StringComparison.Ordinal);
        Assert.Equal(before, trial.Read("chance.txt"));
    }

    [Fact]
    public void A_step_that_changed_since_and_one_whose_input_is_lost_are_told_from_those_that_differ()
    {
        using var trial = new Trial();
        trial.Write("p.md", "```sh name=one\necho 1 >one\n```\n");
        Assert.Equal(2, trial.Varve("recompute", "p.md").ExitCode);
        trial.Varve("run", "p.md").Succeeded();
        Assert.Equal(0, trial.Varve("recompute", "p.md").ExitCode);
        trial.Write("p.md", "```sh name=one\necho 2 >one\n```\n");
        var changed = trial.Varve("recompute", "p.md");
        Assert.Equal(2, changed.ExitCode);
        Assert.Contains("never ran: one: it has not run in this form (its text was changed)", changed.Output, StringComparison.Ordinal);
    }
}
