using Microsoft.Win32.SafeHandles;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>Versions of files: as they are now, as an execution left or read them, or by their digest.</summary>
internal sealed class Versions(LineageDatabase lineage, BlobStore store)
{
    /// <summary>Opens the version a person names: <c>PATH</c>, <c>PATH@EXECUTION</c> or <c>sha256:...</c>; null when the name is an execution's or a step's.</summary>
    /// <param name="name">What was said.</param>
    /// <param name="path">The same as an absolute path.</param>
    /// <exception cref="NotKnownException">There is no such version.</exception>
    /// <exception cref="DamagedStoreException">The store does not have its bytes any more.</exception>
    public SafeFileHandle? Open(string name, string path)
    {
        if (Files.Look(path).Kind == FileKind.File) return Files.OpenRead(path);
        if (Digest.TryParse(name, out var digest) && store.Has(digest)) return store.Open(digest);
        var at = name.LastIndexOf('@');
        if (at <= 0 || new History(lineage).ById(name[(at + 1)..]) is not { } trace) return null;

        var file = path[..path.LastIndexOf('@')];
        foreach (var change in trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes)
            if (change.Path == file && change.Kind == ChangeKind.File) return store.Open(change.Digest);
        foreach (var seen in trace.Observations)
            if (seen.Path == file && seen.Kind == ObservationKind.Content && store.Has(seen.Digest)) return store.Open(seen.Digest);
        throw new NotKnownException($"execution {trace.Execution} did not write {file}, and its bytes are not in the store");
    }
}
