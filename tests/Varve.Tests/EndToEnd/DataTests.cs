using System.Security.Cryptography;
using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Datasets on several hosts: found without a server, cloned from the nearest, dropped only when others hold them.</summary>
public sealed class DataTests
{
    [Fact]
    public void A_dataset_is_found_cloned_and_becomes_a_copy_that_others_clone()
    {
        using var fleet = new Fleets("alpha", "beta", "gamma");
        var source = Dataset(fleet, "alpha", files: 40, bytes: 20_000);
        fleet.On("beta", "data", "join", "alpha").Succeeded();
        fleet.On("gamma", "data", "join", "beta").Succeeded();
        Assert.Contains("alpha:" + source, fleet.On("gamma", "data", "where", "land/cover").Succeeded().Output, StringComparison.Ordinal);

        fleet.On("beta", "data", "clone", "land/cover", "--to", fleet.Disk("beta") + "/cover").Succeeded();
        Same(source, fleet.Disk("beta") + "/cover");
        Assert.Contains("2 of 2", fleet.On("alpha", "data", "status").Succeeded().Output, StringComparison.Ordinal);

        // The clone serves others when the first host is gone.
        fleet.Kill("alpha");
        var status = fleet.On("gamma", "data", "status");
        Assert.Contains("not reached", status.Succeeded().Output, StringComparison.Ordinal);
        fleet.On("gamma", "data", "clone", "land/cover", "--to", fleet.Disk("gamma") + "/cover").Succeeded();
        Same(source, fleet.Disk("gamma") + "/cover");
        Assert.Equal(1, fleet.On("gamma", "data", "status", "--nagios").ExitCode);
        Assert.Contains("varve_data_copies{dataset=\"land/cover\"} 2", fleet.On("gamma", "data", "status", "--prometheus").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clone_goes_on_from_another_host_when_one_is_killed_midway_and_keeps_what_came()
    {
        using var fleet = new Fleets("alpha", "beta", "gamma");
        var source = Dataset(fleet, "alpha", files: 60, bytes: 1 << 20);
        fleet.On("beta", "data", "join", "alpha").Succeeded();
        fleet.On("beta", "data", "clone", "land/cover", "--to", fleet.Disk("beta") + "/cover").Succeeded();
        fleet.On("gamma", "data", "join", "beta").Succeeded();
        // The first host is the nearer one, and neither is quick.
        fleet.Throttle("alpha", 20);
        fleet.Throttle("beta", 4);
        var clone = fleet.Begin("gamma", "data", "clone", "land/cover", "--to", fleet.Disk("gamma") + "/cover", "--json");
        Wait(() => Directory.Exists(fleet.Disk("gamma") + "/cover/plain") && Directory.GetFiles(fleet.Disk("gamma") + "/cover/plain", "f*").Length > 5, "the first files");
        fleet.Kill("alpha");
        var told = clone.End(TimeSpan.FromMinutes(1)).Succeeded();
        Assert.Contains("going on from beta", told.Error, StringComparison.Ordinal);
        Same(source, fleet.Disk("gamma") + "/cover");
        using var json = JsonDocument.Parse(told.Output);
        Assert.Equal("beta", json.RootElement.GetProperty("clone").GetProperty("from").GetString());
        // No byte of what was whole came twice.
        Assert.InRange(json.RootElement.GetProperty("bytes").GetInt64(), 60L << 20, (60L << 20) + (2 << 20));
    }

    [Fact]
    public void Paths_that_are_named_come_first_and_the_rest_in_the_background_also_after_a_kill()
    {
        using var fleet = new Fleets("alpha", "beta");
        var source = Dataset(fleet, "alpha", files: 40, bytes: 1 << 20);
        fleet.On("beta", "data", "join", "alpha").Succeeded();
        fleet.Throttle("alpha", 3);
        var target = fleet.Disk("beta") + "/cover";
        fleet.On("beta", "data", "clone", "land/cover", "plain/f039", "--to", target).Succeeded();
        Assert.Equal(File.ReadAllBytes(source + "/plain/f039"), File.ReadAllBytes(target + "/plain/f039"));
        Wait(() => Directory.GetFiles(target + "/plain", "f*").Length > 4, "files in the background");
        Assert.True(Clone(fleet).GetProperty("running").GetBoolean());

        var filler = Tools.Run("sh", "-c", $"exec 2>/dev/null; for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '{Grounds.Program} data fill' && tr '\\0' '\\n' < $p/environ | grep -q '^VARVE_STATE={fleet.State("beta")}$' && echo ${{p#/proc/}}; done");
        var process = filler.Said.Trim();
        Assert.NotEqual("", process);
        Assert.Equal(0, Tools.Run("kill", "-KILL", process).Code);
        Wait(() => !Clone(fleet).GetProperty("running").GetBoolean(), "the end of what was killed");
        Assert.Contains("stopped", fleet.On("beta", "data", "status", "--offline").Output, StringComparison.Ordinal);
        // A person's own change of what came already stays.
        File.WriteAllText(target + "/plain/f039", "mine");

        fleet.Throttle("alpha", 100);
        fleet.On("beta", "data", "resume").Succeeded();
        Wait(() => Clone(fleet).GetProperty("clone").GetProperty("done").GetBoolean(), "the end of the clone");
        Assert.Equal("mine", File.ReadAllText(target + "/plain/f039"));
        File.Copy(source + "/plain/f039", target + "/plain/f039", overwrite: true);
        Same(source, target);
    }

    [Fact]
    public void A_drop_is_refused_until_enough_others_show_that_they_hold_it()
    {
        using var fleet = new Fleets("alpha", "beta", "gamma");
        var source = Dataset(fleet, "alpha", files: 5, bytes: 5_000);
        fleet.On("beta", "data", "join", "alpha").Succeeded();
        fleet.On("beta", "data", "clone", "land/cover", "--to", fleet.Disk("beta") + "/cover").Succeeded();
        fleet.On("alpha", "data", "status").Succeeded();
        var one = fleet.On("alpha", "data", "drop", "land/cover");
        Assert.Equal(2, one.ExitCode);
        Assert.Contains("only beta showed", one.Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(source));

        fleet.On("gamma", "data", "join", "alpha").Succeeded();
        fleet.On("gamma", "data", "clone", "land/cover", "--to", fleet.Disk("gamma") + "/cover").Succeeded();
        fleet.On("alpha", "data", "status").Succeeded();
        File.WriteAllText(source + "/later", "only here");
        Assert.Contains("no other host has it", fleet.On("alpha", "data", "drop", "land/cover").Error, StringComparison.Ordinal);
        File.Delete(source + "/later");
        // A host that says it holds it and cannot be asked does not count.
        fleet.Kill("gamma");
        Assert.Equal(2, fleet.On("alpha", "data", "drop", "land/cover").ExitCode);
        fleet.Start("gamma");
        fleet.On("alpha", "data", "drop", "land/cover", "--contents").Succeeded();
        Assert.False(Directory.Exists(source));
        Assert.DoesNotContain("alpha", fleet.On("beta", "data", "status").Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(2, fleet.On("beta", "data", "drop", "land/cover").ExitCode);
    }

    [Fact]
    public void A_clone_of_a_btrfs_subvolume_is_one()
    {
        using var disk = new Disk("btrfs", megabytes: 300);
        using var fleet = new Fleets("alpha", "beta");
        Assert.Equal(0, Tools.Run("btrfs", "subvolume", "create", disk.Folder + "/cover").Code);
        Fill(disk.Folder + "/cover", 8, 3_000);
        Take(fleet, "alpha", disk.Folder + "/cover");
        fleet.On("alpha", "data", "add", "land/cover", disk.Folder + "/cover").Succeeded();
        fleet.On("beta", "data", "join", "alpha").Succeeded();
        fleet.On("beta", "data", "clone", "land/cover", "--to", disk.Folder + "/clone").Succeeded();
        Same(disk.Folder + "/cover", disk.Folder + "/clone");
        Assert.NotEmpty(Directory.GetDirectories(disk.Folder + "/clone/.varve-snapshots", "varve_*"));
    }

    private static string Dataset(Fleets fleet, string host, int files, int bytes)
    {
        var folder = fleet.Disk(host) + "/cover";
        Directory.CreateDirectory(folder);
        Fill(folder, files, bytes);
        Take(fleet, host, folder);
        fleet.On(host, "data", "add", "land/cover", folder, "--copies", "2").Succeeded();
        return folder;
    }

    private static void Take(Fleets fleet, string host, string folder)
    {
        File.WriteAllText(fleet.Disk(host) + "/snap.toml", $"[snapshots.\"{folder}\"]\nkeep = \"48h hourly\"\n");
        fleet.On(host, "snap", "--take", "--config", fleet.Disk(host) + "/snap.toml").Succeeded();
    }

    private static void Fill(string folder, int files, int bytes)
    {
        Directory.CreateDirectory(folder + "/plain");
        var random = new Random(1);
        var content = new byte[bytes];
        for (var i = 0; i < files; i++)
        {
            random.NextBytes(content);
            File.WriteAllBytes($"{folder}/plain/f{i:d3}", content);
        }
        File.WriteAllBytes(folder + "/empty", []);
        File.WriteAllText(folder + "/with a blank\nand a line", "x");
        File.CreateSymbolicLink(folder + "/link", "plain/f000");
        File.SetUnixFileMode(folder + "/empty", UnixFileMode.UserRead);
    }

    private static void Same(string a, string b)
    {
        var (code, said) = Tools.Run("diff", "-r", "--no-dereference", "-x", ".varve-snapshots", a, b);
        Assert.True(code == 0, said);
        Assert.Equal(File.GetLastWriteTimeUtc(a + "/plain/f001"), File.GetLastWriteTimeUtc(b + "/plain/f001"));
        Assert.Equal(File.GetUnixFileMode(a + "/empty"), File.GetUnixFileMode(b + "/empty"));
        Assert.Equal("plain/f000", new FileInfo(b + "/link").LinkTarget);
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(a + "/plain/f002")), SHA256.HashData(File.ReadAllBytes(b + "/plain/f002")));
    }

    private static JsonElement Clone(Fleets fleet)
    {
        using var json = JsonDocument.Parse(fleet.On("beta", "data", "status", "--offline", "--json").Succeeded().Output);
        return json.RootElement.GetProperty("clones")[0].Clone();
    }

    private static void Wait(Func<bool> until, string what)
    {
        for (var i = 0; i < 600; i++)
        {
            if (until()) return;
            Thread.Sleep(50);
        }
        Assert.Fail($"waited in vain for {what}");
    }
}
