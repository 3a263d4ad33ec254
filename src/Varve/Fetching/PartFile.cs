using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Varve.Linux;
using Varve.Store;

namespace Varve.Fetching;

/// <summary>
/// What has come so far of one answer. If the answer has something to be known again by (an ETag, a time), the file
/// outlives a download that broke off, so that the next one goes on where it ended.
/// </summary>
internal sealed class PartFile : IDisposable
{
    private const int BufferBytes = 1 << 16, ReadableByOwner = 0x180;
    private readonly string path, headPath;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private FileStream? file;
    private bool isTaken;

    /// <param name="folder">Where parts lie.</param>
    /// <param name="request">The request; whoever opens its part has its turn.</param>
    public PartFile(string folder, Digest request) => (path, headPath) = ($"{folder}/{request.Hex}.part", $"{folder}/{request.Hex}.head");

    /// <summary>How many bytes there are.</summary>
    public long Bytes { get; private set; }
    /// <summary>The reason phrase and the headers of the answer that they are of.</summary>
    public string Headers { get; private set; } = "";
    /// <summary>What the answer is known again by: an ETag that is not weak, or a time; empty for nothing.</summary>
    public string Validator { get; private set; } = "";
    /// <summary>The whole answer's length; -1 when it is not known.</summary>
    public long Total { get; private set; } = -1;

    /// <summary>Finds what an earlier download left; nothing when it left nothing that can be gone on with.</summary>
    public void Find()
    {
        if (Files.Look(headPath).Kind != FileKind.File || Files.Look(path).Kind != FileKind.File) return;
        var lines = File.ReadAllText(headPath, Encoding.Latin1).Split('\n', 3);
        if (lines.Length != 3 || !long.TryParse(lines[0], CultureInfo.InvariantCulture, out var total) || lines[1].Length == 0) return;
        (Total, Validator, Headers) = (total, lines[1], lines[2]);
        Bytes = Files.Look(path).Size;
        if (Bytes >= Total && Total >= 0) Forget();
    }

    /// <summary>Begins anew, with another answer.</summary>
    public void Begin(string headers, string validator, long total)
    {
        Forget();
        (Headers, Validator, Total) = (headers, validator, total);
        file = new FileStream(Files.Create(path, ReadableByOwner), FileAccess.ReadWrite, BufferBytes);
        if (validator.Length > 0) File.WriteAllText(headPath, string.Create(CultureInfo.InvariantCulture, $"{total}\n{validator}\n{headers}"), Encoding.Latin1);
    }

    /// <summary>Goes on with what was found; hands out what there is.</summary>
    public void GoOn(Action<ReadOnlySpan<byte>> had)
    {
        file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, BufferBytes);
        var buffer = new byte[BufferBytes];
        int count;
        while ((count = file.Read(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, count);
            had(buffer.AsSpan(0, count));
        }
        Bytes = file.Position;
    }

    /// <summary>Adds what came.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        file!.Write(bytes);
        hash.AppendData(bytes);
        Bytes += bytes.Length;
    }

    /// <summary>All has come: the file goes into the store.</summary>
    public Digest Keep(BlobStore store)
    {
        file!.Dispose();
        var digest = new Digest(hash.GetHashAndReset());
        store.Adopt(path, digest);
        isTaken = true;
        return digest;
    }

    private void Forget()
    {
        Remove();
        (Bytes, Headers, Validator, Total) = (0, "", "", -1);
    }

    private void Remove()
    {
        if (Files.Look(path).Exists) Files.Remove(path);
        if (Files.Look(headPath).Exists) Files.Remove(headPath);
    }

    public void Dispose()
    {
        file?.Dispose();
        hash.Dispose();
        if (isTaken || Validator.Length == 0 || Bytes == 0) Remove();
    }
}
