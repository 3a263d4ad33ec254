using Varve.Snapshots.Datasets;
using Xunit;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary>When a file came to be that nobody is known to have made, as snapshots tell.</summary>
public sealed class FileHistoryTests
{
    private static void Between_two_snapshots_whatever_keeps_them(IVolumesFixture f)
    {
        var dataset = f.NewDataset("source");
        void Take(string name) => f.Volumes.Take([(dataset, name)], children: false);
        void Write(string name, string text) => File.WriteAllText($"{dataset}/{name}", text);
        FileHistory Of(string name) => FileHistories.Of($"{dataset}/{name}", TestContext.Current.CancellationToken)!;

        Directory.CreateDirectory($"{dataset}/maps");
        Write("old", "as it always was");
        Write("goes", "x");
        Take("a");
        Write("maps/new", "first");
        Write("beside", "y");
        File.Delete($"{dataset}/goes");
        Take("b");
        Take("c");
        Write("maps/new", "other");
        File.SetLastWriteTimeUtc($"{dataset}/maps/new", new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Write("old-too", "z");
        Take("d");
        Write("after", "w");

        var made = Of("beside");
        Assert.Equal(("a", "b", false, 3), (made.LastWithout?.Name, made.FirstWith?.Name, made.WasThere, made.SnapshotsWith));
        Assert.Equal([(FileChange.Removed, "goes"), (FileChange.Made, "maps/new")], made.Others);
        Assert.Equal(dataset, made.Source);
        var changed = Of("maps/new");
        Assert.Equal(("c", "d", true, 1), (changed.LastWithout?.Name, changed.FirstWith?.Name, changed.WasThere, changed.SnapshotsWith));
        Assert.Equal([(FileChange.Made, "old-too")], changed.Others);
        Assert.Equal(2001, changed.ModifiedAt.Year);
        var older = Of("old");
        Assert.Equal((null, "a", 4), (older.LastWithout, older.FirstWith?.Name, older.SnapshotsWith));
        var later = Of("after");
        Assert.Equal(("d", null, false), (later.LastWithout?.Name, later.FirstWith, later.WasThere));
        // What only looks the same, by size and time, is told by its content.
        var time = File.GetLastWriteTimeUtc($"{dataset}/beside");
        Write("beside", "Y");
        File.SetLastWriteTimeUtc($"{dataset}/beside", time);
        Assert.Equal(("d", null, true), (Of("beside").LastWithout?.Name, Of("beside").FirstWith, Of("beside").WasThere));
    }

    [Fact]
    public void Of_btrfs()
    {
        using var f = new BtrfsFixture();
        Between_two_snapshots_whatever_keeps_them(f);
    }

    [Fact]
    public void Of_folders()
    {
        using var f = new PlainFixture();
        Between_two_snapshots_whatever_keeps_them(f);
    }

    [Fact]
    public void Of_a_repository_and_of_nothing()
    {
        using var place = new Place();
        place.Write("maps/a", "one");
        place.Backup(static o => o with { Label = "first" });
        place.Write("maps/b", "two");
        place.Backup(static o => o with { Label = "second" });
        var history = FileHistories.Of(place.Open(), $"{place.Source}/maps/b", TestContext.Current.CancellationToken)!;
        Assert.Equal((place.Store, "first", "second"), (history.Source, history.LastWithout?.Name, history.FirstWith?.Name));
        Assert.Empty(history.Others);
        Assert.Null(FileHistories.Of(place.Open(), $"{place.Root}/elsewhere", TestContext.Current.CancellationToken));
        Assert.Null(FileHistories.Of($"{place.Source}/maps/b", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void How_answers_from_snapshots_where_no_step_is_known()
    {
        using var f = new PlainFixture();
        var dataset = f.NewDataset("source");
        var varve = new VarveProgram(Directory.CreateDirectory($"{f.Root}/home").FullName);
        varve.Variables["VARVE_HOME"] = $"{f.Root}/varve";
        f.Volumes.Take([(dataset, "before")], children: false);
        File.WriteAllText($"{dataset}/result", "made by hand");
        f.Volumes.Take([(dataset, "after")], children: false);
        var said = varve.Finish("how", $"{dataset}/result");
        Assert.Contains($"was made by no step that Varve knows; snapshots of {dataset} tell:", said, StringComparison.Ordinal);
        Assert.Matches(@"last absent +\S+ \S+ UTC  before\n  first so +\S+ \S+ UTC  after\n  so it was made between these two; its own time is", said);
        Assert.Contains("\"firstWith\":{\"snapshot\":\"after\"", varve.Finish("how", $"{dataset}/result", "--json"), StringComparison.Ordinal);
        // Where nothing tells, it is said as before.
        File.WriteAllText($"{f.Root}/outside", "x");
        Assert.Contains("was not made by a step Varve knows", varve.Fail(2, "how", $"{f.Root}/outside"), StringComparison.Ordinal);
        using var place = new Place();
        Assert.Contains("was not made by a step Varve knows", varve.Fail(2, "how", $"{place.Root}/key"), StringComparison.Ordinal);
    }
}
