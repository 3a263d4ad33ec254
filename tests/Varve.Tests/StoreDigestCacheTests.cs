using Varve.Linux;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

public sealed class StoreDigestCacheTests : IDisposable
{
    private static readonly Digest Pretended = Digest.Of("not what the file holds"u8);
    private readonly TemporaryHome place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_digest_is_that_of_the_bytes()
    {
        using var cache = new DigestCache(place.Home);
        var path = place.Write("a", "one");
        Assert.Equal(Digest.Of("one"u8), cache.Of(path, Files.Look(path)));
    }

    [Fact]
    public void A_file_that_was_changed_a_moment_ago_is_read_again()
    {
        using var cache = new DigestCache(place.Home);
        var path = place.Write("a", "one");
        cache.Learn(path, Files.Look(path), Pretended, settled: false);
        Assert.Equal(Digest.Of("one"u8), cache.Of(path, Files.Look(path)));
    }

    [Fact]
    public void A_file_that_rested_for_two_seconds_is_known_by_its_stamp()
    {
        using var cache = new DigestCache(place.Home);
        var path = place.Write("a", "one");
        var rested = Files.Look(path) with { ModifiedNs = Files.CoarseNow() - 3_000_000_000, ChangedNs = Files.CoarseNow() - 3_000_000_000 };
        cache.Learn(path, rested, Pretended, settled: false);
        Assert.Equal(Pretended, cache.Of(path, rested));
        Assert.Equal(Digest.Of("one"u8), cache.Of(path, rested with { Size = 4 }));
    }

    [Fact]
    public void What_was_learnt_is_known_to_the_next_process()
    {
        var path = place.Write("a", "one");
        using (var first = new DigestCache(place.Home)) first.Learn(path, Files.Look(path), Pretended, settled: true);
        using var second = new DigestCache(place.Home);
        Assert.Equal(Pretended, second.Of(path, Files.Look(path)));
    }

    [Fact]
    public void A_damaged_cache_is_begun_anew()
    {
        var path = place.Write("a", "one");
        Directory.CreateDirectory(place.Home.Folder);
        File.WriteAllText(place.Home.StampsFile, new string('?', 5000));
        using (var first = new DigestCache(place.Home))
        {
            Assert.Equal(Digest.Of("one"u8), first.Of(path, Files.Look(path)));
            first.Learn(path, Files.Look(path), Pretended, settled: true);
        }
        using var second = new DigestCache(place.Home);
        Assert.Equal(Pretended, second.Of(path, Files.Look(path)));
    }
}
