using Varve.Linux;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

public sealed class StoreBlobTests : IDisposable
{
    private readonly TemporaryHome place = new();
    private readonly BlobStore store;

    public StoreBlobTests() => store = new BlobStore(place.Home);

    public void Dispose() => place.Dispose();

    [Fact]
    public void Bytes_lie_under_their_digest_and_nobody_may_write_them()
    {
        var digest = store.PutBytes("hello"u8);
        Assert.Equal($"{place.Home.StoreFolder}/{digest.Hex[..2]}/{digest.Hex[2..]}", store.PathOf(digest));
        Assert.Equal("hello"u8.ToArray(), store.ReadAll(digest));
        Assert.Equal(0b100_100_100, Files.Look(store.PathOf(digest)).Permissions);
    }

    [Fact]
    public void A_file_and_the_same_bytes_are_one_blob()
    {
        var digest = store.PutFile(place.Write("a", "same"));
        Assert.Equal(digest, store.PutBytes("same"u8));
        Assert.Single(StoreListing.Blobs(place.Home));
        Assert.Empty(StoreListing.Leftovers(place.Home, long.MaxValue));
    }

    [Fact]
    public void An_adopted_file_is_moved_and_not_copied()
    {
        var path = place.Write("a", "mine");
        var inode = Files.Look(path).Inode;
        var digest = Digest.Of("mine"u8);
        store.Adopt(path, digest);
        Assert.False(File.Exists(path));
        Assert.Equal(inode, Files.Look(store.PathOf(digest)).Inode);
    }

    [Fact]
    public void A_blob_put_in_place_replaces_what_was_there_with_its_mode_and_time()
    {
        var target = place.Write("out", "old");
        store.Materialise(store.PutBytes("new"u8), target, 0b111_101_000, 1_700_000_000_123_456_789);
        Assert.Equal("new", File.ReadAllText(target));
        var stamp = Files.Look(target);
        Assert.Equal(0b111_101_000, stamp.Permissions);
        Assert.Equal(1_700_000_000_123_456_789, stamp.ModifiedNs);
    }

    [Fact]
    public void What_is_put_in_place_can_be_changed_without_harm_to_the_store()
    {
        var digest = store.PutBytes("kept"u8);
        store.Materialise(digest, place.At("out"), 0b110_100_100, null);
        File.AppendAllText(place.At("out"), "!");
        Assert.Equal("kept"u8.ToArray(), store.ReadAll(digest));
    }

    [Fact]
    public void A_damaged_blob_is_named_and_replaces_nothing()
    {
        var digest = store.PutBytes("whole"u8);
        Damage(digest);
        var target = place.Write("out", "mine");

        var read = Assert.Throws<DamagedStoreException>(() => store.ReadAll(digest));
        Assert.Contains(digest.Hex[..12], read.Message, StringComparison.Ordinal);
        Assert.Throws<DamagedStoreException>(() => store.Materialise(digest, target, 0b110_100_100, null));
        Assert.Equal("mine", File.ReadAllText(target));
        Assert.Equal([target], Directory.GetFileSystemEntries(place.Work));
    }

    [Fact]
    public void A_lost_blob_is_named()
    {
        var digest = Digest.Of("never kept"u8);
        Assert.Contains(digest.ToString(), Assert.Throws<DamagedStoreException>(() => store.Open(digest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_temporary_that_a_crash_left_is_no_blob()
    {
        var digest = store.PutBytes("x"u8);
        var left = $"{Files.Parent(store.PathOf(digest))}/.0123.tmp";
        File.WriteAllText(left, "half");
        Assert.Equal([digest], StoreListing.Blobs(place.Home).Select(b => b.Digest));
        Assert.Equal([left], StoreListing.Leftovers(place.Home, long.MaxValue));
    }

    [Fact]
    public void Verify_sets_aside_what_is_damaged_and_nothing_else()
    {
        var (good, bad) = (store.PutBytes("good"u8), store.PutBytes("bad"u8));
        Damage(bad);
        var report = Verification.Run(place.Home, TestContext.Current.CancellationToken);
        Assert.Equal(2, report.Blobs);
        Assert.Equal(bad, Assert.Single(report.Damaged).Digest);
        Assert.True(store.Has(good));
        Assert.False(store.Has(bad));
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(8, 64)]
    [InlineData(8, 8)]
    public void A_file_with_holes_keeps_them_and_its_bytes(int dataAtMiB, int sizeMiB)
    {
        const long mib = 1 << 20;
        var path = place.At("sparse");
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, sizeMiB * mib);
            if (dataAtMiB < sizeMiB) RandomAccess.Write(file, "data"u8, dataAtMiB * mib);
        }
        var digest = store.PutFile(path);
        store.Materialise(digest, place.At("copy"), 0b110_100_100, null);
        Assert.Equal(sizeMiB * mib, new FileInfo(place.At("copy")).Length);
        using (var copy = Files.OpenRead(place.At("copy"))) Assert.Equal(digest, BlobStore.HashOf(copy));

        Assert.SkipUnless(AllocatedKiB(path) < 1024, "this file system has no holes");
        Assert.True(AllocatedKiB(store.PathOf(digest)) < 1024, "the blob has no holes");
        Assert.True(AllocatedKiB(place.At("copy")) < 1024, "the copy has no holes");
    }

    private static long AllocatedKiB(string path)
    {
        using var du = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("du", ["-k", path]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = du.StandardOutput.ReadToEnd();
        du.WaitForExit();
        return long.Parse(said.Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Damage(Digest digest)
    {
        Files.SetPermissions(store.PathOf(digest), 0b110_100_100);
        File.WriteAllText(store.PathOf(digest), "WHOLE");
    }
}
