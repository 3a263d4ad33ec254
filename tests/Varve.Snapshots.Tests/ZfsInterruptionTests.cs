using Varve.Snapshots.Replication;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Transfers that end before their time, on a real ZFS.</summary>
[Trait("host", "zfs")]
[Collection("zfs")]
public sealed class ZfsInterruptionTests(ZfsMachine machine) : ZfsGround(machine)
{
    private string Large()
    {
        var source = _f.NewEncrypted("large");
        Machine.Run("dd if=/dev/urandom of=\"/mnt/$1/big\" bs=1M count=24 2> /dev/null", source);
        Take(source, "first", "one");
        return source;
    }

    [Fact]
    public void An_interrupted_transfer_goes_on_where_it_stopped()
    {
        var (source, target) = (Large(), _f.NewTarget("copy"));
        using (var stop = new CancellationTokenSource())
        {
            var watch = new StopAfter(6 << 20, stop);
            Assert.ThrowsAny<OperationCanceledException>(() => Sync.Run(new Side(_f.Volumes, source), new Side(_f.Volumes, target), NoSnapshot with { BytesPerSecond = 4 << 20 }, watch, stop.Token));
        }
        Take(source, "second", "two");
        Assert.Equal(TransferAction.Resume, Assert.Single(Sync.Plan(new Side(_f.Volumes, source), new Side(_f.Volumes, target), NoSnapshot).Transfers).Action);
        var rest = Run(source, target);
        Succeeds(rest);
        Assert.True(rest.Bytes < 23 << 20, $"{rest.Bytes} bytes went again");
        Assert.Equal(["first", "second"], _f.Volumes.Snapshots([target]).Select(static s => s.Name));
        Assert.All(_f.Volumes.Snapshots([source, target]), static s => Assert.Equal(0, s.Holds));
    }

    [Fact]
    public void What_an_interrupted_transfer_needs_may_be_gone_and_it_begins_anew()
    {
        var (source, target) = (Large(), _f.NewTarget("copy"));
        using (var stop = new CancellationTokenSource())
            Assert.ThrowsAny<OperationCanceledException>(() => Sync.Run(new Side(_f.Volumes, source), new Side(_f.Volumes, target), NoSnapshot with { BytesPerSecond = 4 << 20 }, new StopAfter(6 << 20, stop), stop.Token));
        foreach (var (_, tag) in _f.Volumes.Tags(_f.Volumes.Snapshots([source]))) _f.Volumes.Release(source, "first", tag);
        _f.Volumes.Destroy(source, ["first"]);
        Take(source, "second", "two");
        Succeeds(Run(source, target));
        Assert.Equal(["second"], _f.Volumes.Snapshots([target]).Select(static s => s.Name));
    }

    [Fact]
    public void A_power_cut_in_a_receive_costs_nothing_that_had_come()
    {
        var (source, target) = (Large(), _f.NewTarget("copy"));
        using var reached = new CancellationTokenSource();
        var running = Task.Run(() => Record.Exception(() => Sync.Run(new Side(_f.Volumes, source), new Side(_f.Volumes, target), NoSnapshot with { BytesPerSecond = 4 << 20 }, new StopAfter(12 << 20, reached), TestContext.Current.CancellationToken)), CancellationToken.None);
        reached.Token.WaitHandle.WaitOne(TimeSpan.FromMinutes(2));
        Machine.Run("zpool sync dst");
        Machine.CutPower(() => running.Wait(CancellationToken.None));
        var again = _f.Again();
        Assert.NotEqual("", again.Find(target)!.ResumeToken);
        var rest = Assert.Single(Sync.Run(new Side(again, source), new Side(again, target), NoSnapshot, cancel: TestContext.Current.CancellationToken).Results);
        Succeeds(rest);
        Assert.True(rest.Bytes < 24 << 20, $"{rest.Bytes} bytes went again");
        Assert.Equal("", Machine.Run("zpool scrub -w dst; zpool status -x dst | grep -v healthy || true"));
    }

    private sealed class StopAfter(long bytes, CancellationTokenSource stop) : ISyncWatch
    {
        public void Began(Side target, Transfer transfer)
        {
        }

        public void Moved(Side target, Transfer transfer, long moved)
        {
            if (moved >= bytes) stop.Cancel();
        }

        public void Ended(Side target, TransferResult result)
        {
        }
    }
}
