using System.Text;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Somewhere to try volumes.</summary>
public interface IVolumesFixture : IDisposable
{
    IVolumes Volumes { get; }

    /// <summary>A dataset with nothing in it.</summary>
    string NewDataset(string name);

    /// <summary>The name of a dataset that is not there yet, for a receive.</summary>
    string NewTarget(string name);

    void Write(string dataset, string text);

    string Read(string dataset, string snapshot);

    /// <summary>A snapshot that somebody takes on a replica.</summary>
    void TakeOnReplica(string dataset, string name) => Volumes.Take([(dataset, name)], children: false);
}

/// <summary>Volumes in memory.</summary>
internal sealed class MemoryFixture : IVolumesFixture
{
    private readonly MemoryVolumes _volumes = new();
    public IVolumes Volumes => _volumes;

    public string NewDataset(string name)
    {
        _volumes.Write("tank/" + name, "");
        return "tank/" + name;
    }

    public string NewTarget(string name) => "tank/" + name;

    public void Write(string dataset, string text) => _volumes.Write(dataset, text);

    public string Read(string dataset, string snapshot) => _volumes.Read(dataset, snapshot);

    public void Dispose()
    {
    }
}

/// <summary>A real btrfs on a loop device.</summary>
internal sealed class BtrfsFixture : IVolumesFixture
{
    private readonly BtrfsDisk _disk = new();

    public IVolumes Volumes { get; } = new BtrfsVolumes(Host.Local);

    public string NewDataset(string name)
    {
        var folder = _disk.At(name);
        Host.Local.Run(["btrfs", "subvolume", "create", folder]);
        return folder;
    }

    public string NewTarget(string name) => _disk.At(name);

    public void Write(string dataset, string text) => File.WriteAllText(Path.Combine(dataset, "file"), text);

    public string Read(string dataset, string snapshot) => File.ReadAllText(Path.Combine(dataset, BtrfsVolumes.Folder, snapshot, "file"));

    /// <summary>A replica is a folder and no subvolume: its own snapshot is one of its newest, written to meanwhile.</summary>
    public void TakeOnReplica(string dataset, string name)
    {
        var (newest, own) = ($"{dataset}/{BtrfsVolumes.Folder}/{Volumes.Snapshots([dataset])[^1].Name}", $"{dataset}/{BtrfsVolumes.Folder}/{name}");
        Host.Local.Run(["btrfs", "subvolume", "snapshot", newest, own]);
        File.WriteAllText($"{own}/file", "own");
        Host.Local.Run(["btrfs", "property", "set", own, "ro", "true"]);
    }

    public void Dispose() => _disk.Dispose();
}

/// <summary>Folders on the file system of temporary files.</summary>
internal sealed class PlainFixture : IVolumesFixture
{
    private int _checkouts;

    public PlainFixture(RepositoryKey? key = null) => Plain = new PlainVolumes(() => key, Root + "/cache", Warnings.Add);

    public string Root { get; } = Directory.CreateTempSubdirectory("varve-plain-").FullName;

    public List<string> Warnings { get; } = [];

    public PlainVolumes Plain { get; }

    public IVolumes Volumes => Plain;

    public string NewDataset(string name)
    {
        var folder = NewTarget(name);
        Directory.CreateDirectory(folder);
        Plain.SetNote(folder, Notes.Mode, "");
        return folder;
    }

    public string NewTarget(string name) => $"{Root}/data/{name}";

    public void Write(string dataset, string text) => File.WriteAllText(Path.Combine(dataset, "file"), text);

    public string CheckOut(string dataset, string snapshot, params string[] only)
    {
        var target = $"{Root}/checkout-{_checkouts++}";
        Plain.CheckOut(dataset, snapshot, target, [.. only.Select(Encoding.UTF8.GetBytes)], cancel: TestContext.Current.CancellationToken);
        return target;
    }

    public string Read(string dataset, string snapshot) => File.ReadAllText(CheckOut(dataset, snapshot) + "/file");

    public void Copy(SendRequest send, ReceiveRequest receive, out long bytes)
    {
        using var source = Volumes.Send(send);
        using var target = Volumes.Receive(receive);
        using var all = new MemoryStream();
        source.Bytes.CopyTo(all);
        source.Complete();
        bytes = all.Length;
        target.Bytes.Write(all.ToArray());
        target.Complete();
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
