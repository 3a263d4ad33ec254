using Varve.Linux;

namespace Varve.Store;

/// <summary>A blob as it lies in the store.</summary>
/// <param name="Digest">What it is called.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="PlacedNs">When it was put there, nanoseconds since 1970.</param>
internal readonly record struct StoredBlob(Digest Digest, long Bytes, long PlacedNs);

/// <summary>Goes through what lies in a home.</summary>
internal static class StoreListing
{
    /// <summary>Every blob, in the order of digests.</summary>
    public static IEnumerable<StoredBlob> Blobs(VarveHome home)
    {
        foreach (var (folder, name) in Names(home))
        {
            if (name.StartsWith('.') || !Digest.TryParse(folder + name, out var digest)) continue;
            var stamp = Files.Look($"{home.StoreFolder}/{folder}/{name}");
            if (stamp.Kind == FileKind.File) yield return new StoredBlob(digest, stamp.Size, stamp.ChangedNs);
        }
    }

    /// <summary>Files that a crash left half written, last touched before a moment.</summary>
    public static IEnumerable<string> Leftovers(VarveHome home, long beforeNs)
    {
        foreach (var (folder, name) in Names(home))
        {
            var path = $"{home.StoreFolder}/{folder}/{name}";
            if (name.StartsWith('.') && Files.Look(path) is { Kind: FileKind.File } stamp && stamp.ChangedNs < beforeNs) yield return path;
        }
    }

    private static IEnumerable<(string Folder, string Name)> Names(VarveHome home)
    {
        foreach (var folder in Files.List(home.StoreFolder) ?? [])
        {
            if (folder.Kind != FileKind.Directory || folder.Name.Length != 2) continue;
            foreach (var entry in Files.List($"{home.StoreFolder}/{folder.Name}") ?? []) yield return (folder.Name, entry.Name);
        }
    }

    /// <summary>The bytes of all files under a folder, and how many there are.</summary>
    public static (long Files, long Bytes) SizeOf(string path)
    {
        var stamp = Files.Look(path);
        if (stamp.Kind != FileKind.Directory) return stamp.Kind == FileKind.File ? (1, stamp.Size) : (0, 0);
        var (files, bytes) = (0L, 0L);
        foreach (var entry in Files.List(path) ?? [])
        {
            var below = SizeOf($"{path}/{entry.Name}");
            files += below.Files;
            bytes += below.Bytes;
        }
        return (files, bytes);
    }
}
