using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>
/// A step makes links itself and reads through them: what it reached is in the trace, or the step is refused, or an
/// effect says that it may be missing.
/// </summary>
public sealed class LinkTests
{
    /// <summary>What the step does to reach `real/in.txt`.</summary>
    public static TheoryData<string, string> Ways => new()
    {
        { "a link to a file", "ln -s real/in.txt l; cat l" },
        { "a link to a folder", "ln -s real l; cat l/in.txt" },
        { "a link to a link", "ln -s real a; ln -s a b; ln -s b c; cat c/in.txt" },
        { "a link in a folder it made", "mkdir n; ln -s ../real n/l; cat n/l/in.txt" },
        { "a link deep in folders it made", "mkdir -p n/m/o; ln -s ../../../real n/m/o/l; cat n/m/../m/o/l/in.txt" },
        { "a link in its own /tmp", "ln -s \"$PWD/real\" /tmp/l; cat /tmp/l/in.txt" },
        { "a link made through another name of the folder", "ln -s folder other; ln -s ../real other/l; cat folder/l/in.txt" },
        { "a link renamed", "ln -s real a; mv a b; cat b/in.txt" },
        { "a link that was there, renamed", "mv old-link b; cat b/in.txt" },
        { "a link in a folder it renamed", "mkdir n; ln -s ../real n/l; mv n m; cat m/l/in.txt" },
        { "a link that was there in a folder it renamed", "mv has-link m; cat m/l/in.txt" },
        { "a further name of a link", "ln -s real a; ln -P a b; rm a; cat b/in.txt" },
        { "a further name of a link that was there", "ln -P old-link b; cat b/in.txt" },
        { "a link changed after it was used", "ln -s folder l; cat l/other.txt; ln -sfn real l; cat l/in.txt" },
        { "a link changed after it was looked through in vain", "ln -s folder l; cat l/in.txt; ln -sfn real l; cat l/in.txt" },
        { "a copied link", "cp -a old-link copied; cat copied/in.txt" },
        { "an unpacked link", "tar cf - old-link | (mkdir n; ln -s ../real n/real; cd n; tar xf -); cat n/old-link/in.txt" },
        { "a folder replaced by a link", "rm -r folder; ln -s real folder; cat folder/in.txt" },
        { "working below a link", "ln -s real l; cd l; cat in.txt" },
        { "a link through /proc", "ln -s /proc/self/cwd/real l; cat l/in.txt" },
        { "a relative path upwards", "cd folder; cat ../real/../real/./in.txt" },
    };

    [Theory, MemberData(nameof(Ways))]
    public void What_is_reached_through_a_link_of_its_own_is_recorded(string name, string script)
    {
        foreach (var who in People.All.Select(row => row.Data))
        {
            using var trial = new Trial(who);
            var input = trial.Write("real/in.txt", "in\n");
            trial.Write("folder/other.txt", "other\n");
            trial.Plain(trial.Workspace, "sh", "-ec", "ln -s real old-link; mkdir has-link; ln -s ../real has-link/l").Succeeded();
            var outcome = trial.Sh(script).Succeeded();
            Assert.EndsWith("in\n", outcome.Output, StringComparison.Ordinal);
            var isFlagged = outcome.Trace.Of("host").Contains("may not be recorded", StringComparison.Ordinal);
            Assert.True(outcome.Trace.Reads.ContainsKey(input) || isFlagged, $"{name}: real/in.txt is not among the reads: {string.Join(", ", outcome.Trace.Reads.Keys.Where(p => p.StartsWith(trial.Workspace, StringComparison.Ordinal)))}");
        }
    }
}
