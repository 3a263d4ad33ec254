using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Varve.Snapshots.Repository;

/// <summary>Compares every object of a folder with its digest, and sees that all that the head names is there. It takes no key.</summary>
internal sealed class ObjectCheck(ObjectFolder folder, RepositoryProgress progress, CancellationToken cancel)
{
    private const string Changed = "its bytes are not those that were written";
    private readonly ConcurrentDictionary<string, string> problems = new(StringComparer.Ordinal);
    private long objects;

    /// <summary>Checks.</summary>
    public ObjectFindings Run()
    {
        Check("", RepositoryConfig.FileName);
        foreach (var kind in (string[])[ObjectStore.Keys, ObjectStore.Heads, ObjectStore.Condemned, ObjectStore.Lists, ObjectStore.Snapshots])
            foreach (var name in folder.Names(kind)) Check(kind, name);
        Parallel.ForEach(folder.Names(ObjectStore.Packs), new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount }, name => Check(ObjectStore.Packs, name));
        CheckHead();
        return new ObjectFindings(objects, progress.Moved, problems);
    }

    private void Check(string kind, string name)
    {
        cancel.ThrowIfCancellationRequested();
        Interlocked.Increment(ref objects);
        var (path, what) = (folder.PathOf(kind, name), kind.Length == 0 ? name : $"{kind}/{name}");
        try
        {
            if (!(ObjectStore.IsByDigest(kind) ? Digest(path) == name : Checked.IsWhole(File.ReadAllBytes(path)))) problems.TryAdd(what, Changed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.TryAdd(what, $"it cannot be read: {e.Message}");
        }
    }

    private string Digest(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.OpenHandle(path);
        var buffer = new byte[1 << 20];
        for (long at = 0; ;)
        {
            cancel.ThrowIfCancellationRequested();
            var got = RandomAccess.Read(file, buffer, at);
            if (got == 0) return Convert.ToHexStringLower(hash.GetHashAndReset());
            hash.AppendData(buffer.AsSpan(0, got));
            at += got;
            progress.Move(got);
        }
    }

    /// <summary>That everything which the newest head names is there.</summary>
    private void CheckHead()
    {
        if (folder.Names(ObjectStore.Heads) is not [.., var newest])
        {
            problems.TryAdd(ObjectStore.Heads, "there is none");
            return;
        }
        if (problems.ContainsKey($"heads/{newest}")) return;
        var head = RepositoryHead.Parse(folder.Read(ObjectStore.Heads, newest), newest, secrets: null);
        foreach (var name in head.Snapshots.Where(n => !folder.Has(ObjectStore.Snapshots, n))) problems.TryAdd($"snapshots/{name}", "it is missing");
        foreach (var name in head.Lists)
        {
            if (!folder.Has(ObjectStore.Lists, name)) problems.TryAdd($"lists/{name}", "it is missing");
            else if (!problems.ContainsKey($"lists/{name}"))
                foreach (var pack in PackList.Parse(folder.Read(ObjectStore.Lists, name), $"lists/{name}"))
                    if (!folder.Has(ObjectStore.Packs, pack)) problems.TryAdd($"packs/{pack}", "it is missing");
        }
    }
}
