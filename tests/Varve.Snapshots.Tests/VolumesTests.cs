using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What every back end promises.</summary>
public abstract class VolumesTests
{
    protected abstract IVolumesFixture Open();

    private static void Copy(IVolumes volumes, SendRequest send, ReceiveRequest receive)
    {
        using var source = volumes.Send(send);
        using var target = volumes.Receive(receive);
        source.Bytes.CopyTo(target.Bytes);
        source.Complete();
        target.Complete();
    }

    [Fact]
    public void What_was_taken_is_listed_in_order_with_its_mark_and_keeps_what_was_there()
    {
        using var f = Open();
        var dataset = f.NewDataset("a");
        f.Write(dataset, "one");
        f.Volumes.Take([(dataset, "first")], children: false);
        f.Write(dataset, "two");
        f.Volumes.Take([(dataset, "second")], children: false);
        var snapshots = f.Volumes.Snapshots([dataset]);
        Assert.Equal(["first", "second"], snapshots.Select(static s => s.Name));
        Assert.All(snapshots, s => Assert.True(s.IsMarked && s.Dataset == dataset && s.Guid != 0));
        Assert.True(snapshots[0].Transaction < snapshots[1].Transaction);
        Assert.NotEqual(snapshots[0].Guid, snapshots[1].Guid);
        Assert.Equal(("one", "two"), (f.Read(dataset, "first"), f.Read(dataset, "second")));
    }

    [Fact]
    public void Several_datasets_are_listed_in_one_call_and_those_that_are_not_there_are_empty()
    {
        using var f = Open();
        var (a, b) = (f.NewDataset("a"), f.NewDataset("b"));
        f.Volumes.Take([(a, "x"), (b, "y")], children: false);
        Assert.Equal([(a, "x"), (b, "y")], f.Volumes.Snapshots([b, a]).Select(static s => (s.Dataset, s.Name)));
        Assert.Empty(f.Volumes.Datasets(f.NewTarget("gone"), recursive: true));
        Assert.Empty(f.Volumes.Snapshots([f.NewTarget("gone")]));
    }

    [Fact]
    public void Datasets_below_are_found_when_asked_for()
    {
        using var f = Open();
        var a = f.NewDataset("a");
        var below = f.NewDataset("a/below");
        f.NewDataset("a2");
        Assert.Equal([a], f.Volumes.Datasets(a, recursive: false).Select(static d => d.Name));
        Assert.Equal([a, below], f.Volumes.Datasets(a, recursive: true).Select(static d => d.Name));
    }

    [Fact]
    public void What_was_destroyed_is_gone_and_a_held_one_cannot_be()
    {
        using var f = Open();
        var dataset = f.NewDataset("a");
        foreach (var name in (string[])["x", "y", "z"]) f.Volumes.Take([(dataset, name)], children: false);
        f.Volumes.Hold(dataset, "y", "varve");
        f.Volumes.Hold(dataset, "y", "varve");
        Assert.Equal(1, f.Volumes.Snapshots([dataset])[1].Holds);
        Assert.Throws<SnapshotException>(() => f.Volumes.Destroy(dataset, ["y"]));
        f.Volumes.Destroy(dataset, ["x"]);
        f.Volumes.Release(dataset, "y", "varve");
        f.Volumes.Release(dataset, "y", "varve");
        f.Volumes.Destroy(dataset, ["y", "z"]);
        Assert.Empty(f.Volumes.Snapshots([dataset]));
        Assert.Throws<SnapshotException>(() => f.Volumes.Destroy(dataset, ["x"]));
    }

    [Fact]
    public void A_name_is_taken_once()
    {
        using var f = Open();
        var dataset = f.NewDataset("a");
        f.Volumes.Take([(dataset, "x")], children: false);
        Assert.Throws<SnapshotException>(() => f.Volumes.Take([(dataset, "x")], children: false));
    }

    [Fact]
    public void Notes_are_kept_and_can_be_removed()
    {
        using var f = Open();
        var dataset = f.NewDataset("a");
        f.Volumes.SetNote(dataset, Notes.Mode, "raw");
        f.Volumes.SetNote(dataset, Notes.Peers, "17 root@host:pool/x y");
        Assert.Equal(("raw", "17 root@host:pool/x y"), (f.Volumes.Datasets(dataset, false)[0].Note(Notes.Mode), f.Volumes.Datasets(dataset, false)[0].Note(Notes.Peers)));
        f.Volumes.SetNote(dataset, Notes.Mode, "");
        Assert.Equal("", f.Volumes.Datasets(dataset, false)[0].Note(Notes.Mode));
    }

    [Fact]
    public void A_copy_has_the_contents_the_same_GUIDs_and_goes_on_by_increments()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        f.Write(source, "one");
        f.Volumes.Take([(source, "first")], children: false);
        Copy(f.Volumes, new SendRequest(source, "first"), new ReceiveRequest(target) { Expected = f.Volumes.Snapshots([source]) });
        f.Write(source, "two");
        f.Volumes.Take([(source, "second")], children: false);
        var all = f.Volumes.Snapshots([source]);
        Copy(f.Volumes, new SendRequest(source, "second") { Base = "first" }, new ReceiveRequest(target) { Expected = [all[1]] });
        Assert.Equal(all.Select(static s => (s.Name, s.Guid, s.CreatedAt)), f.Volumes.Snapshots([target]).Select(static s => (s.Name, s.Guid, s.CreatedAt)));
        Assert.Equal(("one", "two"), (f.Read(target, "first"), f.Read(target, "second")));
    }

    [Fact]
    public void A_bookmark_serves_as_base_when_its_snapshot_is_gone()
    {
        using var f = Open();
        if (!f.Volumes.Abilities.HasFlag(Abilities.Bookmarks)) Assert.Skip($"{f.Volumes.Kind} has no bookmarks");
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        f.Volumes.Take([(source, "first")], children: false);
        Copy(f.Volumes, new SendRequest(source, "first"), new ReceiveRequest(target));
        f.Volumes.MakeBookmark(source, "first", "cursor");
        f.Volumes.MakeBookmark(source, "first", "cursor");
        f.Volumes.Destroy(source, ["first"]);
        f.Write(source, "two");
        f.Volumes.Take([(source, "second")], children: false);
        Assert.Equal("cursor", Assert.Single(f.Volumes.Bookmarks([source])).Name);
        Copy(f.Volumes, new SendRequest(source, "second") { Base = "cursor", BaseIsBookmark = true }, new ReceiveRequest(target));
        Assert.Equal("two", f.Read(target, "second"));
        f.Volumes.DestroyBookmark(source, "cursor");
        Assert.Empty(f.Volumes.Bookmarks([source]));
    }

    [Fact]
    public void A_stream_that_ends_too_early_leaves_no_snapshot_and_the_next_receive_works()
    {
        using var f = Open();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        f.Write(source, new string('x', 100_000));
        f.Volumes.Take([(source, "first")], children: false);
        using (var broken = f.Volumes.Send(new SendRequest(source, "first")))
        using (var into = f.Volumes.Receive(new ReceiveRequest(target)))
        {
            var some = new byte[60];
            broken.Bytes.ReadExactly(some);
            into.Bytes.Write(some);
            into.Bytes.Flush();
            Assert.Throws<SnapshotException>(into.Complete);
        }
        Assert.Empty(f.Volumes.Snapshots([target]));
        Copy(f.Volumes, new SendRequest(source, "first"), new ReceiveRequest(target) { Expected = f.Volumes.Snapshots([source]) });
        Assert.Equal(100_000, f.Read(target, "first").Length);
    }
}

/// <summary>The model.</summary>
public sealed class MemoryVolumesTests : VolumesTests
{
    protected override IVolumesFixture Open() => new MemoryFixture();
}

/// <summary>A real btrfs on a loop device.</summary>
public sealed class BtrfsVolumesTests : VolumesTests
{
    protected override IVolumesFixture Open() => new BtrfsFixture();

    [Fact]
    public void Names_are_never_read_by_a_shell()
    {
        using var f = new BtrfsFixture();
        var dataset = f.NewDataset("x;touch pwned $(touch pwned) 'quoted' \"twice\"");
        f.Write(dataset, "one");
        f.Volumes.Take([(dataset, "a;touch pwned")], children: false);
        f.Volumes.Hold(dataset, "a;touch pwned", "`touch pwned`");
        f.Volumes.SetNote(dataset, Notes.Peers, "';touch pwned;'");
        Assert.Equal(1, Assert.Single(f.Volumes.Snapshots([dataset])).Holds);
        Assert.Equal("';touch pwned;'", f.Volumes.Datasets(dataset, false)[0].Note(Notes.Peers));
        Assert.False(File.Exists("pwned") || File.Exists(f.NewTarget("pwned")));
    }
}
