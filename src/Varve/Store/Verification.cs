using System.Collections.Concurrent;
using Varve.Linux;

namespace Varve.Store;

/// <summary>A blob whose bytes are not what its name says.</summary>
/// <param name="Digest">What it is called.</param>
/// <param name="Problem">In words.</param>
/// <param name="SetAside">Where it lies now; empty when it could not be moved.</param>
public sealed record DamagedBlob(Digest Digest, string Problem, string SetAside);

/// <summary>What a look at every byte of the store came to.</summary>
/// <param name="Blobs">Blobs looked at.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Damaged">Those that are not what they should be, in the order of digests.</param>
public sealed record StoreReport(long Blobs, long Bytes, IReadOnlyList<DamagedBlob> Damaged);

/// <summary>Checks every digest in the store, on all processors.</summary>
internal static class Verification
{
    /// <summary>
    /// Reads everything. What is damaged is set aside in <c>damaged/</c>, so that no step is given it and the step that
    /// made it runs again.
    /// </summary>
    public static StoreReport Run(VarveHome home, CancellationToken cancellation)
    {
        long blobs = 0, bytes = 0;
        var damaged = new ConcurrentBag<DamagedBlob>();
        Parallel.ForEach(StoreListing.Blobs(home), new ParallelOptions { CancellationToken = cancellation }, blob =>
        {
            Interlocked.Increment(ref blobs);
            Interlocked.Add(ref bytes, blob.Bytes);
            if (Problem(home, blob.Digest) is { } problem) damaged.Add(new DamagedBlob(blob.Digest, problem, SetAside(home, blob.Digest)));
        });
        return new StoreReport(blobs, bytes, [.. damaged.OrderBy(static d => d.Digest)]);
    }

    private static string? Problem(VarveHome home, Digest digest)
    {
        var path = new BlobStore(home).PathOf(digest);
        try
        {
            using var file = Files.OpenRead(path);
            var found = BlobStore.HashOf(file);
            return found == digest ? null : $"its bytes have the digest {found}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Collected between the listing and the look.
            return Files.Look(path).Exists ? e.Message : null;
        }
    }

    private static string SetAside(VarveHome home, Digest digest)
    {
        var aside = $"{home.Folder}/damaged/{digest.Hex}";
        try
        {
            Files.MakeDirectories(home.Folder + "/damaged");
            Files.Rename(new BlobStore(home).PathOf(digest), aside);
            return aside;
        }
        catch (IOException)
        {
            return "";
        }
    }
}
