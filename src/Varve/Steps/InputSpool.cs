using System.Security.Cryptography;
using Varve.Store;

namespace Varve.Steps;

/// <summary>What came through a pipe so far, in a temporary file that is gone when it is closed: it may be more than memory holds.</summary>
internal sealed class InputSpool : IDisposable
{
    // Most commands are given no input: the file is made when there is some.
    private FileStream? file;

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        file ??= new FileStream(
            $"{Path.GetTempPath()}/varve-input-{Guid.NewGuid():N}", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        RandomAccess.Write(file.SafeFileHandle, bytes, Length);
        Length += bytes.Length;
    }

    /// <summary>Reads from a place on; how many bytes.</summary>
    public int Read(long offset, Span<byte> buffer) => file is null ? 0 : RandomAccess.Read(file.SafeFileHandle, buffer, offset);

    /// <summary>The first bytes.</summary>
    public byte[] Start(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = Read(at, bytes.AsSpan(at));
            if (read == 0) break;
            at += read;
        }
        return bytes;
    }

    /// <summary>The digest of the first bytes.</summary>
    public Digest DigestOf(long bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        for (long at = 0; at < bytes;)
        {
            var count = Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - at)));
            if (count == 0) break;
            hash.AppendData(buffer, 0, count);
            at += count;
        }
        return new Digest(hash.GetHashAndReset());
    }

    public void Dispose() => file?.Dispose();
}
