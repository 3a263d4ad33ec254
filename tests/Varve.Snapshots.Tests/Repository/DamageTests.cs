using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

public sealed class DamageTests
{
    private static Place Filled(RepositoryCipher cipher = RepositoryCipher.Aes)
    {
        var place = new Place(cipher);
        place.Write("folder/large", Place.Noise(3_000_000, 1));
        place.Write("folder/small", "some words");
        place.Backup();
        place.Write("more", Place.Noise(400_000, 2));
        place.Backup();
        return place;
    }

    private static void Flip(string path, long at, int bit)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= (byte)(1 << bit);
        File.WriteAllBytes(path, bytes);
    }

    [Theory]
    [InlineData(RepositoryCipher.Aes)]
    [InlineData(RepositoryCipher.None)]
    public void A_flipped_bit_in_any_object_is_found_and_named_and_mended_from_another_copy(RepositoryCipher cipher)
    {
        using var place = Filled(cipher);
        // As a prune leaves it that was interrupted.
        File.WriteAllBytes($"{place.Store}/condemned/{RepositoryHead.NameOf(2)}", PackList.ToBytes([new string('0', 64)]));
        var copy = place.Root + "/copy";
        Place.Run("/bin/cp", "-a", place.Store, copy);
        var random = new Random(5);
        foreach (var name in place.Objects())
        {
            var path = $"{place.Store}/{name}";
            var named = name.StartsWith("packs/", StringComparison.Ordinal) ? "packs/" + Path.GetFileName(name) : name;
            for (var times = 0; times < 3; times++)
            {
                Flip(path, random.NextInt64(new FileInfo(path).Length), random.Next(8));
                Assert.Equal([named], place.VerifyWithoutKey().Findings.Select(static f => f.Object));
                // The newest head, the only key and the configuration are needed to open it at all; then the message has the name.
                try
                {
                    Assert.Contains(named, place.Verify().Findings.Select(static f => f.Object));
                }
                catch (SnapshotException e)
                {
                    Assert.Contains(named, e.Message, StringComparison.Ordinal);
                }
                Assert.Equal([named], place.VerifyWithoutKey(copy).Repaired);
                Assert.Empty(place.VerifyWithoutKey().Findings);
            }
        }
        Assert.Empty(place.Verify().Findings);
    }

    [Fact]
    public void A_missing_object_is_found_and_the_files_that_need_it_are_named()
    {
        using var place = Filled();
        foreach (var name in place.Objects().Where(static n => n.StartsWith("packs/", StringComparison.Ordinal) || n.StartsWith("snapshots/", StringComparison.Ordinal) || n.StartsWith("lists/", StringComparison.Ordinal)))
        {
            var path = $"{place.Store}/{name}";
            File.Move(path, place.Root + "/away");
            var finding = Assert.Single(place.VerifyWithoutKey().Findings);
            Assert.Equal(("missing", Path.GetFileName(name)), (finding.Problem.Split(' ')[^1], Path.GetFileName(finding.Object)));
            File.Move(place.Root + "/away", path);
        }
        var large = place.Objects().Where(static n => n.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(n => new FileInfo($"{place.Store}/{n}").Length)!;
        File.Delete($"{place.Store}/{large}");
        Assert.Contains(place.Verify().Findings.SelectMany(static f => f.Affected), static a => a.EndsWith("folder/large", StringComparison.Ordinal));
        var failure = Assert.Throws<SnapshotException>(() => place.Restore("latest", place.Root + "/target"));
        Assert.Contains("varve snap repo verify", failure.Message, StringComparison.Ordinal);
        // What is still at its source is stored again by the next backup.
        place.Backup();
        place.Restore("latest", place.Root + "/target-2");
        Assert.Equal(Place.Describe(place.Source), Place.Describe(place.Root + "/target-2"));
    }

    [Fact]
    public void Damage_that_keeps_the_digest_s_company_is_found_with_the_key_at_the_restore()
    {
        using var place = Filled();
        var large = place.Objects().Where(static n => n.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(n => new FileInfo($"{place.Store}/{n}").Length)!;
        Flip($"{place.Store}/{large}", 1_000_000, 3);
        var failure = Assert.Throws<SnapshotException>(() => place.Restore("latest", place.Root + "/target"));
        Assert.Contains(Path.GetFileName(large), failure.Message, StringComparison.Ordinal);
        var finding = Assert.Single(place.Verify().Findings);
        Assert.Contains(finding.Affected, static a => a.EndsWith("folder/large", StringComparison.Ordinal));
    }

    [Fact]
    public void A_lost_head_is_made_again_of_the_snapshots_that_are_there()
    {
        using var place = Filled();
        var newest = place.Objects().Last(static n => n.StartsWith("heads/", StringComparison.Ordinal));
        Flip($"{place.Store}/{newest}", 20, 1);
        Assert.Contains("varve snap repo repair", Assert.Throws<SnapshotException>(() => place.Open().Dispose()).Message, StringComparison.Ordinal);
        Assert.Equal(2, SnapshotRepository.RemakeHead(SnapshotRepository.At(place.Store), place.Key, place.Cache));
        Assert.Empty(place.Verify().Findings);
        Assert.Empty(place.VerifyWithoutKey().Findings);
    }

    [Fact]
    public void A_damaged_note_of_an_interrupted_prune_goes_with_a_repair()
    {
        using var place = Filled();
        var condemned = $"{place.Store}/condemned/{RepositoryHead.NameOf(2)}";
        File.WriteAllBytes(condemned, PackList.ToBytes([new string('0', 64)]));
        Flip(condemned, 20, 1);
        Assert.Equal(2, SnapshotRepository.RemakeHead(SnapshotRepository.At(place.Store), place.Key, place.Cache));
        Assert.False(File.Exists(condemned));
        Assert.Empty(place.Verify().Findings);
    }

    [Fact]
    public void A_damaged_index_is_made_again()
    {
        using var place = Filled();
        var index = Directory.EnumerateFiles(place.Cache, "index.sqlite", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(index, Place.Noise(10_000, 1));
        place.Restore("latest", place.Root + "/target");
        Assert.Equal(Place.Describe(place.Source), Place.Describe(place.Root + "/target"));
    }

    [Fact]
    public void A_full_disk_ends_a_backup_clearly_and_loses_nothing()
    {
        Assert.SkipUnless(Environment.UserName == "root", "mounting a small file system needs root");
        using var place = new Place();
        place.Write("first", Place.Noise(1_000_000, 1));
        place.Backup();
        var small = place.Root + "/small";
        Directory.CreateDirectory(small);
        Place.Run("/bin/mount", "-t", "tmpfs", "-o", "size=6m", "varve-test", small);
        try
        {
            Place.Run("/bin/cp", "-a", place.Store, small + "/repository");
            place.Write("second", Place.Noise(9_000_000, 2));
            using (var repository = SnapshotRepository.Open(small + "/repository", place.Key, place.Root + "/cache-small"))
            {
                var failure = Assert.Throws<SnapshotException>(() => repository.Backup(new BackupOptions { Path = Place.Bytes(place.Source) }, cancel: TestContext.Current.CancellationToken));
                Assert.Contains("full", failure.Message, StringComparison.Ordinal);
            }
            using (var repository = SnapshotRepository.Open(small + "/repository", place.Key, place.Root + "/cache-small"))
            {
                Assert.Single(repository.Snapshots());
                Assert.Empty(repository.Verify(cancel: TestContext.Current.CancellationToken).Findings);
                var target = small + "/target";
                File.WriteAllBytes(small + "/filler", new byte[new DriveInfo(small).AvailableFreeSpace - 300_000]);
                var failure = Assert.Throws<SnapshotException>(() => repository.Restore(new RestoreOptions { Snapshot = repository.Find("latest").Name, Target = Place.Bytes(target) }, cancel: TestContext.Current.CancellationToken));
                Assert.Contains("full", failure.Message, StringComparison.Ordinal);
                using (var alone = SnapshotRepository.Open(small + "/repository", place.Key, place.Root + "/cache-small-alone"))
                    Assert.Contains("full", Assert.ThrowsAny<Exception>(() => alone.AddKey(RepositoryKey.NewFile(place.Root + "/further"))).Message, StringComparison.Ordinal);
                File.Delete(small + "/filler");
                Assert.Equal(1, repository.Restore(new RestoreOptions { Snapshot = repository.Find("latest").Name, Target = Place.Bytes(target) }, cancel: TestContext.Current.CancellationToken).Files);
            }
        }
        finally
        {
            Place.Run("/bin/umount", small);
        }
    }
}
