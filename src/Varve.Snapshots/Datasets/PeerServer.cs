using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Varve.Snapshots.Datasets;

/// <summary>
/// What a host answers its peers, over the standard streams of <c>varve data peer</c>, which they start by ssh. A request is a
/// line of words; an answer is <c>ok LENGTH</c> and as many bytes, or <c>no</c> and the reason. Names are in base64.
/// <c>hello VERSION</c>; <c>exchange LENGTH</c> and a catalogue; <c>list DATASET GUID</c>, the manifest; <c>digest DATASET GUID</c>, its
/// digest; <c>contents DATASET GUID</c>, that of all bytes too; <c>probe LENGTH</c>; <c>get DATASET GUID COUNT</c> and as many lines <c>OFFSET PATH</c>, each answered in turn.
/// </summary>
public sealed class PeerServer(LocalHost host, Stream input, Stream output)
{
    internal const string Version = "1";
    private const int MostProbe = 64 << 20, MostCatalogue = 64 << 20;
    private readonly WireReader _reader = new(input);
    private (string Dataset, ulong Guid, SnapshotFiles Files)? _open;

    /// <summary>Answers until the other side closes.</summary>
    public void Run()
    {
        try
        {
            while (_reader.Line() is { } line)
            {
                Answer(line.Split(' '));
                output.Flush();
            }
        }
        finally
        {
            _open?.Files.Dispose();
        }
    }

    private void Answer(string[] words)
    {
        try
        {
            switch (words)
            {
                case ["hello", var version]:
                    if (version == Version) Send(Encoding.UTF8.GetBytes(host.Self.Name));
                    else Refuse($"this host speaks version {Version}; use the same varve on both");
                    break;
                case ["exchange", var length]:
                    var theirs = CatalogueText.Read(_reader.Bytes(Number(length, MostCatalogue)), "the catalogue of the other host");
                    host.Refresh();
                    Send(CatalogueText.Of(host.Update(c => c.MergedWith(theirs))));
                    break;
                case ["list", var dataset, var guid]:
                    Send(Files(dataset, guid).Manifest.Bytes);
                    break;
                case ["digest", var dataset, var guid]:
                    Send(Encoding.ASCII.GetBytes(Files(dataset, guid).Manifest.Digest));
                    break;
                case ["contents", var dataset, var guid]:
                    Send(Encoding.ASCII.GetBytes(ContentDigest(Files(dataset, guid))));
                    break;
                case ["probe", var length]:
                    Send(new byte[Number(length, MostProbe)]);
                    break;
                case ["get", var dataset, var guid, var count]:
                    Get(dataset, guid, (int)Number(count, int.MaxValue));
                    break;
                default:
                    Refuse($"'{words[0]}' is no request");
                    break;
            }
        }
        catch (Exception e) when (e is SnapshotException or FormatException or IOException or UnauthorizedAccessException)
        {
            Refuse(e.Message);
        }
    }

    private void Get(string dataset, string guid, int count)
    {
        // All lines are taken first, so that the other side may write them at once.
        var wanted = new List<(long Offset, byte[] Path)>();
        for (var i = 0; i < count; i++)
        {
            var words = (_reader.Line() ?? throw new EndOfStreamException()).Split(' ');
            wanted.Add((Number(words[0], long.MaxValue), Convert.FromBase64String(words[1])));
        }
        foreach (var (offset, path) in wanted)
        {
            Action<Stream> copy;
            long length;
            try
            {
                copy = Files(dataset, guid).Open(path, offset, out length);
            }
            catch (SnapshotException e)
            {
                Refuse(e.Message);
                continue;
            }
            Head($"ok {length}");
            // What fails from here on cannot be told any more: the connection ends, and the other side goes elsewhere.
            try
            {
                copy(output);
            }
            catch (SnapshotException e)
            {
                throw new PeerLostException(e.Message);
            }
        }
    }

    /// <summary>SHA-256 of the manifest and of each file's bytes in its order, in hexadecimal.</summary>
    internal static string ContentDigest(SnapshotFiles files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(files.Manifest.Bytes);
        using var into = new HashStream(hash);
        foreach (var row in files.Manifest.Rows.Where(static r => r.Kind == 'f')) files.Open(row.Path, 0, out _)(into);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private SnapshotFiles Files(string dataset, string guid)
    {
        var (name, number) = (Encoding.UTF8.GetString(Convert.FromBase64String(dataset)), ulong.Parse(guid, CultureInfo.InvariantCulture));
        if (_open is { } open && open.Dataset == name && open.Guid == number) return open.Files;
        _open?.Files.Dispose();
        _open = null;
        var files = host.Files(name, number);
        _open = (name, number, files);
        return files;
    }

    private static long Number(string word, long most) => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number : throw new SnapshotException($"'{word}' is no number that makes sense here");

    private void Send(ReadOnlySpan<byte> bytes)
    {
        Head($"ok {bytes.Length}");
        output.Write(bytes);
    }

    private void Refuse(string why) => Head("no " + why.ReplaceLineEndings(" "));

    private void Head(string line) => output.Write(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Bytes that are digested as they are written.</summary>
    private sealed class HashStream(IncrementalHash hash) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush()
        {
        }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => hash.AppendData(buffer, offset, count);
        public override void Write(ReadOnlySpan<byte> buffer) => hash.AppendData(buffer);
    }
}

/// <summary>The connection cannot be used any more.</summary>
public sealed class PeerLostException(string message) : Exception(message);

/// <summary>Lines and bytes of one stream.</summary>
internal sealed class WireReader(Stream input)
{
    private const int LongestLine = 1 << 20;
    private readonly byte[] _buffer = new byte[1 << 18];
    private int _at, _end;

    /// <summary>A line without its end; null when the stream has ended.</summary>
    public string? Line()
    {
        var line = new MemoryStream();
        while (true)
        {
            if (_at == _end && !Fill()) return line.Length == 0 ? null : throw new EndOfStreamException("the connection ended");
            var end = Array.IndexOf(_buffer, (byte)'\n', _at, _end - _at);
            line.Write(_buffer, _at, (end < 0 ? _end : end) - _at);
            _at = end < 0 ? _end : end + 1;
            if (end >= 0) return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
            if (line.Length > LongestLine) throw new SnapshotException("the other host sends a line without an end");
        }
    }

    /// <summary>So many bytes.</summary>
    public byte[] Bytes(long length)
    {
        var bytes = new byte[length];
        var done = 0;
        while (done < bytes.Length) done += Some(bytes.AsSpan(done));
        return bytes;
    }

    /// <summary>Some bytes, at least one.</summary>
    public int Some(Span<byte> into)
    {
        if (_at == _end)
        {
            // Large pieces need no detour.
            if (into.Length >= _buffer.Length) return input.Read(into) is var count and > 0 ? count : throw new EndOfStreamException("the connection ended");
            if (!Fill()) throw new EndOfStreamException("the connection ended");
        }
        var some = Math.Min(into.Length, _end - _at);
        _buffer.AsSpan(_at, some).CopyTo(into);
        _at += some;
        return some;
    }

    private bool Fill()
    {
        (_at, _end) = (0, input.Read(_buffer));
        return _end > 0;
    }
}
