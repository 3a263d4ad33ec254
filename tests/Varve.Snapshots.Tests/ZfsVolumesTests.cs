using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Datasets on the emulated host: sources in the pool <c>src</c>, targets in <c>dst</c>.</summary>
internal sealed class ZfsFixture : IVolumesFixture
{
    private static int _fixtures;
    private readonly ZfsMachine _machine;
    private readonly string _folder = $"t{Interlocked.Increment(ref _fixtures)}";

    public ZfsFixture(ZfsMachine machine)
    {
        _machine = machine;
        Volumes = new ZfsVolumes(machine.Host);
        _machine.Run($"zfs create src/{_folder}; zfs create dst/{_folder}");
    }

    public IVolumes Volumes { get; private set; }

    /// <summary>After the host was started anew.</summary>
    public IVolumes Again() => Volumes = new ZfsVolumes(_machine.Host);

    public string NewDataset(string name)
    {
        _machine.Run("zfs create -o mountpoint=\"/mnt/$1\" \"$1\"", $"src/{_folder}/{name}");
        return $"src/{_folder}/{name}";
    }

    public string NewTarget(string name) => $"dst/{_folder}/{name}";

    /// <summary>The files of the emulated host with its key, and with its passphrase.</summary>
    public const string Key = "/tmp/key", Passphrase = "/tmp/passphrase";

    /// <summary>An encrypted dataset, by a key; to derive one from a passphrase takes an emulated host long.</summary>
    public string NewEncrypted(string name, string pool = "src", string passphrase = "")
    {
        var dataset = $"{pool}/{_folder}/{name}";
        if (passphrase.Length > 0) _machine.Run("echo \"$2\" > \"$1\"", Passphrase, passphrase);
        else _machine.Run("[ -e \"$1\" ] || head -c 32 /dev/urandom > \"$1\"", Key);
        string[] options = passphrase.Length > 0 ? ["keyformat=passphrase", "-o", $"keylocation=file://{Passphrase}", "-o", "pbkdf2iters=100000"] : ["keyformat=raw", "-o", $"keylocation=file://{Key}"];
        _machine.Host.Run(["zfs", "create", "-o", "encryption=on", "-o", .. options, "-o", $"mountpoint=/mnt/{dataset}", dataset]);
        return dataset;
    }

    public void Write(string dataset, string text) => _machine.Run("printf '%s' \"$2\" > \"/mnt/$1/file\"", dataset, text);

    public string Read(string dataset, string snapshot) =>
        _machine.Run("d=$(mktemp -d); mount -t zfs \"$1\" $d; cat $d/file; umount $d", $"{dataset}@{snapshot}");

    public void Dispose()
    {
        foreach (var pool in (string[])["src", "dst"])
        {
            var root = $"{pool}/{_folder}";
            var held = Volumes.Snapshots([.. Volumes.Datasets(root, recursive: true).Select(static d => d.Name)]).Where(static s => s.Holds > 0).ToList();
            foreach (var (snapshot, tag) in held.Count == 0 ? [] : Volumes.Tags(held)) _machine.Run("zfs release \"$2\" \"$1\"", snapshot, tag);
            _machine.Run("zfs destroy -R \"$1\"", root);
        }
    }
}

/// <summary>A real ZFS on an emulated host.</summary>
[Trait("host", "zfs")]
[Collection("zfs")]
public sealed class ZfsVolumesTests(ZfsMachine machine) : VolumesTests
{
    protected override IVolumesFixture Open() => new ZfsFixture(machine);

    [Fact]
    public void Notes_are_not_inherited_but_that_a_host_is_keyless_is()
    {
        using var f = Open();
        var (above, below) = (f.NewDataset("a"), f.NewDataset("a/b"));
        f.Volumes.SetNote(above, Notes.Mode, "raw");
        f.Volumes.SetNote(above, Notes.Keyless, "yes");
        Assert.Equal(("", "yes"), (f.Volumes.Find(below)!.Note(Notes.Mode), f.Volumes.Find(below)!.Note(Notes.Keyless)));
    }

    [Fact]
    public void What_many_sends_would_be_is_asked_in_one_call_and_no_name_is_read_by_a_shell()
    {
        using var f = Open();
        var dataset = f.NewDataset("with space");
        machine.Run("head -c 300000 /dev/urandom > \"/mnt/$1/large\"", dataset);
        f.Volumes.Take([(dataset, "first")], children: false);
        f.Write(dataset, "y");
        f.Volumes.Take([(dataset, "second")], children: false);
        SendRequest[] sends = [new(dataset, "first"), new(dataset, "x;touch /tmp/pwned $(touch /tmp/pwned)"), new(dataset, "second") { Base = "first", Intermediates = true, Properties = true }, new(dataset, "gone")];
        var estimates = f.Volumes.Estimates(sends);
        Assert.Equal([true, false, true, false], estimates.Select(static e => e > 0));
        Assert.True(estimates[0] > estimates[2]);
        string Asked(params string[] words) => machine.Host.Run(["zfs", "send", "-n", "-P", "-L", "-e", "-c", .. words, dataset + "@first"]).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split('\t')[^1];
        Assert.Equal(Asked(), $"{estimates[0]}");
        Assert.Equal("", machine.Run("ls /tmp | grep pwned || true"));
    }
}

/// <summary>Syncs on a real ZFS.</summary>
[Trait("host", "zfs")]
[Collection("zfs")]
public sealed class ZfsSyncTests(ZfsMachine machine) : SyncTests
{
    private protected override IVolumesFixture Open() => new ZfsFixture(machine);
}
