using System.Buffers.Binary;
using System.Text;
using Varve.Linux;
using Varve.Store;

namespace Varve.Steps;

/// <summary>
/// What a step said on standard output and standard error, in the order in which it said it. As a blob: records of one
/// byte (1 output, 2 error), a length (uint32, little endian) and that many bytes.
/// </summary>
internal static class Transcript
{
    public const byte Output = 1, Error = 2;

    /// <summary>Goes through the records in order.</summary>
    public static void ForEach(ReadOnlySpan<byte> transcript, Action<byte, byte[]> record)
    {
        while (transcript.Length >= 5)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(transcript[1..]);
            record(transcript[0], transcript.Slice(5, length).ToArray());
            transcript = transcript[(5 + length)..];
        }
    }

    /// <summary>Says it again.</summary>
    public static void Replay(ReadOnlySpan<byte> transcript, int output, int error) =>
        ForEach(transcript, (stream, bytes) => Processes.WriteAll(stream == Output ? output : error, bytes));

    /// <summary>One stream's bytes.</summary>
    public static byte[] Stream(ReadOnlySpan<byte> transcript, byte wanted)
    {
        using var all = new MemoryStream();
        ForEach(transcript, (stream, bytes) =>
        {
            if (stream == wanted) all.Write(bytes);
        });
        return all.ToArray();
    }

    /// <summary>The last lines of both streams together, as text.</summary>
    public static IReadOnlyList<string> Tail(BlobStore store, Digest transcript, int lines)
    {
        if (transcript == default) return [];
        using var all = new MemoryStream();
        ForEach(store.ReadAll(transcript), (_, bytes) => all.Write(bytes));
        var text = Encoding.UTF8.GetString(all.ToArray()).TrimEnd('\n').Split('\n');
        return text[Math.Max(0, text.Length - lines)..];
    }
}

/// <summary>Writes a transcript into a temporary file as it comes, so that a talkative step costs no memory.</summary>
internal sealed class TranscriptWriter : IDisposable
{
    private readonly string path;
    private readonly FileStream file;
    private readonly Lock writing = new();
    private IOException? failure;

    public TranscriptWriter(string path)
    {
        this.path = path;
        file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1 << 14);
    }

    public void Add(byte stream, ReadOnlySpan<byte> bytes)
    {
        Span<byte> header = stackalloc byte[5];
        header[0] = stream;
        BinaryPrimitives.WriteInt32LittleEndian(header[1..], bytes.Length);
        lock (writing)
        {
            if (failure is not null) return;
            try
            {
                file.Write(header);
                file.Write(bytes);
                // Whoever looks at the step while it runs sees what it has said so far.
                file.Flush();
            }
            catch (IOException e)
            {
                // The step goes on saying things to whoever listens; that they are not all kept is told at its end.
                failure = e;
            }
        }
    }

    /// <summary>Puts what was written into the store; all zero when nothing was.</summary>
    /// <exception cref="IOException">Not all of it could be written.</exception>
    public Digest Keep(BlobStore store)
    {
        lock (writing)
        {
            if (failure is not null) throw failure;
            file.Flush();
            if (file.Length == 0) return default;
        }
        return store.PutFile(path);
    }

    public void Dispose() => file.Dispose();
}
