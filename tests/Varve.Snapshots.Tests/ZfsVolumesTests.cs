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

    /// <summary>An encrypted dataset; its passphrase is in a file of its host.</summary>
    public string NewEncrypted(string name, string pool = "src")
    {
        var dataset = $"{pool}/{_folder}/{name}";
        _machine.Run("echo passphrase-one > /tmp/key; zfs create -o encryption=on -o keyformat=passphrase -o keylocation=file:///tmp/key -o pbkdf2iters=100000 -o mountpoint=\"/mnt/$1\" \"$1\"", dataset);
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
}

/// <summary>Syncs on a real ZFS.</summary>
[Trait("host", "zfs")]
[Collection("zfs")]
public sealed class ZfsSyncTests(ZfsMachine machine) : SyncTests
{
    private protected override IVolumesFixture Open() => new ZfsFixture(machine);
}
