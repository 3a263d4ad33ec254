using System.Text;
using System.Text.Json;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;
using Xunit;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary>Repositories on another host: ciphertext goes there, the key stays here, and all commands are as for one of this host.</summary>
public sealed class RemoteRepositoryTests
{
    private const string Plaintext = "the-words-of-the-file";

    private static void Fill(RemotePlace place)
    {
        place.Here.Write("large", Place.Noise(5_000_000, 1));
        for (var i = 0; i < 40; i++) place.Here.Write($"Ptarmigan-{i % 4}/{i}", $"{Plaintext} {i} {new string('x', i * 300)}");
    }

    [Fact]
    public void Every_command_takes_a_repository_of_another_host_whatever_its_folder_is_called()
    {
        using var place = new RemotePlace();
        Fill(place);
        // Nor is a program taken from the current folder.
        File.WriteAllText($"{place.Here.Root}/home/ssh", "#!/bin/sh\ntouch pwned\n");
        File.SetUnixFileMode($"{place.Here.Root}/home/ssh", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Contains($"made {place.Address}", place.Init(), StringComparison.Ordinal);
        Assert.Contains("41 files", place.Backup(), StringComparison.Ordinal);
        place.Here.Write("large", [.. Place.Noise(2_000_000, 1), .. Place.Noise(300_000, 2), .. Place.Noise(5_000_000, 1)[2_300_000..]]);
        using (var report = JsonDocument.Parse(place.Varve.Finish(place.Words("backup", place.Here.Source, "--label", "second", "--json"))))
            Assert.InRange(report.RootElement.GetProperty("addedBytes").GetInt64(), 300_000, 4_000_000);
        Assert.Equal(2, place.Varve.Finish(place.Words("list")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("Ptarmigan-3", place.Varve.Finish(place.Words("list", "latest")), StringComparison.Ordinal);
        Assert.StartsWith(Plaintext, place.Varve.Finish(place.Words("cat", "second", "Ptarmigan-1/5")), StringComparison.Ordinal);
        place.Varve.Finish(place.Words("restore", "second", $"{place.Here.Root}/back"));
        Assert.Equal(Place.Describe(place.Here.Source), Place.Describe($"{place.Here.Root}/back"));
        Assert.Contains("all as written", place.Varve.Finish(place.Words("verify")), StringComparison.Ordinal);

        // Keys, forgetting, pruning, repairing.
        place.Varve.Finish("snap", "repo", "key", "add", place.Address, "--new-key-file", $"{place.Here.Root}/more.key");
        Assert.Equal(2, place.Varve.Finish("snap", "repo", "key", "list", place.Address).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        place.Varve.Finish(place.Words("forget", "second"));
        Assert.Contains("freed", place.Varve.Finish(place.Words("prune")), StringComparison.Ordinal);
        File.WriteAllText(Directory.EnumerateFiles($"{place.Store}/heads").Order(StringComparer.Ordinal).Last(), "damaged");
        place.Varve.Fail(2, place.Words("list"));
        Assert.Contains("a new head names 1 snapshot", place.Varve.Finish(place.Words("repair")), StringComparison.Ordinal);
        Assert.Contains("all as written", place.Varve.Finish(place.Words("verify")), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles($"{place.Store}/tmp"));
        foreach (var folder in (string[])[place.Here.Root, $"{place.Here.Root}/home", place.There, "/root", Environment.CurrentDirectory]) Assert.False(File.Exists($"{folder}/pwned"), $"{folder}/pwned");
    }

    [Fact]
    public void The_other_host_gets_ciphertext_and_never_the_key()
    {
        using var place = new RemotePlace();
        Fill(place);
        place.Init();
        place.Backup();
        place.Varve.Finish(place.Words("restore", "latest", $"{place.Here.Root}/back"));
        place.Varve.Finish(place.Words("verify"));
        var key = RepositoryKey.OfFile(place.Key).Secret;
        byte[][] needles = [Encoding.ASCII.GetBytes(Plaintext), "Ptarmigan"u8.ToArray(), key, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key)), Encoding.ASCII.GetBytes(Convert.ToBase64String(key)), Place.Noise(5_000_000, 1)[1_000_000..1_000_020]];
        var heard = Directory.GetFiles(place.Heard);
        Assert.True(heard.Sum(static f => new FileInfo(f).Length) > 5_000_000, "nothing was heard");
        foreach (var file in heard.Concat(Directory.EnumerateFiles(place.There, "*", SearchOption.AllDirectories)))
            foreach (var needle in needles) Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(needle) < 0, $"{file} holds {Encoding.Latin1.GetString(needle)}");
    }

    [Fact]
    public void The_host_without_the_key_verifies_and_is_mended_from_another_copy()
    {
        using var place = new RemotePlace();
        Fill(place);
        place.Init();
        place.Backup();
        Place.Run("/bin/cp", "-a", place.Store, $"{place.Here.Root}/copy");
        // On that host, and from here, where the check runs there all the same.
        Assert.Contains("all as written", place.OnTheOtherHost("snap", "repo", "verify", place.Store, "--without-key"), StringComparison.Ordinal);
        Assert.Contains("all as written", place.OnTheOtherHost(place.Words("verify", "--without-key")), StringComparison.Ordinal);
        var pack = Directory.EnumerateFiles($"{place.Store}/packs", "*", SearchOption.AllDirectories).MaxBy(static f => new FileInfo(f).Length)!;
        var bytes = File.ReadAllBytes(pack);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(pack, bytes);
        place.Varve.Variables["VARVE_KEY_FILE"] = "";
        Assert.Equal(5, place.Varve.Run(place.Words("verify", "--without-key")).Status);
        Assert.Contains($"repaired packs/{Path.GetFileName(pack)}", place.Varve.Finish(place.Words("verify", "--without-key", "--repair-from", $"{place.Here.Root}/copy")), StringComparison.Ordinal);
        // And the other way round: a copy of this host from the other.
        var broken = pack.Replace(place.Store, $"{place.Here.Root}/copy", StringComparison.Ordinal);
        File.WriteAllBytes(broken, bytes);
        Assert.Contains("repaired packs/", place.Varve.Finish("snap", "repo", "verify", $"{place.Here.Root}/copy", "--without-key", "--repair-from", place.Address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_sent_before_a_host_vanished_is_not_sent_again()
    {
        using var place = new RemotePlace();
        for (var i = 0; i < 6; i++) place.Here.Write($"noise-{i}", Place.Noise(40_000_000, i));
        place.Init();
        using (var process = place.Varve.Start(place.Words("backup", place.Here.Source)))
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            _ = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            while (!process.HasExited && Directory.EnumerateFiles($"{place.Store}/packs", "*", SearchOption.AllDirectories).Count() < 3) await Task.Delay(5, TestContext.Current.CancellationToken);
            place.Vanish();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 2, $"status {process.ExitCode}: {await error}");
            Assert.Matches("^varve: root@127.0.0.1 (cannot be reached|went away)", await error);
        }
        var before = Directory.EnumerateFiles($"{place.Store}/packs", "*", SearchOption.AllDirectories).ToDictionary(static f => f, File.GetLastWriteTimeUtc);
        place.ComeBack();
        foreach (var file in Directory.EnumerateFiles(place.Heard)) File.Delete(file);
        Assert.Contains("240", place.Backup(), StringComparison.Ordinal);
        var sent = Directory.EnumerateFiles(place.Heard).Sum(static f => new FileInfo(f).Length);
        Assert.InRange(sent, 1, 240_000_000 - before.Keys.Sum(static f => new FileInfo(f).Length) + 2_000_000);
        Assert.All(before, static f => Assert.Equal(f.Value, File.GetLastWriteTimeUtc(f.Key)));
        Assert.Contains("all as written", place.OnTheOtherHost("snap", "repo", "verify", place.Store, "--without-key"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sync_into_it_brings_each_snapshot_and_does_nothing_when_it_has_all()
    {
        using var place = new RemotePlace();
        place.Init();
        using var f = new PlainFixture();
        var dataset = f.NewDataset("source");
        f.Write(dataset, "one");
        string[] sync = ["sync", dataset, place.Address];
        Assert.Contains("everything up to varve-sync_", place.Varve.Finish([.. sync, "--dry-run"]), StringComparison.Ordinal);
        place.Varve.Finish(sync);
        f.Write(dataset, "two");
        Assert.Contains("1 snapshot up to varve-sync_", place.Varve.Finish(sync), StringComparison.Ordinal);
        Assert.Contains("nothing to do", place.Varve.Finish([.. sync, "--no-sync-snap"]), StringComparison.Ordinal);
        Assert.StartsWith("two", place.Varve.Finish(place.Words("cat", "latest", "file")), StringComparison.Ordinal);
        Assert.Contains(place.Address, Uri.UnescapeDataString(f.Volumes.Datasets(dataset, recursive: false)[0].Note(Volumes.Notes.Peers)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_over_there_is_said_and_when_there_is_room_the_backup_finishes()
    {
        using var place = new RemotePlace();
        if (Host.Local.Try(["mount", "-t", "tmpfs", "-o", "size=20m", "varve-test", place.There]).Status != 0) Assert.Skip("a small disk cannot be mounted here");
        try
        {
            place.Here.Write("large", Place.Noise(40_000_000, 1));
            place.Init();
            Assert.Contains("the disk is full", place.Varve.Fail(2, place.Words("backup", place.Here.Source)), StringComparison.Ordinal);
            Host.Local.Run(["mount", "-o", "remount,size=120m", place.There]);
            place.Backup();
            Assert.Contains("all as written", place.Varve.Finish(place.Words("verify")), StringComparison.Ordinal);
        }
        finally
        {
            Host.Local.Run(["umount", place.There]);
        }
    }

    [Fact]
    public void A_clock_set_back_a_year_changes_neither_the_order_nor_what_is_latest()
    {
        using var place = new RemotePlace();
        place.Init();
        place.Here.Write("a", "before");
        place.Backup();
        place.Here.Write("a", "after");
        using (var repository = SnapshotRepository.Open(place.Objects(), RepositoryKey.OfFile(place.Key), place.Here.Cache))
            repository.Backup(new BackupOptions { Path = Place.Bytes(place.Here.Source), Taken = DateTimeOffset.UtcNow.AddYears(-1) }, cancel: TestContext.Current.CancellationToken);
        Assert.Equal("after", place.Varve.Finish(place.Words("cat", "latest", "a")));
        place.Here.Write("a", "and again");
        place.Backup();
        Assert.Equal("and again", place.Varve.Finish(place.Words("cat", "latest", "a")));
    }

    [Fact]
    public void What_cannot_be_is_said_and_what_to_do()
    {
        using var place = new RemotePlace();
        RepositoryKey.NewFile(place.Key);
        Assert.Contains("is no repository; `varve snap repo init` makes one", place.Varve.Fail(2, place.Words("list")), StringComparison.Ordinal);
        place.Init();
        Assert.Contains("is a repository already", place.Varve.Fail(2, place.Words("init", "--new-key-file", place.Key)), StringComparison.Ordinal);
        RepositoryKey.NewFile($"{place.Here.Root}/wrong.key");
        Assert.Contains("it is another key file", place.Varve.Fail(2, place.Words("list", "--key-file", $"{place.Here.Root}/wrong.key")), StringComparison.Ordinal);
        Assert.Contains("must be absolute", place.Varve.Fail(2, "snap", "repo", "list", "root@127.0.0.1:repo:folder"), StringComparison.Ordinal);
        foreach (var host in (string[])["x;touch pwned", "$(touch pwned)"]) Assert.Contains("is no name of a host", place.Varve.Fail(2, "snap", "repo", "list", $"{host}:repo:/r"), StringComparison.Ordinal);
        File.Delete($"{place.Here.Root}/bin/varve");
        Assert.Contains("root@127.0.0.1 has no varve, which must be there", place.Varve.Fail(2, place.Words("list")), StringComparison.Ordinal);
        File.WriteAllText($"{place.Here.Root}/bin/varve", "#!/bin/sh\necho Welcome to this host\n");
        File.SetUnixFileMode($"{place.Here.Root}/bin/varve", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Contains("is not what varve says", place.Varve.Fail(2, place.Words("list")), StringComparison.Ordinal);
        place.Vanish();
        Assert.Contains("root@127.0.0.1 cannot be reached", place.Varve.Fail(2, place.Words("list")), StringComparison.Ordinal);
    }
}
