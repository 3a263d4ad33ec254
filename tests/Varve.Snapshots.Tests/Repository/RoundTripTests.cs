using System.Text;
using CsCheck;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

public sealed class RoundTripTests
{
    [Theory]
    [InlineData(RepositoryCipher.Aes)]
    [InlineData(RepositoryCipher.ChaCha)]
    [InlineData(RepositoryCipher.None)]
    public void A_folder_comes_back_as_it_was(RepositoryCipher cipher)
    {
        using var place = new Place(cipher);
        place.Write("a/b/small", "hello");
        place.Write("a/empty", "");
        place.Write("large", Place.Noise(9_000_000, 1));
        place.Write("zeros", new byte[20_000_000]);
        Place.Run("/bin/sh", "-c", """
            cd "$1" && ln large a/second && ln -s ../nowhere a/link && mkfifo a/pipe && mkdir empty && chmod 4751 a/b/small && chmod 555 a/b && touch -d '1912-06-23 01:02:03.123456789' a/b/small
            truncate -s 40M sparse && printf x | dd of=sparse bs=1 seek=30000000 conv=notrunc status=none && printf y > "$(printf 'name\377\n\001')"
            chmod 500 a/b; touch -h -d '2001-01-01 00:00:00.5' a/link; touch -d '2002-02-02' a
            """, "make", place.Source);
        var report = place.Backup();
        Assert.Empty(report.Troubles);
        var target = place.Root + "/target";
        Assert.Empty(place.Restore("latest", target).Troubles);
        Assert.Equal(Place.Describe(place.Source), Place.Describe(target));
        Assert.True(long.Parse(Place.Run("/bin/sh", "-c", "stat -c %b \"$1\"", "blocks", target + "/sparse")) < 1000, "a sparse file came back without its holes");
        Assert.Empty(place.Verify().Findings);
        Assert.Empty(place.VerifyWithoutKey().Findings);
    }

    private static readonly string[] Folders = ["a", "b", "c/d", "c/e/f", "g/h"], Names = ["x", "y", "z.tif"];

    /// <summary>A file name, and what is in it: from nothing to several chunks, compressible or not.</summary>
    private static readonly Gen<(string Path, int Length, int Seed)[]> Trees =
        Gen.Select(Gen.Int[0, 4].Select(static n => Folders[n]), Gen.Int[0, 2].Select(static n => Names[n]),
                Gen.Frequency((5, Gen.Int[0, 3000]), (1, Gen.Int[200_000, 300_000]), (1, Gen.Int[500_000, 3_000_000])), Gen.Int[0, 20])
            .Select(static (folder, name, length, seed) => ($"{folder}/{name}", length, seed)).Array[0, 12];

    [Fact]
    public void Every_snapshot_of_a_folder_that_changes_comes_back_as_it_was_then()
    {
        Gen.Select(Trees, Trees, Trees).Sample((first, second, third) =>
        {
            using var place = new Place();
            var wanted = new List<(string Snapshot, string Tree)>();
            foreach (var tree in (IReadOnlyList<(string Path, int Length, int Seed)>[])[first, second, third])
            {
                foreach (var (path, length, seed) in tree) place.Write(path, seed % 2 == 0 ? Place.Noise(length, seed) : Encoding.ASCII.GetBytes(new string((char)('a' + seed), length)));
                if (tree.Count > 3 && File.Exists($"{place.Source}/{tree[0].Path}")) File.Delete($"{place.Source}/{tree[0].Path}");
                wanted.Add((place.Backup().Snapshot.Name, Place.Describe(place.Source)));
            }
            foreach (var (snapshot, tree) in wanted)
            {
                place.Restore(snapshot, $"{place.Root}/{snapshot[..8]}");
                Assert.Equal(tree, Place.Describe($"{place.Root}/{snapshot[..8]}"));
            }
            Assert.Empty(place.Verify().Findings);
        }, iter: 12, threads: 1);
    }

    [Fact]
    public void What_did_not_change_is_not_read_again_and_what_changed_costs_its_chunks()
    {
        using var place = new Place();
        for (var i = 0; i < 300; i++) place.Write($"many/{i}", Place.Noise(2000, i));
        var large = Place.Noise(20_000_000, 1);
        place.Write("large", large);
        Thread.Sleep(60);
        place.Backup();
        var second = place.Backup();
        Assert.Equal(0, second.BytesRead);
        Assert.Equal(0, second.Snapshot.AddedBytes);
        large[10_000_000] ^= 1;
        place.Write("large", large);
        place.Write("many/7", "changed");
        var third = place.Backup();
        Assert.Equal(20_000_007, third.BytesRead);
        Assert.InRange(third.Snapshot.AddedBytes, 1, 9_000_000);
    }

    [Fact]
    public void Without_its_cache_a_backup_reads_all_and_adds_nothing()
    {
        using var place = new Place();
        place.Write("file", Place.Noise(3_000_000, 1));
        place.Backup();
        Directory.Delete(place.Cache, recursive: true);
        var report = place.Backup();
        Assert.Equal(3_000_000, report.BytesRead);
        Assert.Equal(0, report.Snapshot.AddedBytes);
    }

    [Fact]
    public void A_file_of_many_chunks_has_its_parts_in_chunks_of_their_own()
    {
        using var place = new Place();
        using (var file = File.Create(place.Source + "/huge"))
            for (var i = 0; i < 120; i++) file.Write(Place.Noise(1_000_000, i));
        var report = place.Backup();
        using (var repository = place.Open())
        using (var codec = repository.NewCodec())
        using (var reader = new ChunkReader(repository))
            Assert.True(Assert.Single(reader.Entries(repository.Read(report.Snapshot.Name, codec).Root.Content)).Content.Indirect);
        place.Restore("latest", place.Root + "/target");
        Assert.Equal(Place.Describe(place.Source), Place.Describe(place.Root + "/target"));
    }

    [Fact]
    public void One_file_comes_back_alone_and_to_standard_output()
    {
        using var place = new Place();
        place.Write("a/b/one", "1");
        place.Write("a/b/oneself", "not this");
        place.Write("a/two", "2");
        place.Backup();
        place.Restore("latest", place.Root + "/target", overwrite: false, "a/b/one");
        Assert.Equal([place.Root + "/target/a/b/one"], Directory.EnumerateFiles(place.Root + "/target", "*", SearchOption.AllDirectories));
        using var repository = place.Open();
        using var output = new MemoryStream();
        repository.CopyTo(repository.Find("latest").Name, "a/two"u8, output);
        Assert.Equal("2"u8.ToArray(), output.ToArray());
        var failure = Assert.Throws<SnapshotException>(() => repository.CopyTo(repository.Find("latest").Name, "a/three"u8, output));
        Assert.Contains("has no 'a/three'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restore_refuses_what_is_not_empty_and_overwrites_when_told()
    {
        using var place = new Place();
        place.Write("file", "as saved");
        place.Write("gone", "as saved");
        place.Backup();
        place.Write("file", "changed since");
        File.Delete(place.Source + "/gone");
        place.Write("other", "mine");
        Assert.Contains("not empty", Assert.Throws<SnapshotException>(() => place.Restore("latest", place.Source)).Message, StringComparison.Ordinal);
        place.Restore("latest", place.Source, overwrite: true);
        Assert.Equal(["as saved", "as saved", "mine"], ((string[])["file", "gone", "other"]).Select(n => File.ReadAllText($"{place.Source}/{n}")));
        Assert.Equal(3, Directory.GetFileSystemEntries(place.Source).Length);
    }

    [Fact]
    public void A_clock_that_was_set_back_a_year_neither_hides_a_change_nor_makes_an_old_snapshot_the_latest()
    {
        using var place = new Place();
        var (now, before) = (DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddYears(-1));
        place.Write("file", "first");
        File.SetLastWriteTimeUtc(place.Source + "/file", now.UtcDateTime);
        place.Backup(o => o with { Taken = now });
        place.Write("file", "other");
        File.SetLastWriteTimeUtc(place.Source + "/file", before.UtcDateTime);
        var second = place.Backup(o => o with { Taken = before }).Snapshot.Name;
        using (var repository = place.Open())
        {
            Assert.Equal(second, repository.Find("latest").Name);
            Assert.Equal([now, before], repository.Snapshots().Select(static s => s.Taken));
        }
        place.Restore("latest", place.Root + "/target");
        Assert.Equal("other", File.ReadAllText(place.Root + "/target/file"));
    }

    [Fact]
    public void Extended_attributes_come_back()
    {
        const string Make = """
            import os
            os.setxattr("folder/file", "user.one", bytes(range(256)) * 4)
            os.setxattr("folder/file", "user.empty", b"")
            os.setxattr("folder", "user.two", b"2")
            os.setxattr(".", "user.top", b"3")
            """;
        const string Read = """import os; print([(p, a, os.getxattr(p, a)) for p in ("folder", "folder/file", ".") for a in sorted(os.listxattr(p))])""";
        const string Change = """import os; os.setxattr("folder/file", "user.one", b"changed")""";
        using var place = new Place();
        string Python(string program, string folder) => Place.Run("/bin/sh", "-c", "cd \"$1\" && { python3 -c \"$2\" 2>&1 || echo not possible; }", "python", folder, program);
        place.Write("folder/file", "hello");
        Assert.SkipWhen(Python(Make, place.Source).Contains("not possible", StringComparison.Ordinal), "this file system has no user attributes, or python3 is not installed");
        Assert.Empty(place.Backup().Troubles);
        place.Restore("latest", place.Root + "/target");
        Assert.Contains("user.empty", Python(Read, place.Source), StringComparison.Ordinal);
        Assert.Equal(Python(Read, place.Source), Python(Read, place.Root + "/target"));
        // A change of an attribute alone is seen, too.
        Thread.Sleep(60);
        Python(Change, place.Source);
        place.Backup();
        place.Restore("latest", place.Root + "/target-2");
        Assert.Equal(Python(Read, place.Source), Python(Read, place.Root + "/target-2"));
    }

    [Fact]
    public void Left_out_is_what_the_patterns_say_and_the_repository_itself()
    {
        using var place = new Place();
        place.Write("keep/a.txt", "");
        place.Write("keep/a.tmp", "");
        place.Write("build/out/x", "");
        place.Write("other/out/x", "");
        using (var repository = place.Open())
            repository.Backup(new BackupOptions { Path = Place.Bytes(place.Root), Exclude = ["*.tmp", "source/build/out", "key"] }, cancel: TestContext.Current.CancellationToken);
        place.Restore("latest", place.Root + "-all");
        var all = Directory.EnumerateFiles(place.Root + "-all", "*", SearchOption.AllDirectories).Select(f => f[(place.Root.Length + 5)..]).Order(StringComparer.Ordinal).ToList();
        Directory.Delete(place.Root + "-all", recursive: true);
        Assert.Equal(["source/keep/a.txt", "source/other/out/x"], all);
    }
}
