using Varve.Snapshots.Replication;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>How many calls a sync makes, as a function of how many datasets there are: between hosts each is a journey.</summary>
public sealed class SyncCallsTests
{
    private sealed record Sides(MemoryVolumes Memory, CountingVolumes Here, CountingVolumes There)
    {
        public static Sides Of(int datasets)
        {
            var memory = new MemoryVolumes();
            memory.Write("tank/data", "x");
            for (var i = 1; i < datasets; i++) memory.Write($"tank/data/{i:000}", $"content {i}");
            return new Sides(memory, new CountingVolumes(memory), new CountingVolumes(memory));
        }

        public SyncReport Run(SyncOptions options)
        {
            Here.Calls.Clear();
            There.Calls.Clear();
            var report = Sync.Run(new Side(Here, "tank/data"), new Side(There, "tank/copy"), options with { Recursive = true }, cancel: TestContext.Current.CancellationToken);
            Assert.True(report.Succeeded, string.Join("; ", report.Results.Select(static r => r.Failure)));
            return report;
        }

        public int Journeys => Here.Journeys + There.Journeys;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(500)]
    public void Nothing_to_do_is_the_same_few_calls_however_many_datasets(int datasets)
    {
        var sides = Sides.Of(datasets);
        sides.Run(new SyncOptions());
        Assert.All(sides.Run(new SyncOptions { SyncSnapshot = false }).Results, static r => Assert.Equal(TransferAction.Nothing, r.Planned.Action));
        Assert.InRange(sides.Here.Journeys, 1, 3);
        Assert.InRange(sides.There.Journeys, 1, 3);
        // With holds that stay from sync to sync it is one more on each side, to see whether they are the right ones.
        sides.Run(new SyncOptions { KeepHold = true });
        sides.Run(new SyncOptions { SyncSnapshot = false, KeepHold = true });
        Assert.InRange(sides.Journeys, 1, 8);
    }

    [Fact]
    public void What_precedes_and_follows_the_streams_is_done_for_many_at_once()
    {
        var sides = Sides.Of(500);
        var sent = sides.Run(new SyncOptions()).Results.Count(static r => r.Planned.Action == TransferAction.Full);
        Assert.Equal((500, 500, 500), (sent, sides.Here.Calls["Send"], sides.There.Calls["Receive"]));
        Assert.Equal((8, false), (sides.Here.Calls["Estimates"], sides.Here.Calls.ContainsKey("Estimate")));
        Assert.InRange(sides.Journeys, 1, 200);
        for (var i = 1; i < 500; i++) sides.Memory.Write($"tank/data/{i:000}", $"changed {i}");
        sides.Run(new SyncOptions());
        Assert.InRange(sides.Journeys, 1, 200);
        Assert.All(sides.Memory.Snapshots([.. sides.Memory.Datasets("tank", recursive: true).Select(static d => d.Name)]), static s => Assert.Equal(0, s.Holds));
    }

    [Fact]
    public void One_dataset_that_cannot_be_noted_keeps_the_others_from_nothing()
    {
        var sides = Sides.Of(20);
        sides.Run(new SyncOptions());
        for (var i = 1; i < 20; i++) sides.Memory.Write($"tank/data/{i:000}", $"changed {i}");
        // Somebody holds an old sync snapshot of one, and clones that of another.
        var held = sides.Memory.Snapshots(["tank/data/007"])[0];
        sides.Memory.Hold("tank/data/007", held.Name, "of-somebody");
        sides.Memory.SetCloned("tank/copy/003", sides.Memory.Snapshots(["tank/copy/003"])[0].Name, cloned: true);
        sides.Run(new SyncOptions());
        Assert.Equal([2, 1, 1, 2], new[] { "tank/data/007", "tank/data/006", "tank/copy/007", "tank/copy/003" }.Select(d => sides.Memory.Snapshots([d]).Count));
    }

    [Fact]
    public void Changes_are_followed_in_their_order_and_the_first_that_fails_ends_them()
    {
        using var f = new BtrfsFixture();
        var dataset = f.NewDataset("x;touch pwned");
        f.Volumes.Take([(dataset, "one"), (dataset, "two")], children: false);
        f.Volumes.Apply([new(ChangeKind.Hold, dataset, "one", "tag"), new(ChangeKind.Note, dataset, Notes.Peers, "a $(touch pwned) 'b'"), new(ChangeKind.Destroy, dataset, "two")]);
        var snapshot = Assert.Single(f.Volumes.Snapshots([dataset]));
        Assert.Equal(("one", 1), (snapshot.Name, snapshot.Holds));
        Assert.Equal("a $(touch pwned) 'b'", f.Volumes.Find(dataset)!.Note(Notes.Peers));
        Assert.Contains("is held", Assert.Throws<SnapshotException>(() => f.Volumes.Apply([new(ChangeKind.Destroy, dataset, "one"), new(ChangeKind.Note, dataset, Notes.Peers)])).Message, StringComparison.Ordinal);
        Assert.NotEqual("", f.Volumes.Find(dataset)!.Note(Notes.Peers));
        f.Volumes.Apply([new(ChangeKind.Release, dataset, "one", "tag"), new(ChangeKind.Note, dataset, Notes.Peers), new(ChangeKind.Destroy, dataset, "one")]);
        Assert.Empty(f.Volumes.Snapshots([dataset]));
        Assert.Equal("", f.Volumes.Find(dataset)!.Note(Notes.Peers));
    }
}
