using System.Text;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

/// <summary><c>kill -9</c> at any instant: nothing that was there is lost, the same command finishes when it is run again.</summary>
public sealed class KillTests
{
    private const string Plaintext = "the-words-of-the-file";

    private static void Change(Place place, int round)
    {
        const int Kept = 15;
        place.Write("large", [.. Place.Noise(1_500_000, 1), .. Place.Noise(600_000, 1000 + round), .. Place.Noise(1_500_000, 2)]);
        for (var i = 0; i < 20; i++) place.Write($"folder-{i % 4}/{round}-{i}", $"{Plaintext} {round} {i} {new string('x', i * 300)}");
        for (var i = 0; i < 20; i++) File.Delete($"{place.Source}/folder-{i % 4}/{round - Kept}-{i}");
        place.Write("changed", Encoding.ASCII.GetBytes($"{Plaintext} {round}"));
    }

    private static void AssertClean(Place place, string what)
    {
        var findings = place.VerifyWithoutKey().Findings.Concat(place.Verify().Findings).Select(static f => $"{f.Object}: {f.Problem}").ToList();
        Assert.True(findings.Count == 0, $"{what}: {string.Join("; ", findings)}");
    }

    private static void AssertComesBack(Place place, string snapshot, string tree, string what)
    {
        var target = $"{place.Root}/check-{Guid.NewGuid():N}";
        place.Restore(snapshot, target);
        Assert.True(tree == Place.Describe(target), $"{what}: the snapshot {snapshot} came back otherwise");
        Place.Run("/bin/rm", "-rf", target);
    }

    private static void AssertNothingTold(Place place)
    {
        var (words, secret, digits) = (Encoding.ASCII.GetBytes(Plaintext), place.Key!.Secret, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(place.Key.Secret)));
        foreach (var path in Directory.EnumerateFiles(place.Store, "*", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(path).AsSpan();
            Assert.True(bytes.IndexOf(words) < 0 && bytes.IndexOf(secret) < 0 && bytes.IndexOf(digits) < 0 && bytes.IndexOf("folder-1"u8) < 0, $"{path} tells a host without the key what is saved, or the key");
        }
    }

    [Fact]
    public void A_backup()
    {
        using var place = new Place();
        var killing = new Killing(place.Root, seed: 1);
        string[] backup = ["snap", "repo", "backup", place.Store, place.Source, "--key-file", place.Root + "/key"];
        Change(place, 0);
        killing.Finish(backup);
        var (last, tree) = ("latest", Place.Describe(place.Source));
        for (var round = 1; round <= Killing.Instants; round++)
        {
            using (var repository = place.Open()) last = repository.Find("latest").Name;
            Change(place, round);
            var what = killing.Kill(backup);
            AssertClean(place, what);
            AssertComesBack(place, last, tree, what);
            AssertNothingTold(place);
            killing.Finish(backup);
            tree = Place.Describe(place.Source);
            AssertComesBack(place, "latest", tree, what);
        }
        AssertClean(place, "at the end");
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void A_prune()
    {
        using var place = new Place();
        var killing = new Killing(place.Root, seed: 2);
        string[] prune = ["snap", "repo", "prune", place.Store, "--key-file", place.Root + "/key"];
        killing.Finish(prune);
        Change(place, 0);
        var kept = place.Backup().Snapshot.Name;
        var first = (Name: kept, Tree: Place.Describe(place.Source));
        for (var round = 1; round <= Killing.Instants; round++)
        {
            Change(place, round);
            File.Delete($"{place.Source}/folder-1/{round}-1");
            var second = (place.Backup().Snapshot.Name, Tree: Place.Describe(place.Source));
            var victim = round % 2 == 0 ? first : second;
            using (var repository = place.Open(exclusive: true)) repository.Forget([victim.Name]);
            first = round % 2 == 0 ? second : first;
            var what = killing.Kill(prune);
            AssertClean(place, what);
            AssertComesBack(place, first.Name, first.Tree, what);
            // A backup in between must not count on what is about to go.
            if (round % 3 == 0)
            {
                place.Backup();
                using var repository = place.Open(exclusive: true);
                repository.Forget([repository.Find("latest").Name]);
            }
            killing.Finish(prune);
            AssertClean(place, what);
            AssertComesBack(place, first.Name, first.Tree, what);
            Assert.Empty(Directory.EnumerateFileSystemEntries(place.Store + "/tmp").Concat(Directory.EnumerateFileSystemEntries(place.Store + "/condemned")));
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void A_restore()
    {
        using var place = new Place();
        var killing = new Killing(place.Root, seed: 3);
        for (var round = 0; round < 5; round++) Change(place, round);
        Place.Run("/bin/sh", "-c", "cd \"$1\" && ln large second && ln -s large link && chmod 555 folder-2 && touch -d 2001-02-03 folder-2 changed", "make", place.Source);
        place.Backup();
        var tree = Place.Describe(place.Source);
        string[] Restore(string target) => ["snap", "repo", "restore", place.Store, "latest", target, "--key-file", place.Root + "/key"];
        killing.Finish(Restore(place.Root + "/whole"));
        for (var round = 1; round <= Killing.Instants; round++)
        {
            var target = place.Root + "/target";
            var what = killing.Kill(Restore(target));
            var (status, _, error) = killing.Run(Restore(target));
            // Only a restore that had ended but for its last word finds a folder that it takes for somebody's.
            Assert.True(status == 0 || (error.Contains("not empty", StringComparison.Ordinal) && tree == Place.Describe(target)), $"{what}: {error}");
            Assert.True(tree == Place.Describe(target), $"{what}: what came back differs");
            Assert.False(File.Exists(target + "/.varve-restore-unfinished"));
            Place.Run("/bin/rm", "-rf", target);
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
        AssertClean(place, "at the end");
    }

    [Fact]
    public void A_change_of_keys()
    {
        using var place = new Place();
        var killing = new Killing(place.Root, seed: 4);
        Change(place, 0);
        place.Backup();
        var tree = Place.Describe(place.Source);
        var old = place.Root + "/key";
        killing.Finish("snap", "repo", "key", "list", place.Store);
        for (var round = 1; round <= Killing.Instants; round++)
        {
            var fresh = $"{place.Root}/key-{round}";
            var before = SnapshotRepository.Keys(SnapshotRepository.At(place.Store)).Single().Name;
            string[] add = ["snap", "repo", "key", "add", place.Store, "--key-file", old, "--new-key-file", fresh], remove = ["snap", "repo", "key", "remove", place.Store, before, "--key-file", fresh];
            var what = killing.Kill(add);
            place.Key = RepositoryKey.OfFile(old);
            AssertClean(place, what);
            killing.Finish(add);
            place.Key = RepositoryKey.OfFile(fresh);
            AssertClean(place, what);
            what = killing.Kill(remove);
            AssertClean(place, what);
            killing.Run(remove);
            Assert.NotEqual(before, SnapshotRepository.Keys(SnapshotRepository.At(place.Store)).Single().Name);
            AssertNothingTold(place);
            old = fresh;
        }
        AssertComesBack(place, "latest", tree, "at the end");
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void A_repository_in_the_making()
    {
        using var place = new Place();
        var killing = new Killing(place.Root, seed: 5);
        string[] Init(int round) => ["snap", "repo", "init", $"{place.Root}/made-{round}", "--new-key-file", $"{place.Root}/key-of-{round}"];
        killing.Finish(Init(0));
        for (var round = 1; round <= Killing.Instants; round++)
        {
            var what = killing.Kill(Init(round));
            var (status, _, error) = killing.Run(Init(round));
            Assert.True(status == 0 || error.Contains("is a repository already", StringComparison.Ordinal), $"{what}: {error}");
            using var repository = SnapshotRepository.Open($"{place.Root}/made-{round}", RepositoryKey.OfFile($"{place.Root}/key-of-{round}"));
            Assert.Empty(repository.Snapshots());
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }
}
