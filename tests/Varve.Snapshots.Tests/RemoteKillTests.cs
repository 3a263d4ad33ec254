using Varve.Snapshots.Repository;
using Varve.Snapshots.Tests.Repository;
using Xunit;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary><c>kill -9</c> at any instant, of either side: what a repository of this host or another has is whole, and the same command finishes when it is run again.</summary>
public sealed class RemoteKillTests
{
    private static Killing Over(RemotePlace place, int seed)
    {
        var killing = new Killing(place.Here.Root, seed);
        foreach (var name in (string[])["VARVE_KEY_FILE", "VARVE_SSH_CONFIG"]) killing.Variables[name] = place.Varve.Variables[name];
        return killing;
    }

    private static void Change(Place place, int round)
    {
        place.Write("large", [.. Place.Noise(1_500_000, 1), .. Place.Noise(600_000, 1000 + round), .. Place.Noise(1_500_000, 2)]);
        for (var i = 0; i < 10; i++) place.Write($"folder-{i % 4}/{round}-{i}", $"{round} {i} {new string('x', i * 300)}");
    }

    private static string Killed(RemotePlace place, Killing killing, string[] words) => killing.NextIsElsewhere ? killing.Break(place.KillThere, words) : killing.Kill(words);

    private static SnapshotRepository Open(RemotePlace place) => SnapshotRepository.Open(place.Store, RepositoryKey.OfFile(place.Key), $"{place.Here.Root}/cache-there");

    /// <summary>Checked where it lies, with the key and without.</summary>
    private static void AssertClean(RemotePlace place, string what)
    {
        using var repository = Open(place);
        var findings = RepositoryWork.VerifyWithoutKey(place.Store).Findings.Concat(repository.Verify(cancel: TestContext.Current.CancellationToken).Findings).Select(static f => $"{f.Object}: {f.Problem}").ToList();
        Assert.True(findings.Count == 0, $"{what}: {string.Join("; ", findings)}");
    }

    private static void AssertComesBack(RemotePlace place, string snapshot, string tree, string what)
    {
        var target = $"{place.Here.Root}/check-{Guid.NewGuid():N}";
        using (var repository = Open(place)) repository.Restore(new RestoreOptions { Snapshot = repository.Find(snapshot).Name, Target = Place.Bytes(target) }, cancel: TestContext.Current.CancellationToken);
        Assert.True(tree == Place.Describe(target), $"{what}: {snapshot} came back otherwise");
        Place.Run("/bin/rm", "-rf", target);
    }

    [Fact]
    public void A_backup_to_another_host()
    {
        using var place = new RemotePlace();
        place.Init();
        var killing = Over(place, seed: 21);
        string[] backup = place.Words("backup", place.Here.Source);
        Change(place.Here, 0);
        killing.Finish(backup);
        var (tree, last) = (Place.Describe(place.Here.Source), "");
        for (var round = 1; killing.GoesOn(round, Killing.RemoteInstants); round++)
        {
            using (var repository = Open(place)) last = repository.Find("latest").Name;
            Change(place.Here, round);
            var what = Killed(place, killing, backup);
            AssertClean(place, what);
            AssertComesBack(place, last, tree, what);
            killing.Finish(backup);
            tree = Place.Describe(place.Here.Source);
            AssertComesBack(place, "latest", tree, what);
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void A_prune_on_another_host()
    {
        using var place = new RemotePlace();
        place.Init();
        var killing = Over(place, seed: 22);
        string[] prune = place.Words("prune"), backup = place.Words("backup", place.Here.Source);
        killing.Finish(prune);
        Change(place.Here, 0);
        killing.Finish(backup);
        var tree = Place.Describe(place.Here.Source);
        for (var round = 1; killing.GoesOn(round, Killing.RemoteInstants); round++)
        {
            string kept;
            using (var repository = Open(place)) kept = repository.Find("latest").Name;
            Change(place.Here, round);
            killing.Finish(backup);
            tree = round % 2 == 0 ? tree : Place.Describe(place.Here.Source);
            killing.Finish(place.Words("forget", round % 2 == 0 ? "latest" : kept[..12]));
            var what = Killed(place, killing, prune);
            AssertClean(place, what);
            AssertComesBack(place, "latest", tree, what);
            killing.Finish(prune);
            AssertClean(place, what);
            AssertComesBack(place, "latest", tree, what);
            Assert.Empty(Directory.EnumerateFileSystemEntries(place.Store + "/tmp").Concat(Directory.EnumerateFileSystemEntries(place.Store + "/condemned")));
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void A_restore_from_another_host()
    {
        using var place = new RemotePlace();
        place.Init();
        var killing = Over(place, seed: 23);
        for (var round = 0; round < 4; round++) Change(place.Here, round);
        killing.Finish(place.Words("backup", place.Here.Source));
        var tree = Place.Describe(place.Here.Source);
        killing.Finish(place.Words("restore", "latest", place.Here.Root + "/whole"));
        for (var round = 1; killing.GoesOn(round, Killing.RemoteInstants); round++)
        {
            var target = place.Here.Root + "/target";
            var restore = place.Words("restore", "latest", target);
            var what = Killed(place, killing, restore);
            var (status, _, error) = killing.Run(restore);
            Assert.True(status == 0 || (error.Contains("not empty", StringComparison.Ordinal) && tree == Place.Describe(target)), $"{what}: {error}");
            Assert.True(tree == Place.Describe(target), $"{what}: what came back differs");
            Place.Run("/bin/rm", "-rf", target);
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    /// <summary>Whatever was cut short: the repository has what the source has, by GUID, and nothing is held at the end.</summary>
    private static void Syncs(Killing killing, PlainFixture f, string dataset, string address, int rounds, Func<SnapshotRepository> open, Func<string[], string> kill)
    {
        string[] sync = ["sync", dataset, address, "--no-sync-snap"];
        for (var round = 0; killing.GoesOn(round, rounds); round++)
        {
            File.WriteAllBytes($"{dataset}/big", Place.Noise(2_000_000 + round, round));
            f.Volumes.Take([(dataset, $"round-{round:000}")], children: false);
            var ours = f.Volumes.Snapshots([dataset]).Select(static s => s.Guid).ToList();
            if (round == 0)
            {
                killing.Finish(sync);
                continue;
            }
            List<ulong> before;
            using (var repository = open()) before = [.. repository.Snapshots().Select(static s => s.Guid)];
            var what = kill(sync);
            Assert.True(ours.SequenceEqual(f.Volumes.Snapshots([dataset]).Select(static s => s.Guid)), $"{what}: the source lost snapshots");
            using (var repository = open()) Assert.True(before.All(repository.Snapshots().Select(static s => s.Guid).Contains), $"{what}: the repository lost snapshots");
            killing.Finish(sync);
            using (var repository = open())
            {
                Assert.True(ours.SequenceEqual(repository.Snapshots().Select(static s => s.Guid)), $"{what}: the next sync did not finish it");
                using var bytes = new MemoryStream();
                repository.CopyTo(repository.Find("latest").Name, "big"u8, bytes);
                Assert.Equal(File.ReadAllBytes($"{dataset}/big"), bytes.ToArray());
            }
            Assert.True(f.Volumes.Snapshots([dataset]).All(static s => s.Holds == 0), $"{what}: a hold is left");
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void A_sync_into_a_repository()
    {
        using var place = new Place();
        using var f = new PlainFixture();
        var killing = new Killing(place.Root, seed: 24) { Variables = { ["VARVE_KEY_FILE"] = $"{place.Root}/key" } };
        Syncs(killing, f, f.NewDataset("source"), $"repo:{place.Store}", Killing.Instants, () => place.Open(), killing.Kill);
    }

    [Fact]
    public void A_sync_into_a_repository_of_another_host()
    {
        using var place = new RemotePlace();
        using var f = new PlainFixture();
        place.Init();
        var killing = Over(place, seed: 25);
        Syncs(killing, f, f.NewDataset("source"), place.Address, Killing.RemoteInstants, () => Open(place), words => Killed(place, killing, words));
    }
}
