using System.Globalization;
using System.Text;
using Varve.Snapshots.Remote;

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
    private readonly WireWriter _writer = new(output);
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
                    if (version == Version) _writer.Answer(Encoding.UTF8.GetBytes(host.Self.Name));
                    else _writer.Refuse($"this host speaks version {Version}; use the same varve on both");
                    break;
                case ["exchange", var length]:
                    var theirs = CatalogueText.Read(_reader.Bytes(WireReader.Number(length, MostCatalogue)), "the catalogue of the other host");
                    host.Refresh();
                    _writer.Answer(CatalogueText.Of(host.Update(c => c.MergedWith(theirs))));
                    break;
                case ["list", var dataset, var guid]:
                    _writer.Answer(Files(dataset, guid).Manifest.Bytes);
                    break;
                case ["digest", var dataset, var guid]:
                    _writer.Answer(Encoding.ASCII.GetBytes(Files(dataset, guid).Manifest.Digest));
                    break;
                case ["contents", var dataset, var guid]:
                    _writer.Answer(Encoding.ASCII.GetBytes(ContentDigest(Files(dataset, guid))));
                    break;
                case ["probe", var length]:
                    _writer.Answer(new byte[WireReader.Number(length, MostProbe)]);
                    break;
                case ["get", var dataset, var guid, var count]:
                    Get(dataset, guid, (int)WireReader.Number(count, int.MaxValue));
                    break;
                default:
                    _writer.Refuse($"'{words[0]}' is no request");
                    break;
            }
        }
        catch (Exception e) when (e is SnapshotException or FormatException or IOException or UnauthorizedAccessException)
        {
            _writer.Refuse(e.Message);
        }
    }

    private void Get(string dataset, string guid, int count)
    {
        // All lines are taken first, so that the other side may write them at once.
        var wanted = new List<(long Offset, byte[] Path)>();
        for (var i = 0; i < count; i++)
        {
            var words = (_reader.Line() ?? throw new EndOfStreamException()).Split(' ');
            wanted.Add((WireReader.Number(words[0], long.MaxValue), Convert.FromBase64String(words[1])));
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
                _writer.Refuse(e.Message);
                continue;
            }
            _writer.Head(length);
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
        using var into = new HashStream();
        into.Write(files.Manifest.Bytes);
        foreach (var row in files.Manifest.Rows.Where(static r => r.Kind == 'f')) files.Open(row.Path, 0, out _)(into);
        return into.Digest();
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
}

/// <summary>The connection cannot be used any more.</summary>
public sealed class PeerLostException(string message) : Exception(message);
