using CsCheck;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

public sealed class PruneTests
{
    private static PruneReport Prune(Place place, bool dryRun = false)
    {
        using var repository = place.Open(exclusive: true);
        return repository.Prune(dryRun, TestContext.Current.CancellationToken);
    }

    private static void Forget(Place place, params string[] snapshots)
    {
        using var repository = place.Open(exclusive: true);
        repository.Forget([.. snapshots.Select(s => repository.Find(s).Name)]);
    }

    private static long Size(Place place) => place.Objects().Where(static o => o.StartsWith("packs", StringComparison.Ordinal)).Sum(o => new FileInfo($"{place.Store}/{o}").Length);

    [Fact]
    public void What_only_a_forgotten_snapshot_needed_is_freed_and_the_rest_comes_back()
    {
        using var place = new Place();
        place.Write("kept", Place.Noise(5_000_000, 1));
        place.Write("gone", Place.Noise(7_000_000, 2));
        for (var i = 0; i < 50; i++) place.Write($"small/{i}", Place.Noise(3000, 100 + i));
        place.Backup(o => o with { Label = "first" });
        File.Delete(place.Source + "/gone");
        for (var i = 0; i < 40; i++) File.Delete($"{place.Source}/small/{i}");
        place.Backup(o => o with { Label = "second" });
        var tree = Place.Describe(place.Source);
        Assert.Equal(0, Prune(place).BytesFreed);
        Forget(place, "first");
        var would = Prune(place, dryRun: true);
        Assert.InRange(would.BytesFreed, 7_000_000, 7_300_000);
        Assert.Equal(would.BytesFreed, Prune(place).BytesFreed);
        Assert.InRange(Size(place), 5_000_000, 5_200_000);
        Assert.Equal(0, Prune(place).BytesFreed);
        place.Restore("second", place.Root + "/target");
        Assert.Equal(tree, Place.Describe(place.Root + "/target"));
        Assert.Empty(place.Verify().Findings);
        Assert.Empty(place.VerifyWithoutKey().Findings);
    }

    [Fact]
    public void After_any_history_every_snapshot_that_is_left_comes_back()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 40_000]).Array[1, 14].Sample(history =>
        {
            using var place = new Place(RepositoryCipher.None);
            var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (what, file, length) in history)
            {
                if (what <= 2)
                {
                    place.Write($"d{file}/f", Place.Noise(length, length));
                    wanted[place.Backup().Snapshot.Name] = Place.Describe(place.Source);
                }
                else if (what == 3 && wanted.Count > 0)
                {
                    var victim = wanted.Keys.Order(StringComparer.Ordinal).ElementAt(length % wanted.Count);
                    Forget(place, victim);
                    wanted.Remove(victim);
                }
                else if (what == 4)
                {
                    Prune(place);
                }
                else if (Directory.Exists(place.Cache))
                {
                    Directory.Delete(place.Cache, recursive: true);
                }
            }
            Prune(place);
            foreach (var (snapshot, tree) in wanted)
            {
                place.Restore(snapshot, $"{place.Root}/{snapshot}");
                Assert.Equal(tree, Place.Describe($"{place.Root}/{snapshot}"));
            }
            Assert.Empty(place.Verify().Findings);
            Assert.Empty(place.VerifyWithoutKey().Findings);
        }, iter: 20, threads: 1);
    }

    [Theory]
    [InlineData(RepositoryCipher.None)]
    [InlineData(RepositoryCipher.Aes)]
    public void A_pack_that_comes_out_as_it_was_stays(RepositoryCipher cipher)
    {
        using var place = new Place(cipher);
        for (var i = 0; i < 6; i++)
        {
            place.Write($"{i}", Place.Noise(2000, i));
            place.Backup();
            Prune(place);
            Prune(place);
            Assert.Empty(place.Verify().Findings);
        }
        place.Restore("latest", place.Root + "/target");
        Assert.Equal(Place.Describe(place.Source), Place.Describe(place.Root + "/target"));
    }

    [Fact]
    public void A_backup_after_a_prune_elsewhere_does_not_count_on_what_went()
    {
        using var place = new Place();
        place.Write("a", Place.Noise(2_000_000, 1));
        place.Backup(o => o with { Label = "first" });
        File.Delete(place.Source + "/a");
        place.Backup(o => o with { Label = "second" });
        // Another machine, with a cache of its own, forgets and prunes.
        using (var other = SnapshotRepository.Open(place.Store, place.Key, place.Root + "/cache-of-another", exclusive: true))
        {
            other.Forget([other.Find("first").Name]);
            Assert.InRange(other.Prune(cancel: TestContext.Current.CancellationToken).BytesFreed, 2_000_000, 2_100_000);
        }
        place.Write("a", Place.Noise(2_000_000, 1));
        Assert.InRange(place.Backup().Snapshot.AddedBytes, 2_000_000, 2_100_000);
        Assert.Empty(place.Verify().Findings);
    }

    [Fact]
    public void Nothing_is_removed_from_an_append_only_repository()
    {
        using var place = new Place();
        place.Write("a", "1");
        place.Backup();
        File.WriteAllText(place.Store + "/append-only", "");
        using var repository = place.Open(exclusive: true);
        var name = repository.Find("latest").Name;
        foreach (var removal in (Action[])[() => repository.Forget([name]), () => repository.Prune(), () => repository.RemoveKey(SnapshotRepository.Keys(SnapshotRepository.At(place.Store))[0].Name)])
            Assert.Contains("append-only", Assert.Throws<SnapshotException>(removal).Message, StringComparison.Ordinal);
        Assert.Single(repository.Snapshots());
    }

    [Fact]
    public void A_prune_waits_for_nobody_and_refuses_while_others_work()
    {
        using var place = new Place();
        using var backup = place.Open();
        Assert.Contains("in use", Assert.Throws<SnapshotException>(() => place.Open(exclusive: true)).Message, StringComparison.Ordinal);
    }
}
