using System.Text;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

/// <summary>A host that wants to learn what it stores, or serves something else.</summary>
public sealed class HostileTests
{
    private static string[] Of(Place place, string folder) =>
        [.. place.Objects().Where(n => n.StartsWith(folder + "/", StringComparison.Ordinal)).Select(n => $"{place.Store}/{n}")];

    [Theory]
    [InlineData(RepositoryCipher.Aes)]
    [InlineData(RepositoryCipher.ChaCha)]
    public void Neither_names_nor_contents_nor_keys_lie_in_an_encrypted_repository(RepositoryCipher cipher)
    {
        using var place = new Place(cipher);
        string[] secrets = ["Ptarmigan", "content-of-the-file", "in-an-attribute", "link-to-somewhere", "label-of-the-snapshot"];
        place.Write("Ptarmigan/Ptarmigan.txt", string.Concat(Enumerable.Repeat("content-of-the-file ", 3000)));
        place.Write("short", "content-of-the-file");
        place.Write("random", Place.Noise(700_000, 4));
        File.CreateSymbolicLink(place.Source + "/link", "link-to-somewhere");
        place.Backup(o => o with { Label = "label-of-the-snapshot" });
        var needles = secrets.Select(Encoding.ASCII.GetBytes).Concat([Place.Noise(700_000, 4)[300_000..300_020], place.Key!.Secret, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(place.Key.Secret))]).ToList();
        using (var repository = place.Open())
            needles.AddRange([repository.Secrets.Master, repository.Secrets.SealKey, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(repository.Secrets.Master)), Place.Bytes(place.Source)]);
        foreach (var path in place.Objects())
        {
            var bytes = File.ReadAllBytes($"{place.Store}/{path}").AsSpan();
            foreach (var needle in needles) Assert.True(bytes.IndexOf(needle) < 0, $"{path} holds {Encoding.Latin1.GetString(needle)}");
        }
        // Nor does a digest tell whether a content that somebody guesses is there.
        var guessed = System.Security.Cryptography.SHA256.HashData("content-of-the-file"u8);
        Assert.All(place.Objects(), path => Assert.True(File.ReadAllBytes($"{place.Store}/{path}").AsSpan().IndexOf(guessed) < 0));
    }

    [Fact]
    public void Swapped_packs_are_found()
    {
        using var place = new Place();
        place.Write("a", Place.Noise(600_000, 1));
        place.Backup();
        place.Write("b", Place.Noise(600_000, 2));
        place.Backup();
        var packs = Of(place, "packs").OrderByDescending(static p => new FileInfo(p).Length).Take(2).ToArray();
        var (one, other) = (File.ReadAllBytes(packs[0]), File.ReadAllBytes(packs[1]));
        File.WriteAllBytes(packs[0], other);
        File.WriteAllBytes(packs[1], one);
        // Both are genuine, of the same size, under the same key; only the ids tell.
        var failure = Assert.Throws<SnapshotException>(() => place.Restore("latest", place.Root + "/target"));
        Assert.Contains("serves something else", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, place.VerifyWithoutKey().Findings.Count);
    }

    [Fact]
    public void An_old_state_is_refused_where_a_later_one_was_seen()
    {
        using var place = new Place();
        place.Write("a", "old");
        place.Backup();
        Place.Run("/bin/cp", "-a", place.Store, place.Root + "/old");
        place.Write("a", "new");
        place.Backup();
        Place.Run("/bin/sh", "-c", "rm -r \"$1/repository\" && mv \"$1/old\" \"$1/repository\"", "roll", place.Root);
        var failure = Assert.Throws<SnapshotException>(() => place.Open().Dispose());
        Assert.Contains("older state", failure.Message, StringComparison.Ordinal);
        using (var accepted = place.Open(acceptOlder: true)) Assert.Single(accepted.Snapshots());
        place.Open().Dispose();
    }

    [Fact]
    public void A_snapshot_that_is_held_back_or_made_up_is_found()
    {
        using var place = new Place();
        place.Write("a", "1");
        place.Backup();
        place.Write("a", "2");
        place.Backup();
        var snapshots = Of(place, "snapshots");
        var held = File.ReadAllBytes(snapshots[0]);
        File.Delete(snapshots[0]);
        using (var repository = place.Open()) Assert.Contains("missing", Assert.Throws<SnapshotException>(() => repository.Snapshots()).Message, StringComparison.Ordinal);
        File.WriteAllBytes(snapshots[0], File.ReadAllBytes(snapshots[1]));
        using (var repository = place.Open()) Assert.Contains("damaged", Assert.Throws<SnapshotException>(() => repository.Snapshots()).Message, StringComparison.Ordinal);
        File.WriteAllBytes(snapshots[0], held);
        var head = Of(place, "heads")[^1];
        var forged = Checked.Write(json =>
        {
            json.WriteString("head", $"{Path.GetFileName(head).TrimStart('0')} snapshots lists ");
            json.WriteString("signature", new string('0', 64));
        });
        File.WriteAllBytes(head, forged);
        Assert.Contains("holder of the key", Assert.Throws<SnapshotException>(() => place.Open().Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_key_and_a_wrong_passphrase_are_told_so()
    {
        using var place = new Place();
        using (var repository = place.Open()) repository.AddKey(RepositoryKey.OfPassphrase("right"));
        place.Key = RepositoryKey.NewFile(place.Root + "/other");
        Assert.Contains("another key file", Assert.Throws<SnapshotException>(() => place.Open().Dispose()).Message, StringComparison.Ordinal);
        place.Key = RepositoryKey.OfPassphrase("wrong");
        Assert.Contains("another passphrase", Assert.Throws<SnapshotException>(() => place.Open().Dispose()).Message, StringComparison.Ordinal);
        place.Key = RepositoryKey.OfPassphrase("right");
        place.Open().Dispose();
        place.Key = null;
        Assert.Contains("is encrypted", Assert.Throws<SnapshotException>(() => place.Open().Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_changed_without_touching_the_data()
    {
        using var place = new Place();
        place.Write("a", Place.Noise(500_000, 1));
        place.Backup();
        var before = place.Objects().Where(static o => !o.StartsWith("keys", StringComparison.Ordinal)).ToDictionary(static o => o, o => File.GetLastWriteTimeUtc($"{place.Store}/{o}"));
        var old = place.Key!;
        var fresh = RepositoryKey.NewFile(place.Root + "/fresh");
        using (var repository = place.Open(exclusive: true))
        {
            var first = SnapshotRepository.Keys(SnapshotRepository.At(place.Store))[0].Name;
            Assert.Contains("last key", Assert.Throws<SnapshotException>(() => repository.RemoveKey(first)).Message, StringComparison.Ordinal);
            repository.AddKey(fresh);
            repository.RemoveKey(first);
        }
        Assert.Throws<SnapshotException>(() => place.Open().Dispose());
        place.Key = fresh;
        place.Restore("latest", place.Root + "/target");
        Assert.Equal(before, place.Objects().Where(static o => !o.StartsWith("keys", StringComparison.Ordinal)).ToDictionary(static o => o, o => File.GetLastWriteTimeUtc($"{place.Store}/{o}")));
        Assert.NotSame(old, fresh);
    }

    [Fact]
    public void An_unencrypted_repository_in_place_of_an_encrypted_one_gets_no_data()
    {
        using var place = new Place();
        Directory.Move(place.Store, place.Root + "/away");
        SnapshotRepository.Create(place.Store, RepositoryCipher.None, key: null, appendOnly: false);
        Assert.Contains("not encrypted", Assert.Throws<SnapshotException>(() => place.Backup()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tree_cannot_name_what_lies_outside_the_target()
    {
        using var place = new Place(RepositoryCipher.None);
        place.Write("a", "1");
        var entry = new TreeEntry { Kind = EntryKind.File, Name = "../escaped"u8.ToArray(), Mode = 0x1A4, Uid = 0, Gid = 0, ModifiedNs = 0 };
        using var repository = place.Open();
        var options = new BackupOptions { Path = Place.Bytes(place.Source) };
        repository.Backup(options, cancel: TestContext.Current.CancellationToken);
        using var sink = new ChunkSink(repository, 1);
        using var writer = new ChunkWriter(repository, sink, BlobKind.Meta);
        var id = writer.Add(entry.Encode());
        writer.Flush();
        sink.Finish();
        using var reader = new ChunkReader(repository);
        var tree = new Content([new ContentPart(id, entry.Encode().Length)], Indirect: false);
        Assert.Contains("no file can have", Assert.Throws<SnapshotException>(() => reader.Entries(tree)).Message, StringComparison.Ordinal);
    }
}
