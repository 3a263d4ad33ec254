using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Undo, checkout and try: the workspace's whole history is there, and nobody's own work is lost to it.</summary>
public sealed class UndoTests
{
    public static TheoryData<string> Everyone => People.All;

    private static string Picture(Trial trial) =>
        trial.Plain(trial.Workspace, "sh", "-c", "find . ! -name . | sort | while read f; do stat -c '%N %A' \"$f\"; [ -f \"$f\" ] && cat \"$f\"; done; true").Succeeded().Output;

    [Theory, MemberData(nameof(Everyone))]
    public void Each_step_can_be_taken_back_to_the_first(string who)
    {
        using var trial = new Trial(who);
        trial.Write("own.txt", "mine\n");
        var pictures = new Stack<string>();
        foreach (var step in new[] { "mkdir -p d/e; echo 1 > d/e/f; ln -s d l", "echo 2 > d/e/f; chmod 700 d", "rm -r d own.txt; mkfifo p", "rm l; echo file > l; mkdir own.txt" })
        {
            pictures.Push(Picture(trial));
            trial.Sh(step).Ran();
        }
        while (pictures.TryPop(out var before))
        {
            trial.Varve("undo").Succeeded();
            Assert.Equal(before, Picture(trial));
        }
        Assert.Contains("nothing to take back", trial.Varve("undo").Succeeded().Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_are_taken_back_at_once_and_checkout_goes_forward_again()
    {
        using var trial = new Trial();
        trial.Sh("echo 1 > f").Ran();
        trial.Sh("echo 2 > f; echo g > g").Ran();
        var last = trial.Sh("echo 3 > f").Ran().Trace.Execution;
        trial.Varve("undo", "2").Succeeded();
        Assert.Equal("1\n", trial.Read("f"));
        Assert.False(File.Exists(trial.At("g")));
        trial.Varve("checkout", last).Succeeded();
        Assert.Equal("3\n", trial.Read("f"));
        Assert.Equal("g\n", trial.Read("g"));
        trial.Varve("undo").Succeeded();
        Assert.Equal("1\n", trial.Read("f"));
    }

    [Fact]
    public void One_file_is_brought_back_from_an_earlier_execution()
    {
        using var trial = new Trial();
        var first = trial.Sh("echo 1 > f; echo 1 > g").Ran().Trace.Execution;
        trial.Sh("echo 2 > f; echo 2 > g").Ran();
        trial.Varve("checkout", first, "f").Succeeded();
        Assert.Equal("1\n", trial.Read("f"));
        Assert.Equal("2\n", trial.Read("g"));
        File.Delete(trial.At("f"));
        trial.Varve("checkout", "--force", first, "f").Succeeded();
        Assert.Equal("1\n", trial.Read("f"));
    }

    [Fact]
    public void What_somebody_changed_without_varve_stands_in_the_way_and_is_never_lost()
    {
        using var trial = new Trial();
        trial.Sh("echo made > f").Ran();
        trial.Write("f", "edited by hand\n");
        var refused = trial.Varve("undo");
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains(trial.At("f"), refused.Error, StringComparison.Ordinal);
        Assert.Equal("edited by hand\n", trial.Read("f"));
        trial.Varve("undo", "--force").Succeeded();
        Assert.False(File.Exists(trial.At("f")));
        Assert.Contains("changed without Varve", trial.Varve("undo", "--list").Succeeded().Output, StringComparison.Ordinal);
        trial.Varve("gc").Succeeded();
        Assert.Contains("edited by hand", trial.Plain(trial.Home, "sh", "-c", "cat store/*/*").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_holds_something_new_stays()
    {
        using var trial = new Trial();
        trial.Sh("mkdir d; echo 1 > d/made").Ran();
        trial.Write("d/own", "mine\n");
        trial.Varve("undo").Succeeded();
        Assert.Equal("mine\n", trial.Read("d/own"));
        Assert.False(File.Exists(trial.At("d/made")));
    }

    [Fact]
    public void A_dry_run_changes_nothing()
    {
        using var trial = new Trial();
        trial.Sh("echo 1 > f").Ran();
        Assert.Contains("would be removed f", trial.Varve("undo", "--dry-run").Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal("1\n", trial.Read("f"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Trying_shows_what_would_change_and_keeps_it_only_when_told(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "one\ntwo\nthree\n");
        trial.Write("gone.txt", "x\n");
        string[] command = ["--", "sh", "-c", "sed -i s/two/TWO/ a.txt; rm gone.txt; echo new > new.txt; echo said"];
        var dropped = trial.Varve(["try", .. command]).Succeeded();
        Assert.Equal("said\n", dropped.Output);
        foreach (var line in new[] { "changed a.txt, 14 B to 14 B", "-two", "+TWO", "deleted gone.txt", "created new.txt, 4 B", "dropped" }) Assert.Contains(line, dropped.Error, StringComparison.Ordinal);
        Assert.Equal("one\ntwo\nthree\n", trial.Read("a.txt"));
        Assert.True(File.Exists(trial.At("gone.txt")));
        trial.Varve(["try", "--keep", .. command]).Succeeded();
        Assert.Equal("one\nTWO\nthree\n", trial.Read("a.txt"));
        Assert.False(File.Exists(trial.At("gone.txt")));
        trial.Varve("undo").Succeeded();
        Assert.Equal("one\ntwo\nthree\n", trial.Read("a.txt"));
        Assert.Equal("x\n", trial.Read("gone.txt"));
    }

    [Fact]
    public void What_would_change_nothing_says_so() => Assert.Contains("it would change nothing", Tried("true").Error, StringComparison.Ordinal);

    private static Outcome Tried(params string[] command)
    {
        using var trial = new Trial();
        return trial.Varve(["try", "--", .. command]).Succeeded();
    }
}
