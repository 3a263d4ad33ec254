using System.Globalization;
using System.Text;

namespace Varve.Snapshots.Remote;

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

    /// <summary>A number in a request, within what makes sense.</summary>
    public static long Number(string word, long most) => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number : throw new SnapshotException($"'{word}' is no number that makes sense here");
}

/// <summary>Answers: <c>ok LENGTH</c> and as many bytes, or <c>no</c> and the reason.</summary>
internal sealed class WireWriter(Stream output)
{
    /// <summary>An answer of these bytes.</summary>
    public void Answer(ReadOnlySpan<byte> bytes)
    {
        Head(bytes.Length);
        output.Write(bytes);
    }

    /// <summary>An answer whose bytes follow.</summary>
    public void Head(long length) => Line(string.Create(CultureInfo.InvariantCulture, $"ok {length}"));

    /// <summary>The request is not followed.</summary>
    public void Refuse(string why) => Line("no " + why.ReplaceLineEndings(" "));

    /// <summary>A line.</summary>
    public void Line(string line) => output.Write(Encoding.UTF8.GetBytes(line + "\n"));
}
