using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Varve.Linux;

namespace Varve.Store;

/// <summary>A blob is missing or does not hold what its name says (exit status 5).</summary>
public sealed class DamagedStoreException(string message) : Exception(message);

/// <summary>
/// Bytes under the name of their digest: <c>store/ab/cdef...</c>, read-only, never changed. A blob appears by a rename
/// after its bytes are on the disk, so that what is there is whole; a temporary that a crash left is collected.
/// </summary>
internal sealed class BlobStore(VarveHome home)
{
    private const int ReadOnly = 0x124, BufferBytes = 1 << 20;

    /// <summary>Where the blob lies, or would lie.</summary>
    public string PathOf(Digest digest)
    {
        var hex = digest.Hex;
        return $"{home.StoreFolder}/{hex[..2]}/{hex[2..]}";
    }

    public bool Has(Digest digest) => Files.Look(PathOf(digest)).Kind == FileKind.File;

    /// <summary>Keeps these bytes.</summary>
    public Digest PutBytes(ReadOnlySpan<byte> bytes)
    {
        var digest = Digest.Of(bytes);
        if (Has(digest)) return digest;
        var temporary = Temporary(digest);
        using (var file = Files.Create(temporary, 0x1A4))
        {
            RandomAccess.Write(file, bytes, 0);
            Files.Flush(file, temporary);
        }
        Settle(temporary, digest);
        return digest;
    }

    /// <summary>Keeps a copy of a file.</summary>
    public Digest PutFile(string path)
    {
        using var source = Files.OpenRead(path);
        return Put(source, path);
    }

    /// <summary>Keeps a copy of an open file.</summary>
    public Digest Put(SafeFileHandle source, string name)
    {
        // The copy is digested, not the source, which may change between the two.
        var temporary = Temporary(default);
        Digest digest;
        using (var file = Files.Create(temporary, 0x1A4))
        {
            Files.CopyBytes(source, file, name);
            digest = HashOf(file);
            if (Has(digest))
            {
                Files.Remove(temporary);
                return digest;
            }
            Files.Flush(file, temporary);
        }
        Settle(temporary, digest);
        return digest;
    }

    /// <summary>Takes a file over whose digest is known, without a copy where it lies on the same file system.</summary>
    public void Adopt(string path, Digest known)
    {
        if (Has(known)) return;
        try
        {
            using (var file = Files.OpenRead(path)) Files.Flush(file, path);
            MakeFolder(known);
            Settle(path, known);
        }
        catch (IOException e) when (e.HResult == Libc.Exdev)
        {
            PutFile(path);
        }
    }

    /// <summary>Opens a blob.</summary>
    /// <exception cref="DamagedStoreException">It is not there.</exception>
    public SafeFileHandle Open(Digest digest)
    {
        try
        {
            return Files.OpenRead(PathOf(digest));
        }
        catch (IOException e)
        {
            throw new DamagedStoreException($"the store has lost {digest}: {e.Message}; `varve verify` tells what else is missing, the step that made it will run again");
        }
    }

    /// <summary>All bytes of a blob, checked against its name.</summary>
    public byte[] ReadAll(Digest digest)
    {
        using var file = Open(digest);
        var bytes = new byte[RandomAccess.GetLength(file)];
        for (var at = 0; at < bytes.Length;)
        {
            var count = RandomAccess.Read(file, bytes.AsSpan(at), at);
            if (count == 0) break;
            at += count;
        }
        return Digest.Of(bytes) == digest ? bytes : throw Damaged(digest);
    }

    /// <summary>Puts a copy of a blob in place by a rename, with the permissions and, if given, the time stamp.</summary>
    public void Materialise(Digest digest, string target, int permissions, long? modifiedNs)
    {
        var temporary = CopyBeside(digest, target, permissions, modifiedNs);
        try
        {
            Files.Rename(temporary, target);
        }
        catch
        {
            Files.Remove(temporary);
            throw;
        }
    }

    /// <summary>A copy of a blob, complete and checked, beside the place where a rename is to put it.</summary>
    public string CopyBeside(Digest digest, string target, int permissions, long? modifiedNs)
    {
        var temporary = Temporaries.Beside(target);
        try
        {
            using (var source = Open(digest))
            using (var file = Files.Create(temporary, permissions | 0x180))
            {
                Files.CopyBytes(source, file, target);
                if (HashOf(file) != digest) throw Damaged(digest);
            }
            Files.SetPermissions(temporary, permissions);
            if (modifiedNs is { } time) Files.SetModified(temporary, time);
            return temporary;
        }
        catch
        {
            Files.Remove(temporary);
            throw;
        }
    }

    private DamagedStoreException Damaged(Digest digest) =>
        new($"the store's {digest} does not hold what its name says ({PathOf(digest)}); `varve verify` sets it aside, the step that made it will then run again");

    /// <summary>The digest of an open file's bytes.</summary>
    public static Digest HashOf(SafeFileHandle file)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long offset = 0;
            while (true)
            {
                var count = RandomAccess.Read(file, buffer.AsSpan(0, BufferBytes), offset);
                if (count == 0) break;
                hash.AppendData(buffer, 0, count);
                offset += count;
            }
            Span<byte> result = stackalloc byte[DigestBytes.Size];
            hash.GetHashAndReset(result);
            return new Digest(result);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private string Temporary(Digest digest)
    {
        MakeFolder(digest);
        return $"{home.StoreFolder}/{digest.Hex[..2]}/.{Guid.NewGuid():N}.tmp";
    }

    private void MakeFolder(Digest digest)
    {
        var folder = $"{home.StoreFolder}/{digest.Hex[..2]}";
        if (!Files.Look(folder).Exists) Files.MakeDirectories(folder);
    }

    private void Settle(string temporary, Digest digest)
    {
        MakeFolder(digest);
        Files.SetPermissions(temporary, ReadOnly);
        Files.Rename(temporary, PathOf(digest));
    }
}
