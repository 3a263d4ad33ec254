using System.Text.Json;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary><c>varve sync</c> as a person runs it: between two btrfs file systems, one of them behind a real ssh.</summary>
public sealed class SshSyncTests
{
    private const string Remote = "root@127.0.0.1:";

    private sealed class Two : IDisposable
    {
        public BtrfsDisk Here { get; } = new();

        public BtrfsDisk There { get; } = new();

        public Sshd Sshd { get; }

        public VarveProgram Varve { get; }

        public Two(string remotePath = "")
        {
            Sshd = new Sshd(remotePath);
            Varve = new VarveProgram(Directory.CreateDirectory(Here.At("home")).FullName);
            Varve.Variables["PATH"] = Sshd.PathWithCount;
        }

        public string Dataset(string name, string text = "one")
        {
            var folder = Here.At(name);
            Host.Local.Run(["btrfs", "subvolume", "create", folder]);
            File.WriteAllText($"{folder}/file", text);
            return folder;
        }

        public string[] Sync(params string[] words) => ["sync", .. words, .. Sshd.Options];

        public void Dispose()
        {
            Sshd.Dispose();
            There.Dispose();
            Here.Dispose();
        }
    }

    private static string Newest(string folder) => Directory.EnumerateDirectories($"{folder}/.varve-snapshots").Where(static d => !Path.GetFileName(d).StartsWith('.')).Order(StringComparer.Ordinal).Last();

    [Fact]
    public void Pushes_and_pulls_say_what_they_do_and_a_dry_run_only_says_it()
    {
        using var two = new Two();
        var (source, target) = (two.Dataset("data"), two.There.At("copy"));
        var planned = two.Varve.Finish(two.Sync("--dry-run", source, Remote + target));
        Assert.Contains($"{source} -> {Remote}{target}: everything up to varve-sync_", planned, StringComparison.Ordinal);
        Assert.False(Directory.Exists(target));
        Assert.Contains("1 snapshot up to varve-sync_", two.Varve.Finish(two.Sync(source, Remote + target)), StringComparison.Ordinal);
        Assert.Equal("one", File.ReadAllText($"{Newest(target)}/file"));
        File.WriteAllText($"{source}/file", new string('x', 3_000_000));
        using var report = JsonDocument.Parse(two.Varve.Finish(two.Sync("--json", source, Remote + target)));
        var told = report.RootElement;
        Assert.Equal(("increment", "plain", 1), (told.GetProperty("action").GetString(), told.GetProperty("mode").GetString(), told.GetProperty("snapshots").GetInt32()));
        Assert.True(told.GetProperty("bytesOnWire").GetInt64() * 10 < told.GetProperty("bytes").GetInt64(), "what can be packed was not");
        var back = two.Here.At("back");
        two.Varve.Finish(two.Sync("--no-sync-snap", Remote + target, back));
        Assert.Equal(3_000_000, File.ReadAllText($"{Newest(back)}/file").Length);
    }

    [Fact]
    public void Nothing_to_do_for_many_datasets_is_a_handful_of_calls()
    {
        using var two = new Two();
        var source = two.Dataset("data");
        for (var i = 0; i < 25; i++) two.Dataset($"data/{i}");
        two.Varve.Finish(two.Sync("-r", source, Remote + two.There.At("copy")));
        two.Sshd.Calls();
        Assert.Contains("26 datasets had nothing to do", two.Varve.Finish(two.Sync("-r", "--no-sync-snap", source, Remote + two.There.At("copy"))), StringComparison.Ordinal);
        Assert.InRange(two.Sshd.Calls(), 1, 6);
    }

    [Fact]
    public void Names_are_never_read_by_a_shell_there_or_here()
    {
        using var two = new Two();
        var source = two.Dataset("x;touch pwned");
        var target = two.There.At("$(touch pwned) 'y' \"z\" `touch pwned`");
        two.Varve.Finish(two.Sync("--identifier", "a.b", source, Remote + target));
        Assert.Equal("one", File.ReadAllText($"{Newest(target)}/file"));
        foreach (var host in (string[])["x;touch pwned", "a b", "$(touch pwned)"])
            Assert.Contains("is no name of a host", two.Varve.Fail(2, two.Sync(source, $"{host}:{target}")), StringComparison.Ordinal);
        two.Varve.Fail(2, two.Sync(source, $"-oProxyCommand=touch pwned:{target}"));
        Assert.Contains("is no name of a host", two.Varve.Fail(2, [.. two.Sync(source), "--", $"-oProxyCommand=touch pwned:{target}"]), StringComparison.Ordinal);
        Assert.Contains("--identifier", two.Varve.Fail(2, two.Sync("--identifier", "x;y", source, Remote + target)), StringComparison.Ordinal);
        foreach (var folder in (string[])[two.Here.At("home"), Environment.CurrentDirectory, "/root", "/"]) Assert.False(File.Exists(Path.Combine(folder, "pwned")), $"{folder}/pwned");
    }

    [Fact]
    public void A_host_that_cannot_be_reached_is_said()
    {
        using var two = new Two();
        var source = two.Dataset("data");
        two.Sshd.Vanish();
        Assert.Contains("root@127.0.0.1: the host cannot be reached", two.Varve.Fail(2, two.Sync(source, Remote + two.There.At("copy"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_vanishes_on_the_way_costs_nothing_but_the_time()
    {
        using var two = new Two();
        var (source, target) = (two.Dataset("data"), two.There.At("copy"));
        var noise = new byte[20_000_000];
        new Random(1).NextBytes(noise);
        await File.WriteAllBytesAsync($"{source}/big", noise, TestContext.Current.CancellationToken);
        using (var process = two.Varve.Start(two.Sync("--compress", "none", "--source-bwlimit", "4m", source, Remote + target)))
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            _ = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            while (!Directory.Exists($"{target}/.varve-snapshots") && !process.HasExited) await Task.Delay(20, TestContext.Current.CancellationToken);
            await Task.Delay(1000, TestContext.Current.CancellationToken);
            two.Sshd.Vanish();
            var said = await error;
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 3, said);
            Assert.StartsWith($"varve: {Remote}{target}: ", said, StringComparison.Ordinal);
        }
        using var again = new Sshd();
        two.Varve.Finish(["sync", source, Remote + target, .. again.Options]);
        Assert.Equal(20_000_000, new FileInfo($"{Newest(target)}/big").Length);
    }

    [Fact]
    public void Plain_folders_of_another_host_take_a_varve_there_and_it_is_said_where_there_is_none()
    {
        using var two = new Two();
        var source = Directory.CreateTempSubdirectory("varve-plain-").FullName;
        var target = Directory.CreateTempSubdirectory("varve-plain-").FullName;
        try
        {
            File.WriteAllText($"{source}/file", "one");
            Assert.Contains("has no varve", two.Varve.Fail(2, two.Sync(source, $"{Remote}{target}/copy;touch pwned")), StringComparison.Ordinal);
            using var with = new Sshd(VarveProgram.Folder);
            string[] sync = ["sync", source, $"{Remote}{target}/copy;touch pwned", .. with.Options];
            two.Varve.Finish(sync);
            File.WriteAllText($"{source}/file", "two");
            Assert.Contains("1 snapshot up to", two.Varve.Finish(sync), StringComparison.Ordinal);
            two.Varve.Finish("snap", "checkout", $"{target}/copy;touch pwned@{Assert.Single(new PlainVolumes(static () => null, $"{target}/cache", static _ => { }).Snapshots([$"{target}/copy;touch pwned"])).Name}", $"{target}/out");
            Assert.Equal("two", File.ReadAllText($"{target}/out/file"));
        }
        finally
        {
            Directory.Delete(source, recursive: true);
            Directory.Delete(target, recursive: true);
        }
    }

    [Fact]
    public void A_full_disk_is_said_and_when_there_is_room_again_the_sync_finishes()
    {
        using var two = new Two();
        var (source, target) = (two.Dataset("data"), two.There.At("copy"));
        var noise = new byte[60_000_000];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes($"{source}/big", noise);
        var filler = two.There.At("filler");
        Host.Local.Try(["sh", "-c", "head -c 200000000 /dev/urandom > \"$1\"", "sh", filler]);
        var said = two.Varve.Fail(3, two.Sync(source, Remote + target));
        // The shell of the other host has its own words for it.
        Assert.Matches("No space left on device|I/O error", said);
        File.Delete(filler);
        Host.Local.Try(["btrfs", "filesystem", "sync", two.There.At("")]);
        two.Varve.Finish(two.Sync(source, Remote + target));
        Assert.Equal(60_000_000, new FileInfo($"{Newest(target)}/big").Length);
    }

    [Fact]
    public void Lines_that_make_no_sense_end_with_status_2()
    {
        using var two = new Two();
        var source = two.Dataset("data");
        Assert.Contains("names a snapshot", two.Varve.Fail(2, "sync", "tank/a@b", source), StringComparison.Ordinal);
        Assert.Contains("does not exist", two.Varve.Fail(2, "sync", two.Here.At("gone"), two.There.At("copy")), StringComparison.Ordinal);
        Assert.Contains("is no rate", two.Varve.Fail(2, "sync", "--source-bwlimit", "fast", source, two.There.At("copy")), StringComparison.Ordinal);
        Assert.Contains("--rollback", two.Varve.Fail(2, "sync", "--recvoptions", "F", source, two.There.At("copy")), StringComparison.Ordinal);
        Assert.Contains("not a regular expression", two.Varve.Fail(2, "sync", "--include-snaps", "(", source, two.There.At("copy")), StringComparison.Ordinal);
    }
}
