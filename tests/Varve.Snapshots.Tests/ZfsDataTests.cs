using System.Globalization;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary><c>varve data</c> with a host whose datasets lie on a real ZFS.</summary>
[Trait("host", "zfs")]
[Collection("zfs")]
public sealed class ZfsDataTests(ZfsMachine machine)
{
    /// <summary>The program with what it is linked to, on the emulated host.</summary>
    private void BringProgram()
    {
        const string Libraries = "/lib/x86_64-linux-gnu";
        foreach (var (from, to) in ((string, string)[])[($"{VarveProgram.Folder}/varve", "/bin/varve"), .. ((string[])["libm.so.6", "libcrypto.so.3", "libssl.so.3"]).Select(static l => ($"{Libraries}/{l}", $"{Libraries}/{l}"))])
        {
            if (machine.Host.Try(["sh", "-c", "[ -e \"$1\" ]", "sh", to]).Status == 0) continue;
            using var process = machine.Host.Start(["sh", "-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh", to], readsInput: true);
            using (var file = File.OpenRead(from)) file.CopyTo(process.StandardInput.BaseStream);
            process.StandardInput.Close();
            process.WaitForExit();
        }
    }

    [Fact]
    public void A_snapshot_of_a_dataset_is_cloned_to_another_host_and_a_drop_that_would_lose_it_is_refused()
    {
        machine.Run("zfs create -o mountpoint=/mnt/cover src/cover; mkdir -p /mnt/cover/tiles; head -c 3000000 /dev/urandom > /mnt/cover/tiles/a; echo small > /mnt/cover/b; ln -s b /mnt/cover/link; chmod 640 /mnt/cover/b");
        var home = Directory.CreateTempSubdirectory("varve-zfs-data-").FullName;
        try
        {
            BringProgram();
            // By this the kernel's module mounts a snapshot that somebody looks into.
            machine.Run("mkdir -p /usr/bin; [ -e /usr/bin/env ] || ln -s /bin/busybox /usr/bin/env");
            machine.Run("zfs snapshot src/cover@first; echo later > /mnt/cover/later; export HOME=/root; varve data host zfs --address root@127.0.0.1; varve data add land/cover src/cover --copies 1");
            var config = $"{home}/ssh";
            var words = machine.Ssh.Arguments;
            File.WriteAllText(config, string.Create(CultureInfo.InvariantCulture, $"Host *\n  IdentityFile {words[1]}\n  Port {words[3]}\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"));
            var varve = new VarveProgram(home) { Variables = { ["VARVE_SSH_CONFIG"] = config, ["VARVE_STATE"] = $"{home}/state" } };
            varve.Finish("data", "host", "here");
            varve.Finish("data", "join", ZfsMachine.Name);
            Assert.Contains("src/cover", varve.Finish("data", "where", "land/cover"), StringComparison.Ordinal);
            varve.Finish("data", "clone", "land/cover", "--to", $"{home}/clone", "--wait");
            // What came is the snapshot, not what the dataset holds now.
            Assert.False(File.Exists($"{home}/clone/later"));
            var there = machine.Run("cd /mnt/cover/.zfs/snapshot/first && sha256sum tiles/a b && stat -c %a b && readlink link");
            Assert.Equal(there, Host.Local.Run(["sh", "-c", "cd \"$1\" && sha256sum tiles/a b && stat -c %a b && readlink link", "sh", $"{home}/clone"]));
            var status = varve.Finish("data", "status");
            Assert.Contains("2 of 1", status, StringComparison.Ordinal);
            Assert.Contains("first", status, StringComparison.Ordinal);
            // The host of the ZFS cannot ask this one, so that nobody shows it another copy; and it has changed since.
            var (code, _, error) = machine.Host.Try(["env", "HOME=/root", "varve", "data", "drop", "land/cover"]);
            Assert.True(code == 2, $"status {code}: {error}");
            Assert.Contains("src/cover", machine.Run("zfs list -H -o name src/cover"), StringComparison.Ordinal);
            Assert.Contains("land/cover", machine.Run("HOME=/root varve data status --offline"), StringComparison.Ordinal);
        }
        finally
        {
            machine.Host.Try(["zfs", "destroy", "-r", "src/cover"]);
            Directory.Delete(home, recursive: true);
        }
    }
}
