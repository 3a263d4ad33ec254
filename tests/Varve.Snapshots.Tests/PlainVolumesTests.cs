using NodaTime;
using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Folders on whatever file system the tests run on.</summary>
public sealed class PlainVolumesTests : VolumesTests
{
    protected override IVolumesFixture Open() => new PlainFixture();

    private static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Fact]
    public void A_dataset_below_is_in_no_snapshot_of_the_one_above_nor_are_the_snapshots_themselves()
    {
        using var f = new PlainFixture();
        var a = f.NewDataset("a");
        f.Write(a, "above");
        f.Write(f.NewDataset("a/below"), "below");
        Directory.CreateDirectory(a + "/folder");
        File.WriteAllText(a + "/folder/other", "");
        f.Volumes.Take([(a, "x")], children: false);
        var target = f.CheckOut(a, "x");
        Assert.Equal(["file", "folder", "folder/other"], Directory.EnumerateFileSystemEntries(target, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(target, p)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_increment_brings_what_changed_and_leaves_the_same_tree()
    {
        using var f = new PlainFixture();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        File.WriteAllBytes(source + "/large", Noise(12_000_000, 1));
        File.WriteAllBytes(source + "/twice", [.. Noise(3_000_000, 1), .. new byte[3_000_000]]);
        for (var i = 0; i < 200; i++) File.WriteAllText($"{source}/{i}", $"{i}");
        Directory.CreateDirectory(source + "/deep/deeper");
        File.WriteAllText(source + "/deep/deeper/one", "1");
        File.CreateSymbolicLink(source + "/link", "large");
        using (var sparse = File.Create(source + "/sparse")) sparse.SetLength(5_000_000);
        f.Volumes.Take([(source, "first")], children: false);
        f.Copy(new SendRequest(source, "first"), new ReceiveRequest(target), out var all);
        Assert.InRange(all, 12_000_000, 19_000_000);
        using (var large = File.OpenWrite(source + "/large"))
        {
            large.Position = 6_000_000;
            large.Write(Noise(100, 2));
        }
        File.WriteAllText(source + "/deep/deeper/two", "2");
        File.Delete(source + "/17");
        f.Volumes.Take([(source, "second")], children: false);
        f.Copy(new SendRequest(source, "second") { Base = "first" }, new ReceiveRequest(target), out var some);
        Assert.InRange(some, 100, 9_000_000);
        foreach (var name in (string[])["first", "second"])
            Assert.Equal(Repository.Place.Describe(f.CheckOut(source, name)), Repository.Place.Describe(f.CheckOut(target, name)));
        Assert.Equal("2", File.ReadAllText(f.CheckOut(target, "second", "deep") + "/deep/deeper/two"));
        using var repository = SnapshotRepository.Open(PlainVolumes.RepositoryOf(target), key: null);
        Assert.Empty(repository.Verify(cancel: TestContext.Current.CancellationToken).Findings);
    }

    [Fact]
    public void A_stream_that_was_changed_on_the_way_counts_for_nothing()
    {
        using var f = new PlainFixture();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        File.WriteAllBytes(source + "/file", Noise(5000, 1));
        f.Volumes.Take([(source, "first")], children: false);
        byte[] stream;
        using (var end = f.Volumes.Send(new SendRequest(source, "first")))
        {
            using var all = new MemoryStream();
            end.Bytes.CopyTo(all);
            end.Complete();
            stream = all.ToArray();
        }
        var random = new Random(3);
        for (var i = 0; i < 60; i++)
        {
            var bad = stream.ToArray();
            if (i % 2 == 0) bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            else bad = bad[..random.Next(bad.Length)];
            using var end = f.Volumes.Receive(new ReceiveRequest(target));
            Assert.Throws<SnapshotException>(() =>
            {
                end.Bytes.Write(bad);
                end.Complete();
            });
            Assert.Empty(f.Volumes.Snapshots([target]));
        }
        using var good = f.Volumes.Receive(new ReceiveRequest(target));
        good.Bytes.Write(stream);
        good.Complete();
        Assert.Equal("first", Assert.Single(f.Volumes.Snapshots([target])).Name);
    }

    [Fact]
    public void A_target_that_went_its_own_way_is_not_overwritten_unless_told()
    {
        using var f = new PlainFixture();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        f.Write(source, "one");
        f.Volumes.Take([(source, "first")], children: false);
        f.Copy(new SendRequest(source, "first"), new ReceiveRequest(target), out _);
        f.Volumes.Take([(target, "of its own")], children: false);
        f.Write(source, "two");
        f.Volumes.Take([(source, "second")], children: false);
        var increment = new SendRequest(source, "second") { Base = "first" };
        Assert.Contains("modified", Assert.Throws<SnapshotException>(() => f.Copy(increment, new ReceiveRequest(target), out _)).Message, StringComparison.Ordinal);
        Assert.Equal(["first", "of its own"], f.Volumes.Snapshots([target]).Select(static s => s.Name));
        f.Volumes.Hold(target, "of its own", "mine");
        Assert.Contains("held", Assert.Throws<SnapshotException>(() => f.Copy(increment, new ReceiveRequest(target) { Rollback = true }, out _)).Message, StringComparison.Ordinal);
        f.Volumes.Release(target, "of its own", "mine");
        f.Copy(increment, new ReceiveRequest(target) { Rollback = true }, out _);
        Assert.Equal(["first", "second"], f.Volumes.Snapshots([target]).Select(static s => s.Name));
    }

    [Fact]
    public void A_dataset_may_be_encrypted_and_then_a_key_is_needed_even_for_its_names()
    {
        using var keys = new PlainFixture();
        var key = RepositoryKey.NewFile(keys.Root + "/key");
        using var f = new PlainFixture(key);
        var dataset = f.NewTarget("secret");
        Directory.CreateDirectory(dataset + "/" + PlainVolumes.Folder);
        SnapshotRepository.Create(PlainVolumes.RepositoryOf(dataset), RepositoryCipher.Aes, key, appendOnly: false);
        f.Write(dataset, "one");
        f.Volumes.Take([(dataset, "first")], children: false);
        Assert.Equal("one", f.Read(dataset, "first"));
        Assert.Equal(KeyState.Available, Assert.Single(f.Volumes.Datasets(dataset, false)).Key);
        var keyless = new PlainVolumes(static () => null, keys.Root + "/cache", static _ => { });
        Assert.Equal(KeyState.Unavailable, Assert.Single(keyless.Datasets(dataset, false)).Key);
        Assert.Contains("is encrypted", Assert.Throws<SnapshotException>(() => keyless.Snapshots([dataset])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_keeps_a_folder_as_it_keeps_a_pool()
    {
        using var f = new PlainFixture();
        var dataset = f.NewDataset("home");
        var file = VarveFile.Parse($"[snapshots.\"{dataset}\"]\nkeep = \"2 hourly\"\n", "test.toml");
        var keeper = new Keeper(file, _ => f.Volumes, DateTimeZone.Utc) { Consent = true };
        var begin = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        for (var i = 0; i < 3; i++)
        {
            f.Write(dataset, $"{i}");
            f.Volumes.Take([(dataset, $"varve_{i}")], children: false);
        }
        var deed = Assert.Single(keeper.Take(keeper.Plan(begin + 7200), begin + 7200));
        Assert.Equal("", deed.Failure);
        Assert.Equal(4, f.Volumes.Snapshots([dataset]).Count);
        var plan = Assert.Single(keeper.Plan(begin + 8000));
        Assert.True(plan.Prune.Destroyed >= 2);
        Assert.Equal("", Assert.Single(keeper.Prune([plan]).DistinctBy(static d => d.Failure)).Failure);
        Assert.Equal(plan.Prune.Kept, f.Volumes.Snapshots([dataset]).Count);
    }
}
