using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>A whole document in Shark's dialect (docs/shark.md), on a root file system that holds busybox and nothing else.</summary>
public sealed class SharkTests
{
    private const string Busybox = "/usr/bin/busybox";
    private static readonly string[] Applets = ["sh", "cat", "wc", "mkdir", "cp", "basename", "head", "sort", "ls"];

    private const string Text = """
        ---
        inputs:
          species: species.csv
        limit: [1, 2]
        place: {name: zion}
        ---
        # A forest

        ```shark-build:tools
        ((from ./rootfs)
         (env UNIT km2)
         (run (shell "mkdir -p /opt && echo tools-1 > /opt/version"))
         (copy (src count.sh) (dst /opt/count.sh)))
        ```

        ```shark-build:plain
        ((from ./rootfs)) ; nothing but what is there
        ```

        ```shark-import
        ranges /data/ranges
        regions /data/regions
        ```

        ```shark-run:tools
        $ sh /opt/count.sh /data/ranges/* /data/regions/*
        cat /opt/version > /data/version
        ```

        ```shark-run:plain
        for f in $(ls /data/counts); do cat /data/counts/$f; done \
          | sort > /data/total
        head -n %{limit} /data/total > /data/%{place.name}-%{limit}
        export LISTED=/data/listed
        wc -l < /data/species.csv > $LISTED
        ```

        ```shark-run
        wc -c < /data/total > /data/size
        ```

        ```shark-publish
        /data/total
        /data/zion-2
        /data/counts
        ```

        """;

    public static TheoryData<string> Everyone => People.All;

    private static Trial Forest(string who)
    {
        Assert.SkipUnless(File.Exists(Busybox), "busybox is missing (Debian package busybox-static)");
        var trial = new Trial(who);
        var links = string.Join(" && ", Applets.Select(name => $"ln -s busybox rootfs/bin/{name}"));
        trial.Plain(trial.Workspace, "sh", "-c", $"mkdir -p rootfs/bin && cp {Busybox} rootfs/bin && {links}").Succeeded();
        if (trial.Plain(trial.Workspace, "chroot", "rootfs", "/bin/sh", "-c", "true") is { ExitCode: not 0 } wrong && !People.IsOrdinary(who))
            Assert.Skip($"busybox is not a static program here (Debian package busybox-static): {wrong.Error}");
        trial.Write("count.sh", "mkdir -p /data/counts\necho \"$(basename \"$1\") in $(basename \"$2\"): $(wc -l < \"$1\") $UNIT\" > /data/counts/$(basename \"$1\")-$(basename \"$2\")\n");
        foreach (var (name, lines) in new[] { ("lynx", "a\nb\n"), ("owl", "a\nb\nc\n") }) trial.Write($"ranges/{name}", lines);
        foreach (var name in new[] { "east", "west" }) trial.Write($"regions/{name}", "");
        trial.Write("species.csv", "lynx,2\nowl,3\n");
        trial.Write("forest.md", Text);
        return trial;
    }

    /// <summary>Runs the document; block and element of each step, and of those that were not reused.</summary>
    private static (string[] All, string[] Ran) Run(Trial trial)
    {
        var steps = trial.Varve("run", "--json", "forest.md").Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => JsonDocument.Parse(line).RootElement)
            .Select(static step => (Name: $"{step.GetProperty("block").GetString()} {step.GetProperty("element").GetString()}".Trim(), Reused: step.GetProperty("reused").GetBoolean())).ToArray();
        return ([.. steps.Select(static s => s.Name).Order(StringComparer.Ordinal)], [.. steps.Where(static s => !s.Reused).Select(static s => s.Name).Order(StringComparer.Ordinal)]);
    }

    /// <summary>The line of the document that a text stands on, by which Shark's steps are named.</summary>
    private static int LineOf(string part) => Text[..Text.IndexOf(part, StringComparison.Ordinal)].Count(static c => c == '\n') + 1;

    private static readonly string Count = $"tools-{LineOf("$ sh /opt/count.sh")}", Version = $"tools-{LineOf("cat /opt/version")}", Total = $"plain-{LineOf("for f in")}",
        Top = $"plain-{LineOf("head -n")}", Listed = $"plain-{LineOf("wc -l < /data/species")}", Size = $"host-{LineOf("wc -c")}",
        Ranges = $"import-{LineOf("ranges /data")}", Regions = $"import-{LineOf("regions /data")}";

    [Theory, MemberData(nameof(Everyone))]
    public void The_first_run_runs_everything_and_publishes_and_the_second_runs_nothing(string who)
    {
        using var trial = Forest(who);
        var (all, ran) = Run(trial);
        string[] counted = [$"{Count} lynx x east", $"{Count} lynx x west", $"{Count} owl x east", $"{Count} owl x west"];
        string[] expected = ["input-species", "tools.2", "tools.3", Ranges, Regions, .. counted, Version, Total, $"{Top} 1", $"{Top} 2", Listed, Size];
        Assert.Equal(expected.Order(StringComparer.Ordinal), all);
        Assert.Equal(all, ran);

        const string total = "lynx in east: 2 km2\nlynx in west: 2 km2\nowl in east: 3 km2\nowl in west: 3 km2\n";
        Assert.Equal(total, trial.Read("forest.data/total"));
        Assert.Equal(total, trial.Read("_shark/total"));
        Assert.Equal("lynx in east: 2 km2\nlynx in west: 2 km2\n", trial.Read("_shark/zion-2"));
        Assert.Equal("lynx in east: 2 km2\n", trial.Read("forest.data/zion-1"));
        Assert.Equal("owl in west: 3 km2\n", trial.Read("_shark/counts/owl-west"));
        Assert.Equal(("2", "tools-1"), (trial.Read("forest.data/listed").Trim(), trial.Read("forest.data/version").Trim()));
        Assert.Equal($"{total.Length}", trial.Read("forest.data/size").Trim());
        Assert.Equal(Text, trial.Read("forest.md"));

        Assert.Empty(Run(trial).Ran);
        Directory.Delete(trial.At("forest.data"), recursive: true);
        Assert.Empty(Run(trial).Ran);
        Assert.Equal(total, trial.Read("forest.data/total"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void An_edited_build_runs_what_is_done_in_it_and_stops_where_results_are_the_same(string who)
    {
        using var trial = Forest(who);
        Run(trial);
        string[] counted = [$"{Count} lynx x east", $"{Count} lynx x west", $"{Count} owl x east", $"{Count} owl x west"];

        trial.Write("forest.md", Text.Replace("echo tools-1", "echo tools-2", StringComparison.Ordinal));
        Assert.Equal(new[] { "tools.2", "tools.3", Version }.Concat(counted).Order(StringComparer.Ordinal), Run(trial).Ran);
        Assert.Equal("tools-2\n", trial.Read("forest.data/version"));

        // Back at an earlier text: all of it is known.
        trial.Write("forest.md", Text);
        Assert.Empty(Run(trial).Ran);
        Assert.Equal("tools-1\n", trial.Read("forest.data/version"));

        trial.Write("forest.md", Text.Replace("UNIT km2", "UNIT ha", StringComparison.Ordinal));
        Assert.Equal(new[] { "tools.2", "tools.3", Version, Total, $"{Top} 1", $"{Top} 2", Size }.Concat(counted).Order(StringComparer.Ordinal), Run(trial).Ran);
        Assert.Equal("lynx in east: 2 ha\n", trial.Read("forest.data/zion-1"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void An_edited_input_runs_only_the_elements_that_read_it(string who)
    {
        using var trial = Forest(who);
        Run(trial);

        trial.Write("ranges/owl", "a\nb\nc\nd\n");
        Assert.Equal(new[] { Ranges, $"{Count} owl x east", $"{Count} owl x west", Total, $"{Top} 1", $"{Top} 2", Size }.Order(StringComparer.Ordinal), Run(trial).Ran);
        Assert.Equal("lynx in east: 2 km2\nlynx in west: 2 km2\nowl in east: 4 km2\nowl in west: 4 km2\n", trial.Read("_shark/total"));

        trial.Write("ranges/vole", "a\n");
        Assert.Equal(new[] { Ranges, $"{Count} vole x east", $"{Count} vole x west", Total, $"{Top} 1", $"{Top} 2", Size }.Order(StringComparer.Ordinal), Run(trial).Ran);
        Assert.EndsWith("vole in west: 1 km2\n", trial.Read("_shark/total"), StringComparison.Ordinal);

        trial.Write("species.csv", "lynx,2\nowl,3\nvole,1\n");
        Assert.Equal(new[] { "input-species", Listed }.Order(StringComparer.Ordinal), Run(trial).Ran);
    }

    [Theory]
    [InlineData("(from ./rootfs)", "(from debian:12)", "a local root file system is needed")]
    [InlineData("ranges /data/ranges", "none /data/ranges", "to import")]
    [InlineData("/data/ranges/* /data/regions/*", "/data/nothing/*", "no file matches /data/nothing/*")]
    [InlineData("/data/zion-2\n", "/data/zion-9\n", "no block made it")]
    [InlineData("ranges /data/ranges", "ranges /elsewhere", "goes to a path below /data")]
    public void What_is_wrong_with_a_document_is_told_with_its_line(string before, string after, string said)
    {
        using var trial = Forest(People.Me);
        trial.Write("forest.md", Text.Replace(before, after, StringComparison.Ordinal));
        var outcome = trial.Varve("run", "forest.md");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(said, outcome.Error, StringComparison.Ordinal);
        Assert.Matches(@"forest\.md:[0-9]+: ", outcome.Error);
    }
}
