using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>A file in an immutable snapshot is known by the snapshot: steps over it need no digest, and nothing that is said of it is less true.</summary>
public sealed class ImmutableInputTests
{
    private const int Megabyte = 1 << 20;

    public static TheoryData<string> Everyone => People.All;

    [Theory, MemberData(nameof(Everyone))]
    public void A_step_over_a_snapshot_is_reused_without_a_digest_of_it(string who)
    {
        using var disk = new Disk("btrfs", megabytes: 300);
        using var trial = new Trial(who, disk.Folder);
        var input = Snapshot(disk, "first\n");
        var told = trial.Sh($"wc -l < {input} > lines.txt").Ran().Trace;
        Assert.Equal("", told.Reads[input]);
        Assert.StartsWith("btrfs:", Identity(told, input), StringComparison.Ordinal);
        trial.Sh($"wc -l < {input} > lines.txt").WasReused();

        Assert.Contains("in snapshot btrfs:", trial.Varve("show", "lines.txt", "--verbose").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains($"snapshot      {input}  btrfs:", trial.Varve("how", "lines.txt").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("in a snapshot", trial.Varve("how", "lines.txt", "--as", "dot").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_that_somebody_changed_and_closed_again_is_another_one()
    {
        using var disk = new Disk("btrfs", megabytes: 300);
        using var trial = new Trial(place: disk.Folder);
        var input = Snapshot(disk, "first\n");
        var stamp = File.GetLastWriteTimeUtc(input);
        trial.Sh($"cat {input} > out.txt").Ran();
        var snapshot = Path.GetDirectoryName(input)!;
        Tool("btrfs", "property", "set", "-ts", snapshot, "ro", "false");
        File.WriteAllText(input, "other\n");
        File.SetLastWriteTimeUtc(input, stamp);
        Tool("btrfs", "property", "set", "-ts", snapshot, "ro", "true");
        trial.Sh($"cat {input} > out.txt").Ran();
        Assert.Equal("other\n", trial.Read("out.txt"));
    }

    [Fact]
    public void What_leaves_the_host_has_the_digest_and_says_so_when_the_snapshot_is_gone()
    {
        using var disk = new Disk("btrfs", megabytes: 300);
        using var trial = new Trial(place: disk.Folder);
        var input = Snapshot(disk, "first\n");
        trial.Sh($"cat {input} {input} > twice.txt").Ran();
        var script = trial.Varve("how", "twice.txt", "--as", "sh").Succeeded().Output;
        Assert.Contains($"have {Store.Digest.Of("first\n"u8).Hex} {input}", script, StringComparison.Ordinal);
        Assert.Contains(Store.Digest.Of("first\n"u8).Hex, trial.Varve("export", "twice.txt", "--as", "prov").Succeeded().Output, StringComparison.Ordinal);

        Tool("btrfs", "subvolume", "delete", Path.GetDirectoryName(input)!);
        var gone = trial.Varve("how", "twice.txt", "--as", "sh");
        Assert.NotEqual(0, gone.ExitCode);
        Assert.Contains("which is not there any more", gone.Error, StringComparison.Ordinal);
        Assert.Contains(input, trial.Varve("how", "twice.txt").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_taint_of_a_file_in_a_snapshot_reaches_what_was_made_from_it()
    {
        using var disk = new Disk("btrfs", megabytes: 300);
        using var trial = new Trial(place: disk.Folder);
        var input = Snapshot(disk, string.Concat(Enumerable.Repeat("a wrong line\n", 100)));
        trial.Sh($"sort {input} > sorted.txt").Ran();
        trial.Varve("taint", input, "--reason", "wrong sensor").Succeeded();
        Assert.Contains("TAINTED", trial.Varve("show", "sorted.txt").Succeeded().Output, StringComparison.Ordinal);
        trial.Varve("taint", "--remove", input).Succeeded();
        Assert.DoesNotContain("TAINTED", trial.Varve("show", "sorted.txt").Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory, InlineData("btrfs"), InlineData("xfs")]
    public void A_result_put_in_place_shares_its_blocks_with_the_store(string kind)
    {
        using var disk = new Disk(kind, megabytes: 400);
        using var trial = new Trial(place: disk.Folder);
        trial.Sh("head -c 60000000 /dev/urandom > big").Ran();
        var before = Used(disk);
        File.Delete(trial.At("big"));
        trial.Sh("head -c 60000000 /dev/urandom > big").WasReused();
        Assert.Equal(60_000_000, new FileInfo(trial.At("big")).Length);
        Assert.InRange(Used(disk) - before, -8 * Megabyte, 8 * Megabyte);
    }

    /// <summary>A file in a read-only snapshot beside the trial, readable by everyone.</summary>
    private static string Snapshot(Disk disk, string text)
    {
        var data = $"{disk.Folder}/data";
        Tool("btrfs", "subvolume", "create", data);
        File.WriteAllText(data + "/in.txt", text);
        Directory.CreateDirectory(data + "/.varve-snapshots");
        Tool("btrfs", "subvolume", "snapshot", "-r", data, data + "/.varve-snapshots/one");
        return data + "/.varve-snapshots/one/in.txt";
    }

    private static void Tool(string program, params string[] arguments)
    {
        var (code, said) = Tools.Run(program, arguments);
        Assert.True(code == 0, said);
    }

    private static string Identity(Told told, string path) =>
        told.Json.GetProperty("reads").EnumerateArray().Single(r => r.GetProperty("path").GetString() == path).GetProperty("snapshot").GetString()!;

    private static long Used(Disk disk)
    {
        Tool("sync", "-f", disk.Folder);
        var drive = new DriveInfo(disk.Folder);
        return drive.TotalSize - drive.TotalFreeSpace;
    }
}
