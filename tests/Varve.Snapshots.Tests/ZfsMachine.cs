using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>A host with a real ZFS, emulated: two disks with a pool each, <c>src</c> and <c>dst</c>, reached by ssh. What tests/zfs/build made.</summary>
public sealed class ZfsMachine : IDisposable
{
    private const long DiskBytes = 1L << 30;
    private const int SectorSize = 512, FirstSector = 2048;
    private static readonly TimeSpan MostBootTime = TimeSpan.FromMinutes(4);
    private readonly string? _image = Environment.GetEnvironmentVariable("VARVE_ZFS_HOST");
    private readonly string _folder = Directory.CreateTempSubdirectory("varve-zfs-").FullName;
    private Process? _emulator;
    private Host? _host;
    private int _port;

    /// <summary>The host, started when it is first asked for.</summary>
    public Host Host
    {
        get
        {
            if (_host is not null) return _host;
            if (string.IsNullOrEmpty(_image)) Assert.Skip(Environment.GetEnvironmentVariable("VARVE_ZFS_MISSING") ?? "it needs a real ZFS; ./test-zfs runs it");
            foreach (var disk in (string[])["src", "dst"]) MakeDisk($"{_folder}/{disk}");
            Start();
            _host!.Run(["zpool", "create", "-f", "-O", "mountpoint=none", "-O", "atime=off", "src", "/dev/vda1"]);
            _host.Run(["zpool", "create", "-f", "-O", "mountpoint=none", "-O", "atime=off", "dst", "/dev/vdb1"]);
            return _host;
        }
    }

    /// <summary>Options of ssh with which others reach it.</summary>
    public SshOptions Ssh => new()
    {
        Arguments = ["-i", $"{_image}/id", "-p", _port.ToString(System.Globalization.CultureInfo.InvariantCulture), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
    };

    /// <summary>The name by which it is reached.</summary>
    public static string Name => "root@127.0.0.1";

    /// <summary>zpool create here makes no partitions by itself.</summary>
    private static void MakeDisk(string path)
    {
        using var file = File.Create(path);
        file.SetLength(DiskBytes);
        var table = new byte[SectorSize];
        const int Entry = 446, Type = 4, First = 8, Count = 12;
        table[Entry + Type] = 0xbf;
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(Entry + First), FirstSector);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(Entry + Count), (int)(DiskBytes / SectorSize) - FirstSector);
        (table[^2], table[^1]) = (0x55, 0xaa);
        file.Write(table);
    }

    private void Start()
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        string[] words =
        [
            // A processor alone, and an older one, cost half of what several newer ones do when each of their instructions is emulated.
            "-M", "q35", "-accel", "tcg", "-cpu", "qemu64,+aes,+pclmulqdq,+ssse3,+sse4.1,+sse4.2,+popcnt", "-m", "1536", "-smp", "1", "-display", "none", "-serial", $"file:{_folder}/console", "-no-reboot",
            "-kernel", $"{_image}/vmlinuz", "-initrd", $"{_image}/initrd.gz", "-append", "console=ttyS0 panic=-1 quiet mitigations=off",
            "-drive", $"file={_folder}/src,if=virtio,format=raw,cache=writeback", "-drive", $"file={_folder}/dst,if=virtio,format=raw,cache=writeback",
            "-nic", $"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{_port}-:22",
        ];
        try
        {
            _emulator = Process.Start(new ProcessStartInfo("qemu-system-x86_64", words) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("qemu-system-x86 is not installed");
        }
        var host = Host.Remote(Name, Ssh with { Arguments = [.. Ssh.Arguments, "-o", "ConnectTimeout=5"] });
        var started = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                host.Run(["cat", "/sys/module/zfs/version"]);
                break;
            }
            catch (SnapshotException) when (started.Elapsed < MostBootTime && !_emulator!.HasExited)
            {
                Thread.Sleep(500);
            }
        }
        _host = host;
    }

    /// <summary>Ends it from one instant to the next, as a power cut does, and starts it again with what was on its disks.</summary>
    public void CutPower(Action whileOff)
    {
        _emulator!.Kill();
        _emulator.WaitForExit();
        _host!.Dispose();
        _host = null;
        whileOff();
        Start();
        _host!.Run(["zpool", "import", "-f", "-a", "-N", "-d", "/dev"]);
    }

    /// <summary>Whether these bytes lie anywhere on the disk of a pool.</summary>
    public bool DiskHolds(string pool, ReadOnlySpan<byte> bytes)
    {
        Host.Run(["zpool", "sync", pool]);
        using var disk = File.OpenRead($"{_folder}/{pool}");
        var block = new byte[16 << 20];
        var kept = 0;
        for (int read; (read = disk.Read(block, kept, block.Length - kept)) > 0;)
        {
            if (block.AsSpan(0, kept + read).IndexOf(bytes) >= 0) return true;
            var tail = Math.Min(bytes.Length, kept + read);
            block.AsSpan(kept + read - tail, tail).CopyTo(block);
            kept = tail;
        }
        return false;
    }

    /// <summary>Runs a script there.</summary>
    public string Run(string script, params string[] words) => Host.Script("set -e; " + script, words);

    public void Dispose()
    {
        _host?.Dispose();
        if (_emulator is { HasExited: false }) _emulator.Kill();
        _emulator?.WaitForExit();
        _emulator?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Tests that share one such host, one after another.</summary>
[CollectionDefinition("zfs")]
public sealed class ZfsCollection : ICollectionFixture<ZfsMachine>;

/// <summary>Others that share one of their own, at the same time.</summary>
[CollectionDefinition("zfs guards")]
public sealed class ZfsGuardCollection : ICollectionFixture<ZfsMachine>;
