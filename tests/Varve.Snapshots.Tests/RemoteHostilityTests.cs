using System.Text;
using Varve.Snapshots.Remote;
using Varve.Snapshots.Repository;
using Xunit;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary>Neither side of a repository on another host trusts the other: a host that serves old or swapped things, and a source that was stolen with its key.</summary>
public sealed class RemoteHostilityTests
{
    [Fact]
    public void An_old_state_is_refused_and_swapped_packs_are_found()
    {
        using var place = new RemotePlace();
        place.Here.Write("a", Place.Noise(600_000, 1));
        place.Init();
        place.Backup();
        Place.Run("/bin/cp", "-a", place.Store, $"{place.Here.Root}/old");
        place.Here.Write("b", Place.Noise(600_000, 2));
        place.Backup();
        Directory.Move(place.Store, $"{place.Here.Root}/new");
        Place.Run("/bin/cp", "-a", $"{place.Here.Root}/old", place.Store);
        Assert.Contains("older state", place.Varve.Fail(2, place.Words("list")), StringComparison.Ordinal);
        Directory.Delete(place.Store, recursive: true);
        Directory.Move($"{place.Here.Root}/new", place.Store);
        var packs = Directory.EnumerateFiles($"{place.Store}/packs", "*", SearchOption.AllDirectories).OrderByDescending(static p => new FileInfo(p).Length).Take(2).ToArray();
        var (one, other) = (File.ReadAllBytes(packs[0]), File.ReadAllBytes(packs[1]));
        File.WriteAllBytes(packs[0], other);
        File.WriteAllBytes(packs[1], one);
        Assert.Contains("serves something else", place.Varve.Fail(2, place.Words("restore", "latest", $"{place.Here.Root}/back")), StringComparison.Ordinal);
        Assert.Equal(5, place.Varve.Run(place.Words("verify")).Status);
    }

    [Fact]
    public void An_append_only_host_keeps_its_history_from_a_thief_who_has_the_key()
    {
        using var place = new RemotePlace();
        place.Here.Write("a", "first");
        place.Init("--append-only");
        place.Backup();
        place.Here.Write("a", "second");
        place.Backup();
        foreach (var words in (string[][])[place.Words("forget", "latest"), place.Words("prune")]) Assert.Contains("append-only", place.Varve.Fail(2, words), StringComparison.Ordinal);

        // A program that does not ask first.
        using var objects = place.Objects();
        using var repository = SnapshotRepository.Open(place.Objects(), RepositoryKey.OfFile(place.Key), place.Here.Cache, exclusive: true);
        using (objects.Lock(SnapshotRepository.HeadLockName, exclusive: true, wait: true))
        {
            foreach (var kind in (string[])[ObjectStore.Packs, ObjectStore.Snapshots, ObjectStore.Lists, ObjectStore.Heads, ObjectStore.Keys])
                Assert.Contains("append-only", Assert.Throws<SnapshotException>(() => objects.Delete(kind, objects.Names(kind)[0])).Message, StringComparison.Ordinal);
            var head = repository.Head;
            void Refused(RepositoryHead next) => Assert.Contains("append-only", Assert.Throws<SnapshotException>(() => objects.Put(ObjectStore.Heads, RepositoryHead.NameOf(next.Generation), next.ToBytes(repository.Secrets))).Message, StringComparison.Ordinal);
            Refused(head with { Generation = head.Generation + 1, Snapshots = [head.Snapshots[1]] });
            Refused(head with { Generation = head.Generation + 1, Lists = [] });
            Assert.Contains("does not follow", Assert.Throws<SnapshotException>(() => objects.Put(ObjectStore.Heads, RepositoryHead.NameOf(999), (head with { Generation = 999 }).ToBytes(repository.Secrets))).Message, StringComparison.Ordinal);
            Assert.Contains("append-only", Assert.Throws<SnapshotException>(() => objects.Put(ObjectStore.Condemned, "1", PackList.ToBytes(objects.Names(ObjectStore.Packs)))).Message, StringComparison.Ordinal);
        }
        Assert.Equal(2, place.Varve.Finish(place.Words("list")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("first", place.Varve.Finish(place.Words("cat", repository.Snapshots()[0].Name[..12], "a")));
    }

    [Fact]
    public void Nothing_is_changed_without_a_lock_nor_written_over_nor_under_a_false_name()
    {
        using var place = new RemotePlace();
        place.Here.Write("a", Place.Noise(500_000, 1));
        place.Init();
        place.Backup();
        using var objects = place.Objects();
        var pack = objects.Names(ObjectStore.Packs)[0];
        Assert.Contains("is not held", Assert.Throws<SnapshotException>(() => objects.Delete(ObjectStore.Packs, pack)).Message, StringComparison.Ordinal);
        Assert.Contains("other bytes", Assert.Throws<SnapshotException>(() => objects.Put(ObjectStore.Snapshots, new string('0', 64), "x"u8)).Message, StringComparison.Ordinal);
        var config = SnapshotRepository.At(place.Here.Store).Read("", RepositoryConfig.FileName);
        Assert.Contains("and is another", Assert.Throws<SnapshotException>(() => objects.Put("", RepositoryConfig.FileName, config)).Message, StringComparison.Ordinal);
        using (var staged = objects.Stage())
        {
            staged.Write("x"u8);
            Assert.Contains("other bytes", Assert.Throws<SnapshotException>(() => staged.Commit(ObjectStore.Packs, new string('0', 64))).Message, StringComparison.Ordinal);
        }
        foreach (var name in (string[])["../../x", "..", "x", "/etc/passwd", ""]) Assert.Throws<SnapshotException>(() => objects.Put(ObjectStore.Packs, name, "x"u8));
        Assert.Throws<SnapshotException>(() => objects.Names("../heads"));
        Assert.Equal(pack, objects.Names(ObjectStore.Packs)[0]);
        Assert.Contains("all as written", place.Varve.Finish(place.Words("verify")), StringComparison.Ordinal);
    }

    private static List<string> Talk(string? only, bool appendOnly, params string[] requests)
    {
        using var output = new MemoryStream();
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', requests) + "\n"));
        using (var server = new ObjectServer(only, appendOnly, input, output)) server.Run();
        return [.. Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static string Opening(string folder) => $"open 1 {Convert.ToBase64String(Encoding.UTF8.GetBytes(folder))}";

    [Fact]
    public void Who_runs_the_host_says_which_folder_may_be_opened_and_that_nothing_goes()
    {
        using var place = new Place();
        place.Write("a", "1");
        place.Backup();
        Assert.StartsWith("ok", Talk(place.Root, false, Opening(place.Store))[0], StringComparison.Ordinal);
        foreach (var other in (string[])["/etc", $"{place.Store}/../../x", $"{place.Root}-else", "relative"]) Assert.StartsWith("no ", Talk(place.Root, false, Opening(other))[0], StringComparison.Ordinal);
        var head = Path.GetFileName(Directory.EnumerateFiles($"{place.Store}/heads").First());
        var refused = Talk(null, true, Opening(place.Store), "lock lock alone now", $"delete heads {head}", "sweep");
        Assert.StartsWith("ok", refused[1], StringComparison.Ordinal);
        Assert.All(refused.Skip(2), static r => Assert.Contains("append-only", r, StringComparison.Ordinal));
        Assert.StartsWith("no ", Talk(null, false, "names packs")[0], StringComparison.Ordinal);
        Assert.Contains("is no request", Talk(null, false, Opening(place.Store), "touch pwned")[1], StringComparison.Ordinal);
        Assert.Contains("no number", Talk(null, false, Opening(place.Store), "put packs x 99999999999999999999")[1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_connection_leaves_unfinished_is_dropped()
    {
        using var place = new Place();
        Assert.Equal(2, Talk(null, false, Opening(place.Store), "stage", "more 100", "abc").Count);
        Assert.Empty(Directory.EnumerateFiles($"{place.Store}/tmp"));
        Assert.Empty(Directory.EnumerateFiles($"{place.Store}/packs", "*", SearchOption.AllDirectories));
    }
}
