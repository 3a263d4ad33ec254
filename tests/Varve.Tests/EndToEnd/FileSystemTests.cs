using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>The main things hold on the file systems people have, and a full disk loses nothing.</summary>
public sealed class FileSystemTests
{
    public static TheoryData<string, string> Mounts
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var kind in new[] { "ext4", "xfs", "btrfs", "tmpfs" })
                foreach (var who in People.All) data.Add(kind, who.Data);
            return data;
        }
    }

    public static TheoryData<string> Everyone => People.All;

    [Theory, MemberData(nameof(Mounts))]
    public void Steps_run_and_are_reused_on(string kind, string who)
    {
        using var disk = new Disk(kind, megabytes: 400);
        Scenario(new Trial(who, disk.Folder));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Home_and_workspace_may_lie_on_different_file_systems(string who)
    {
        using var disk = new Disk("ext4", megabytes: 200);
        using var elsewhere = new Trial(who);
        var trial = new Trial(who, disk.Folder);
        trial.Variables["VARVE_HOME"] = elsewhere.Home;
        Scenario(trial);
    }

    private static void Scenario(Trial trial)
    {
        using (trial)
        {
            const string script = "cat in.txt > out.txt; mkdir -p d/e; seq 1000 > d/e/f; mv d moved; mv has renamed; ln out.txt hard; ln -s out.txt soft; chmod 755 out.txt; truncate -s 50M sparse; rm gone.txt";
            trial.Write("in.txt", "one\n");
            trial.Write("has/deep/x", "x\n");
            trial.Write("gone.txt", "x\n");
            trial.Sh(script).Ran();
            Assert.Equal("one\n", trial.Read("hard"));
            Assert.Equal("x\n", trial.Read("renamed/deep/x"));
            Assert.False(Path.Exists(trial.At("has")));
            Assert.Equal(50L << 20, new FileInfo(trial.At("sparse")).Length);

            trial.Plain(trial.Workspace, "sh", "-c", "rm -r ./*").Succeeded();
            trial.Write("in.txt", "one\n");
            trial.Write("has/deep/x", "x\n");
            trial.Write("gone.txt", "x\n");
            trial.Sh(script).WasReused();
            Assert.Equal("one\n", trial.Read("soft"));
            Assert.Equal(1000, File.ReadLines(trial.At("moved/e/f")).Count());

            trial.Write("copy.txt", "1\n");
            trial.Sh("cat copy.txt > copied.txt").Ran();
            trial.Write("copy.txt", "2\n");
            trial.Sh("cat copy.txt > copied.txt").Ran();
            File.Delete(trial.At("copied.txt"));
            trial.Sh("cat copy.txt > copied.txt").WasReused();
            Assert.Equal("2\n", trial.Read("copied.txt"));
            trial.Varve("verify").Succeeded();
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_step_that_fills_the_disk_fails_and_nothing_is_lost(string who)
    {
        using var disk = new Disk("tmpfs", megabytes: 24);
        using var trial = new Trial(who, disk.Folder);
        trial.Sh("echo kept > kept.txt").Ran();
        var full = trial.Sh("head -c 60000000 /dev/zero | tr '\\0' x > big");
        Assert.NotEqual(0, full.ExitCode);
        Assert.Contains("No space left", full.Error, StringComparison.OrdinalIgnoreCase);

        // What a failed command wrote is left as a shell leaves it, if there is room at all.
        File.Delete(trial.At("big"));
        Directory.CreateDirectory(trial.Home);
        trial.Varve("gc");
        Assert.Equal("kept\n", trial.Read("kept.txt"));
        Assert.Empty(trial.LeftRunning());
        disk.Grow(200);
        trial.Varve("verify").Succeeded();
        trial.Sh("echo kept > kept.txt").WasReused();
        trial.Sh("head -c 60000000 /dev/zero | tr '\\0' x > big").Ran();
        Assert.Equal(60_000_000, new FileInfo(trial.At("big")).Length);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_result_that_does_not_fit_is_told_kept_and_put_in_place_when_there_is_room(string who)
    {
        using var disk = new Disk("tmpfs", megabytes: 24);
        using var trial = new Trial(who, disk.Folder);
        const string script = "head -c 15000000 /dev/zero | tr '\\0' x > big";
        var told = trial.Sh(script);
        Assert.Equal(125, told.ExitCode);
        Assert.Contains("o space left", told.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(trial.At("big")), "a part of a file was left in place");
        disk.Grow(200);
        trial.Varve("verify").Succeeded();
        trial.Sh(script).WasReused();
        Assert.Equal(15_000_000, new FileInfo(trial.At("big")).Length);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void What_is_mounted_inside_the_workspace_is_seen_read_only_or_refused_by_name(string who)
    {
        People.RequireRoot("mounting needs root");
        using var trial = new Trial(who);
        trial.Write("mounted/covered.txt", "covered\n");
        using var disk = new Disk("tmpfs", megabytes: 10, trial.At("mounted"));
        trial.Write("mounted/inner.txt", "inner\n");
        var outcome = trial.Sh("cat mounted/inner.txt; echo x > mounted/new.txt; echo x > beside.txt");
        if (People.IsOrdinary(who))
        {
            Assert.Equal(125, outcome.ExitCode);
            Assert.Contains(trial.At("mounted") + " is mounted inside the writable folder", outcome.Error, StringComparison.Ordinal);
            return;
        }
        Assert.StartsWith("inner\n", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", outcome.Said, StringComparison.Ordinal);
        Assert.Contains(trial.At("mounted/inner.txt"), outcome.Trace.Reads.Keys);
        Assert.False(File.Exists(trial.At("mounted/new.txt")));
        Assert.Equal("x\n", trial.Read("beside.txt"));
    }
}

/// <summary>A file system of its own, in a file (loop mount) or in memory; root only.</summary>
internal sealed class Disk : IDisposable
{
    private static int count;
    private readonly string image;

    /// <param name="kind">ext4, xfs, btrfs or tmpfs.</param>
    /// <param name="megabytes">How large.</param>
    /// <param name="folder">Where it is mounted; by default a folder of its own.</param>
    public Disk(string kind, int megabytes, string? folder = null)
    {
        People.RequireRoot("mounting a file system needs root");
        var name = $"{Grounds.Folder}/disk{Interlocked.Increment(ref count)}";
        image = name + ".img";
        Folder = folder ?? name;
        Directory.CreateDirectory(Folder);
        if (kind == "tmpfs")
        {
            Mount("-t", "tmpfs", "-o", $"size={megabytes}m,mode=755", "none", Folder);
            return;
        }
        Tools.Require("mkfs." + kind, kind switch { "xfs" => "xfsprogs", "btrfs" => "btrfs-progs", _ => "e2fsprogs" });
        using (var file = File.Create(image)) file.SetLength((long)megabytes << 20);
        var (code, said) = Tools.Run("mkfs." + kind, kind == "ext4" ? ["-q", "-F", image] : ["-q", image]);
        Assert.True(code == 0, said);
        Mount("-o", "loop", image, Folder);
    }

    public string Folder { get; }

    public void Grow(int megabytes) => Mount("-o", $"remount,size={megabytes}m", Folder);

    private static void Mount(params string[] arguments)
    {
        var (code, said) = Tools.Run("mount", arguments);
        Assert.SkipUnless(code == 0, $"this host cannot mount: {said.Trim()}");
    }

    public void Dispose()
    {
        Tools.Run("umount", "-l", Folder);
        File.Delete(image);
    }
}
