using System.Text;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;
using Xunit;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary>Syncs into an encrypted repository, where the back end cannot send encrypted.</summary>
public sealed class RepositorySyncTests
{
    private static readonly SyncOptions NoSnapshot = new() { SyncSnapshot = false };

    private static RepositoryTarget TargetOf(Place place) => new(() => SnapshotRepository.At(place.Store), $"repo:{place.Store}", place.Key, place.Root + "/cache");

    private static TransferResult Run(RepositoryTarget target, IVolumesFixture f, string dataset, SyncOptions? options = null) =>
        Assert.Single(target.Run(new Side(f.Volumes, dataset), options ?? NoSnapshot, cancel: TestContext.Current.CancellationToken).Results);

    private static void Take(IVolumesFixture f, string dataset, string name, string text)
    {
        f.Write(dataset, text);
        f.Volumes.Take([(dataset, name)], children: false);
    }

    private static string Text(Place place, string name)
    {
        using var repository = place.Open();
        using var bytes = new MemoryStream();
        repository.CopyTo(repository.Find(name).Name, "file"u8, bytes);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Each_snapshot_becomes_one_and_is_brought_back(IVolumesFixture f)
    {
        using var place = new Place();
        var (dataset, target) = (f.NewDataset("source"), TargetOf(place));
        Take(f, dataset, "first", "one");
        Take(f, dataset, "second", "two");
        Assert.Equal(TransferAction.Full, Assert.Single(target.Plan(new Side(f.Volumes, dataset), NoSnapshot).Transfers).Action);
        Assert.Equal("", Run(target, f, dataset).Failure);
        Take(f, dataset, "third", "three");
        var rest = Run(target, f, dataset);
        Assert.Equal(("", "second", 1), (rest.Failure, rest.Planned.Base, rest.Planned.Brings.Count));
        Assert.Equal(TransferAction.Nothing, Run(target, f, dataset).Planned.Action);
        using (var repository = place.Open()) Assert.Equal(f.Volumes.Snapshots([dataset]).Select(static s => (s.Name, s.Guid, s.Dataset, s.CreatedAt)), repository.Snapshots().Select(static s => (s.Label, s.Guid, s.Path, s.Taken.ToUnixTimeSeconds())));
        Assert.Equal(("one", "three"), (Text(place, $"{dataset}@first"), Text(place, "third")));
        Assert.All(f.Volumes.Snapshots([dataset]), static s => Assert.Equal(0, s.Holds));
        Assert.Empty(place.VerifyWithoutKey().Findings);

        // What is forgotten there stays forgotten, and what the source no longer has goes when asked.
        using (var repository = place.Open(exclusive: true)) repository.Forget([repository.Find("first").Name]);
        Assert.Equal(TransferAction.Nothing, Run(target, f, dataset).Planned.Action);
        f.Volumes.Destroy(dataset, ["second"]);
        Assert.Equal([$"{target.Address} {dataset}@second"], Run(target, f, dataset, NoSnapshot with { DeleteTargetSnapshots = true }).Destroyed);
        using (var repository = place.Open()) Assert.Equal(["third"], repository.Snapshots().Select(static s => s.Label));
    }

    [Fact]
    public void Of_btrfs()
    {
        using var f = new BtrfsFixture();
        Each_snapshot_becomes_one_and_is_brought_back(f);
    }

    [Fact]
    public void Of_folders()
    {
        using var f = new PlainFixture();
        Each_snapshot_becomes_one_and_is_brought_back(f);
    }

    [Fact]
    public void Files_that_did_not_change_since_the_last_snapshot_are_not_read_again()
    {
        using var f = new BtrfsFixture();
        using var place = new Place();
        var (dataset, target) = (f.NewDataset("source"), TargetOf(place));
        File.WriteAllBytes($"{dataset}/big", new byte[5_000_000]);
        Take(f, dataset, "first", "one");
        Assert.True(Run(target, f, dataset).Bytes >= 5_000_000);
        Take(f, dataset, "second", "two");
        Assert.InRange(Run(target, f, dataset).Bytes, 0, 1000);
    }

    [Fact]
    public void What_a_run_held_that_was_stopped_after_its_last_byte_goes_with_the_next()
    {
        using var f = new PlainFixture();
        using var place = new Place();
        var (dataset, target) = (f.NewDataset("source"), TargetOf(place));
        Take(f, dataset, "first", "one");
        Run(target, f, dataset);
        // As that run left it: what came is there, its hold is too, and nobody noted it.
        f.Volumes.Hold(dataset, "first", SyncNames.Hold(NoSnapshot.Identifier, target.Address));
        f.Volumes.Hold(dataset, "first", "of-somebody");
        f.Volumes.SetNote(dataset, Notes.Peers, "");
        var again = Run(target, f, dataset);
        Assert.Equal((TransferAction.Nothing, ""), (again.Planned.Action, again.Failure));
        Assert.Equal(["of-somebody"], f.Volumes.Tags(f.Volumes.Snapshots([dataset])).Select(static t => t.Tag));
        Assert.NotEqual("", f.Volumes.Find(dataset)!.Note(Notes.Peers));
    }

    [Fact]
    public void A_wrong_key_and_a_keyless_host_are_said()
    {
        using var f = new BtrfsFixture();
        using var place = new Place();
        var dataset = f.NewDataset("source");
        Take(f, dataset, "first", "one");
        var wrong = new RepositoryTarget(() => SnapshotRepository.At(place.Store), $"repo:{place.Store}", RepositoryKey.OfPassphrase("not it"), place.Root + "/cache");
        Assert.Contains("the key does not open", Assert.Throws<SnapshotException>(() => Run(wrong, f, dataset)).Message, StringComparison.Ordinal);
        var keyless = new Side(f.Volumes, dataset) { IsKeyless = true };
        Assert.Contains("marked as keyless", Assert.Throws<SnapshotException>(() => TargetOf(place).Run(keyless, NoSnapshot, cancel: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_append_only_repository_keeps_its_history_whatever_the_source_says()
    {
        using var f = new BtrfsFixture();
        using var place = new Place();
        var (dataset, target) = (f.NewDataset("source"), TargetOf(place));
        File.WriteAllText($"{place.Store}/append-only", "");
        Take(f, dataset, "first", "one");
        Assert.Equal("", Run(target, f, dataset).Failure);
        Take(f, dataset, "second", "two");
        f.Volumes.Destroy(dataset, ["first"]);
        Assert.Contains("append-only", Assert.Throws<SnapshotException>(() => Run(target, f, dataset, NoSnapshot with { DeleteTargetSnapshots = true })).Message, StringComparison.Ordinal);
        using var repository = place.Open();
        Assert.Equal(["first", "second"], repository.Snapshots().Select(static s => s.Label));
    }
}
