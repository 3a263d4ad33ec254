using System.Globalization;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>The program on a host whose datasets lie on a real ZFS: <c>varve data</c> with another host, and <c>varve how</c>.</summary>
[Trait("host", "zfs")]
[Collection("zfs")]
public sealed class ZfsDataTests(ZfsMachine machine) : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("varve-zfs-data-").FullName;

    public void Dispose()
    {
        foreach (var dataset in (string[])["src/cover", "src/older"]) machine.Host.Try(["zfs", "destroy", "-r", dataset]);
        machine.Host.Try(["rm", "-rf", "/var/lib/varve"]);
        Directory.Delete(_home, recursive: true);
    }

    private void Bring(string from, string to)
    {
        using var process = machine.Host.Start(["sh", "-c", "[ -e \"$1\" ] || { cat > \"$1.new\" && chmod 755 \"$1.new\" && mv \"$1.new\" \"$1\"; }", "sh", to], readsInput: true);
        try
        {
            using var file = File.OpenRead(from);
            file.CopyTo(process.StandardInput.BaseStream);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is there already, and nobody reads.
        }
        process.WaitForExit();
    }

    /// <summary>Programs with all that they are linked to, on the emulated host.</summary>
    private void BringPrograms()
    {
        string[] programs = [$"{VarveProgram.Folder}/varve", "/usr/bin/ssh"];
        foreach (var program in programs) Bring(program, $"/bin/{Path.GetFileName(program)}");
        Bring($"{VarveProgram.Folder}/libe_sqlite3.so", "/bin/libe_sqlite3.so");
        string[] libraries = [.. Host.Local.Run(["ldd", .. programs]).Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries).Where(static w => w.StartsWith("/lib/", StringComparison.Ordinal)), "/lib/x86_64-linux-gnu/libssl.so.3"];
        foreach (var library in libraries.Distinct(StringComparer.Ordinal)) Bring(library, library);
        // By this the kernel's module mounts a snapshot that somebody looks into.
        machine.Run("mkdir -p /usr/bin; [ -e /usr/bin/env ] || ln -s /bin/busybox /usr/bin/env");
    }

    private (int Status, string Error) There(params string[] words)
    {
        var (status, _, error) = machine.Host.Try(["env", "VARVE_SSH_CONFIG=/root/ssh", "varve", .. words]);
        return (status, error);
    }

    private void IsRefused(string words)
    {
        var (status, error) = There("data", "drop", "land/cover");
        Assert.True(status == 2 && error.Contains(words, StringComparison.Ordinal), $"status {status}: {error}");
        Assert.Equal("src/cover", machine.Run("zfs list -H -o name src/cover").Trim());
        Assert.DoesNotContain("about to be dropped", machine.Run("varve data where land/cover"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_of_a_dataset_is_cloned_to_another_host_and_then_the_dataset_is_dropped_but_nothing_that_is_nowhere_else()
    {
        machine.Run("zfs create -o snapdir=visible -o mountpoint=/mnt/cover src/cover; mkdir -p /mnt/cover/tiles; head -c 3000000 /dev/urandom > /mnt/cover/tiles/a; echo small > /mnt/cover/b; ln -s b /mnt/cover/link; chmod 640 /mnt/cover/b");
        BringPrograms();
        machine.Run("zfs snapshot src/cover@first; echo later > /mnt/cover/later; varve data host zfs --address root@127.0.0.1; varve data add land/cover src/cover --copies 1");
        // This host as the other sees it: with a state of its own.
        Directory.CreateDirectory($"{_home}/bin");
        File.WriteAllText($"{_home}/bin/varve", $"#!/bin/sh\nexport VARVE_STATE={_home}/state XDG_CACHE_HOME={_home}/xdg\nexec {VarveProgram.Folder}/varve \"$@\"\n");
        File.SetUnixFileMode($"{_home}/bin/varve", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var sshd = new Sshd($"{_home}/bin");
        var (port, key) = (sshd.Options[3], sshd.Options[1]);
        Bring(key, "/root/key");
        machine.Run("chmod 600 /root/key; printf 'Host *\\n  Port %s\\n  IdentityFile /root/key\\n  StrictHostKeyChecking no\\n  UserKnownHostsFile /dev/null\\n  LogLevel ERROR\\n' \"$1\" > /root/ssh", port);
        var words = machine.Ssh.Arguments;
        File.WriteAllText($"{_home}/ssh", string.Create(CultureInfo.InvariantCulture, $"Host *\n  IdentityFile {words[1]}\n  Port {words[3]}\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"));
        var varve = new VarveProgram(_home) { Variables = { ["VARVE_SSH_CONFIG"] = $"{_home}/ssh", ["VARVE_STATE"] = $"{_home}/state" } };
        // The address that qemu gives the host of an emulated one.
        varve.Finish("data", "host", "here", "--address", "root@10.0.2.2");
        varve.Finish("data", "join", ZfsMachine.Name);
        Assert.Contains("src/cover", varve.Finish("data", "where", "land/cover"), StringComparison.Ordinal);
        varve.Finish("data", "clone", "land/cover", "--to", $"{_home}/clone", "--wait");
        // What came is the snapshot, not what the dataset holds now.
        Assert.False(File.Exists($"{_home}/clone/later") || Directory.Exists($"{_home}/clone/.zfs"));
        var there = machine.Run("cd /mnt/cover/.zfs/snapshot/first && sha256sum tiles/a b && stat -c %a b && readlink link");
        Assert.Equal(there, Host.Local.Run(["sh", "-c", "cd \"$1\" && sha256sum tiles/a b && stat -c %a b && readlink link", "sh", $"{_home}/clone"]));
        var status = varve.Finish("data", "status");
        Assert.Contains("2 of 1", status, StringComparison.Ordinal);
        Assert.Contains("first", status, StringComparison.Ordinal);

        IsRefused("/mnt/cover/later is not as in the newest snapshot first");
        machine.Run("zfs snapshot src/cover@second");
        IsRefused("no other host showed that it holds second");
        machine.Run("rm /mnt/cover/later; zfs destroy src/cover@second; zfs create src/cover/below");
        IsRefused("src/cover/below lies below src/cover");
        machine.Run("zfs destroy src/cover/below; zfs hold of-somebody src/cover@first");
        IsRefused("is held");
        machine.Run("zfs release of-somebody src/cover@first");
        Assert.Equal((0, ""), There("data", "drop", "land/cover", "--dry-run"));
        machine.Run("zfs list src/cover");
        Assert.Equal((0, ""), There("data", "drop", "land/cover", "--contents"));
        Assert.NotEqual(0, machine.Host.Try(["zfs", "list", "src/cover"]).Status);
        Assert.Contains("1 of 1", varve.Finish("data", "status"), StringComparison.Ordinal);
        Assert.DoesNotContain("src/cover", varve.Finish("data", "where", "land/cover"), StringComparison.Ordinal);
    }

    [Fact]
    public void How_tells_between_which_snapshots_a_file_came_to_be_that_no_step_made()
    {
        BringPrograms();
        machine.Run("zfs create -o mountpoint=/mnt/older src/older; zfs create src/older/inner; mkdir /mnt/older/maps; echo 1 > /mnt/older/maps/old; echo 2 > /mnt/older/gone; zfs snapshot src/older@a; "
            + "echo 3 > /mnt/older/maps/new; echo 4 > /mnt/older/beside; rm /mnt/older/gone; echo 5 > /mnt/older/inner/file; zfs snapshot -r src/older@b; zfs snapshot src/older@c; echo 6 > /mnt/older/after");
        string How(string file, params string[] more) => machine.Host.Run(["varve", "how", $"/mnt/older/{file}", .. more]);
        var made = How("maps/new");
        Assert.Contains("was made by no step that Varve knows; snapshots of /mnt/older tell:", made, StringComparison.Ordinal);
        Assert.Matches(@"last absent +\S+ \S+ UTC  a\n  first so +\S+ \S+ UTC  b, and in each of the 1 since\n  so it was made between these two; its own time is", made);
        Assert.Matches(@"2 other files changed, too:\n +made +beside\n +removed +gone\n", made);
        Assert.Contains("the oldest snapshot has it already", How("maps/old"), StringComparison.Ordinal);
        Assert.Contains("no snapshot has it: it was made after the newest of them", How("after"), StringComparison.Ordinal);
        Assert.Contains("snapshots of /mnt/older/inner tell", How("inner/file"), StringComparison.Ordinal);
        Assert.Contains("\"firstWith\":{\"snapshot\":\"b\"", How("beside", "--json"), StringComparison.Ordinal);
    }
}
