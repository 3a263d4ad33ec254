using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>An empty btrfs in a file, mounted for the time of a test.</summary>
internal sealed class BtrfsDisk : IDisposable
{
    private const long Bytes = 256L << 20;
    private readonly string _folder;

    public BtrfsDisk()
    {
        if (Environment.UserName != "root") Assert.Skip("only root can mount a btrfs on a loop device");
        if (!File.Exists("/usr/bin/btrfs")) Assert.Skip("btrfs-progs is not installed (apt-get install btrfs-progs)");
        _folder = Directory.CreateTempSubdirectory("varve-btrfs-").FullName;
        using (var file = File.Create(Path.Combine(_folder, "disk"))) file.SetLength(Bytes);
        Directory.CreateDirectory(Path.Combine(_folder, "m"));
        Host.Local.Run(["mkfs.btrfs", "-q", Path.Combine(_folder, "disk")]);
        var (status, _, error) = Host.Local.Try(["mount", "-o", "loop", Path.Combine(_folder, "disk"), Path.Combine(_folder, "m")]);
        if (status == 0) return;
        Directory.Delete(_folder, recursive: true);
        Assert.Skip($"a btrfs cannot be mounted here: {error.Trim()}");
    }

    public string At(string name) => Path.Combine(_folder, "m", name);

    public void Dispose()
    {
        Host.Local.Try(["umount", "-l", Path.Combine(_folder, "m")]);
        File.Delete(Path.Combine(_folder, "disk"));
        Directory.Delete(Path.Combine(_folder, "m"));
        Directory.Delete(_folder);
    }
}
