using Varve.Snapshots.Keeping;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What a sync promises on every back end.</summary>
public abstract class SyncTests
{
    private protected static readonly SyncOptions NoSnapshot = new() { SyncSnapshot = false };

    private protected abstract IVolumesFixture Open();

    private protected static void Take(IVolumesFixture f, string dataset, string name, string text)
    {
        f.Write(dataset, text);
        f.Volumes.Take([(dataset, name)], children: false);
    }

    private protected static IEnumerable<string> Names(IVolumesFixture f, string dataset) => f.Volumes.Snapshots([dataset]).Select(static s => s.Name);

    private protected static TransferResult Run(IVolumesFixture f, string source, string target, SyncOptions? options = null) =>
        Assert.Single(Sync.Run(new Side(f.Volumes, source), new Side(f.Volumes, target), options ?? NoSnapshot, cancel: TestContext.Current.CancellationToken).Results);

    private protected static void Succeeds(TransferResult result) => Assert.Equal("", result.Failure);

    [Fact]
    public void A_first_sync_brings_all_snapshots_and_a_second_one_what_came_since()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Take(f, source, "second", "two");
        var all = Run(f, source, target);
        Succeeds(all);
        Assert.Equal(TransferAction.Full, all.Planned.Action);
        Take(f, source, "third", "three");
        var rest = Run(f, source, target);
        Succeeds(rest);
        Assert.Equal((TransferAction.Increment, "second"), (rest.Planned.Action, rest.Planned.Base));
        Assert.Equal(f.Volumes.Snapshots([source]).Select(static s => (s.Name, s.Guid, s.CreatedAt, s.IsMarked)), f.Volumes.Snapshots([target]).Select(static s => (s.Name, s.Guid, s.CreatedAt, s.IsMarked)));
        Assert.Equal(("one", "three"), (f.Read(target, "first"), f.Read(target, "third")));
        Assert.Equal(TransferAction.Nothing, Run(f, source, target).Planned.Action);
    }

    [Fact]
    public void A_plan_changes_nothing()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        var planned = Assert.Single(Sync.Plan(new Side(f.Volumes, source), new Side(f.Volumes, target), new SyncOptions()).Transfers);
        Assert.Equal(TransferAction.Full, planned.Action);
        Assert.Empty(f.Volumes.Datasets(target, recursive: true));
        Assert.Equal(["first"], Names(f, source));
    }

    [Fact]
    public void Only_the_newest_comes_when_those_between_are_not_wanted()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        foreach (var name in (string[])["a", "b", "c"]) Take(f, source, name, name);
        Succeeds(Run(f, source, target, NoSnapshot with { Intermediates = false }));
        Assert.Equal(["c"], Names(f, target));
        foreach (var name in (string[])["d", "e"]) Take(f, source, name, name);
        Succeeds(Run(f, source, target, NoSnapshot with { Intermediates = false }));
        Assert.Equal(["c", "e"], Names(f, target));
        Assert.Equal("e", f.Read(target, "e"));
    }

    [Fact]
    public void Snapshots_can_be_chosen_by_pattern()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        foreach (var name in (string[])["daily-1", "hourly-1", "daily-2", "other"]) Take(f, source, name, name);
        Succeeds(Run(f, source, target, NoSnapshot with { IncludeSnapshots = ["^daily", "^hourly"], ExcludeSnapshots = ["-2$"] }));
        Assert.Equal(["daily-1", "hourly-1"], Names(f, target));
        Take(f, source, "daily-3", "x");
        Succeeds(Run(f, source, target, NoSnapshot with { IncludeSnapshots = ["^daily"] }));
        Assert.Equal(["daily-1", "hourly-1", "daily-2", "daily-3"], Names(f, target));
        Assert.Equal("x", f.Read(target, "daily-3"));
    }

    [Fact]
    public void A_sync_takes_a_snapshot_of_its_own_and_drops_the_last_one()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        f.Write(source, "one");
        Succeeds(Run(f, source, target, new SyncOptions()));
        var first = Assert.Single(Names(f, target));
        Assert.StartsWith("varve-sync_", first, StringComparison.Ordinal);
        f.Write(source, "two");
        Succeeds(Run(f, source, target, new SyncOptions()));
        var second = Assert.Single(Names(f, target));
        Assert.Equal(second, Assert.Single(Names(f, source)));
        Assert.NotEqual(first, second);
        Assert.Equal("two", f.Read(target, second));
        f.Write(source, "three");
        Succeeds(Run(f, source, target, new SyncOptions { KeepSyncSnapshots = true }));
        Assert.Equal(2, Names(f, target).Count());
    }

    [Fact]
    public void What_the_target_has_and_the_source_has_not_is_explained_and_stays_until_somebody_says_otherwise()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Succeeds(Run(f, source, target));
        f.TakeOnReplica(target, "own");
        Take(f, source, "second", "two");
        var refused = Run(f, source, target);
        Assert.Contains("after first", refused.Failure, StringComparison.Ordinal);
        Assert.Contains("1 snapshot: own (", refused.Failure, StringComparison.Ordinal);
        Assert.Contains("--rollback", refused.Failure, StringComparison.Ordinal);
        Assert.Equal(["first", "own"], Names(f, target));
        var told = Run(f, source, target, NoSnapshot with { Rollback = true });
        Succeeds(told);
        Assert.Equal([$"{target}@own"], told.Destroyed);
        Assert.Equal(["first", "second"], Names(f, target));
    }

    [Fact]
    public void A_target_with_nothing_in_common_is_left_alone_until_somebody_says_otherwise()
    {
        using var f = Open();
        var (source, other, target) = (f.NewDataset("source"), f.NewDataset("other"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Take(f, other, "first", "another");
        Succeeds(Run(f, other, target));
        Assert.Contains("no snapshot in common", Run(f, source, target).Failure, StringComparison.Ordinal);
        Assert.Equal("another", f.Read(target, "first"));
        Succeeds(Run(f, source, target, NoSnapshot with { ForceDelete = true }));
        Assert.Equal("one", f.Read(target, "first"));
    }

    [Fact]
    public void A_held_snapshot_is_not_destroyed_whatever_is_said()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Succeeds(Run(f, source, target));
        f.TakeOnReplica(target, "own");
        f.Volumes.Hold(target, "own", "somebody");
        Take(f, source, "second", "two");
        Assert.NotEqual("", Run(f, source, target, NoSnapshot with { Rollback = true }).Failure);
        Assert.Equal(["first", "own"], Names(f, target));
    }

    [Fact]
    public void What_the_source_no_longer_has_goes_from_the_target_only_when_asked()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        foreach (var name in (string[])["a", "b", "c", "d"]) Take(f, source, name, name);
        Succeeds(Run(f, source, target));
        f.Volumes.Destroy(source, ["a", "b"]);
        f.Volumes.Hold(target, "b", "somebody");
        Succeeds(Run(f, source, target));
        Assert.Equal(["a", "b", "c", "d"], Names(f, target));
        Assert.Equal([$"{target}@a"], Run(f, source, target, NoSnapshot with { DeleteTargetSnapshots = true }).Destroyed);
        Assert.Equal(["b", "c", "d"], Names(f, target));
    }

    [Fact]
    public void Both_sides_note_what_the_other_has_and_no_hold_is_left()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Succeeds(Run(f, source, target));
        Take(f, source, "second", "two");
        Succeeds(Run(f, source, target));
        var newest = f.Volumes.Snapshots([source])[^1].Guid;
        var (here, there) = (f.Volumes.Find(source)!, f.Volumes.Find(target)!);
        Assert.Equal(newest, PeerNotes.Of(here)[$"{Environment.MachineName}:{target}"]);
        Assert.Equal(newest, PeerNotes.Of(there)[$"{Environment.MachineName}:{source}"]);
        Assert.Equal($"{Environment.MachineName}:{source}", there.Note(Notes.Source));
        Assert.All(f.Volumes.Snapshots([source, target]), static s => Assert.Equal(0, s.Holds));
    }

    [Fact]
    public void A_hold_can_stay_on_both_sides_until_the_next_sync()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Succeeds(Run(f, source, target, NoSnapshot with { KeepHold = true }));
        Assert.All(f.Volumes.Snapshots([source, target]), static s => Assert.Equal(1, s.Holds));
        Take(f, source, "second", "two");
        Succeeds(Run(f, source, target, NoSnapshot with { KeepHold = true }));
        Assert.Equal([0, 1, 0, 1], f.Volumes.Snapshots([source, target]).Select(static s => s.Holds));
    }

    [Fact]
    public void Holds_that_a_stopped_sync_left_go_with_the_next()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Succeeds(Run(f, source, target));
        f.Volumes.Hold(source, "first", SyncNames.Hold("", $"{Environment.MachineName}:{target}"));
        f.Volumes.Hold(target, "first", "somebody's");
        Succeeds(Run(f, source, target));
        Assert.Equal([0, 1], f.Volumes.Snapshots([source, target]).Select(static s => s.Holds));
    }

    [Fact]
    public void A_replica_can_be_sent_on_and_gets_no_snapshot_of_its_own()
    {
        using var f = Open();
        var (a, b, c) = (f.NewDataset("a"), f.NewTarget("b"), f.NewTarget("c"));
        Take(f, a, "first", "one");
        Succeeds(Run(f, a, b));
        Succeeds(Run(f, b, c, new SyncOptions()));
        Assert.Equal(["first"], Names(f, b));
        Take(f, a, "second", "two");
        Succeeds(Run(f, a, b));
        Succeeds(Run(f, b, c, new SyncOptions()));
        Assert.Equal("two", f.Read(c, "second"));
        // C can go on from A as well: it is the same snapshot wherever it came from.
        Take(f, a, "third", "three");
        Succeeds(Run(f, a, c));
        Assert.Equal("three", f.Read(c, "third"));
    }

    [Fact]
    public void Datasets_below_come_too_and_some_can_be_left_out()
    {
        using var f = Open();
        var source = f.NewDataset("source");
        foreach (var below in (string[])["x", "y", "z"]) Take(f, f.NewDataset($"source/{below}"), "first", below);
        Take(f, source, "first", "root");
        var target = f.NewTarget("target");
        var report = Sync.Run(new Side(f.Volumes, source), new Side(f.Volumes, target), NoSnapshot with { Recursive = true, ExcludeDatasets = ["/y$"] }, cancel: TestContext.Current.CancellationToken);
        Assert.True(report.Succeeded, string.Join('\n', report.Results.Select(static r => r.Failure)));
        Assert.Equal([target, target + "/x", target + "/z"], report.Results.Select(static r => r.Planned.Target));
        Assert.Equal("z", f.Read(target + "/z", "first"));
    }

    [Fact]
    public void Several_targets_are_served_at_once_from_one_snapshot()
    {
        using var f = Open();
        var (source, a, b) = (f.NewDataset("source"), f.NewTarget("a"), f.NewTarget("b"));
        for (var round = 0; round < 2; round++)
        {
            f.Write(source, $"round {round}");
            var reports = Sync.Run(new Side(f.Volumes, source), [new Side(f.Volumes, a), new Side(f.Volumes, b)], new SyncOptions(), cancel: TestContext.Current.CancellationToken);
            Assert.All(reports, static r => Assert.True(r.Succeeded, string.Join('\n', r.Results.Select(static x => x.Failure))));
        }
        var newest = f.Volumes.Snapshots([source])[^1];
        Assert.Equal([newest.Guid, newest.Guid], ((string[])[a, b]).Select(t => f.Volumes.Snapshots([t])[^1].Guid));
        Assert.Equal(2, PeerNotes.Of(f.Volumes.Find(source)!).Count);
    }

    [Fact]
    public void A_source_that_is_not_there_and_a_target_inside_the_source_are_refused()
    {
        using var f = Open();
        var source = f.NewDataset("source");
        Assert.Contains("does not exist", Assert.Throws<SnapshotException>(() => Run(f, f.NewTarget("gone"), f.NewTarget("target"))).Message, StringComparison.Ordinal);
        Assert.Contains("into itself", Assert.Throws<SnapshotException>(() => Run(f, source, source + "/inside")).Message, StringComparison.Ordinal);
        Assert.Contains("no snapshot that could be sent", Run(f, source, f.NewTarget("target")).Failure, StringComparison.Ordinal);
    }
}

/// <summary>In memory.</summary>
public sealed class MemorySyncTests : SyncTests
{
    private protected override IVolumesFixture Open() => new MemoryFixture();

    [Fact]
    public void A_bookmark_is_enough_to_go_on_from()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        Succeeds(Run(f, source, target));
        f.Volumes.Destroy(source, ["first"]);
        foreach (var name in (string[])["second", "third", "fourth"]) Take(f, source, name, name);
        var result = Run(f, source, target);
        Succeeds(result);
        Assert.StartsWith("varve-cursor", result.Planned.Base, StringComparison.Ordinal);
        Assert.Equal(["first", "second", "third", "fourth"], Names(f, target));
        Assert.Single(f.Volumes.Bookmarks([source]));
    }

    [Fact]
    public void A_stream_that_breaks_is_said_and_the_next_sync_brings_it()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Take(f, source, "first", "one");
        ((MemoryVolumes)f.Volumes).BreakAfter = 20;
        Assert.Contains("too early", Run(f, source, target).Failure, StringComparison.Ordinal);
        Succeeds(Run(f, source, target));
        Assert.Equal("one", f.Read(target, "first"));
    }
}

/// <summary>On a real btrfs.</summary>
public sealed class BtrfsSyncTests : SyncTests
{
    private protected override IVolumesFixture Open() => new BtrfsFixture();
}

/// <summary>Of folders.</summary>
public sealed class PlainSyncTests : SyncTests
{
    private protected override IVolumesFixture Open() => new PlainFixture();
}
