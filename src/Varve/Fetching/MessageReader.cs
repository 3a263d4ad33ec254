using System.Globalization;
using System.Text;

namespace Varve.Fetching;

/// <summary>Reads HTTP/1.1 requests one after another from a connection (RFC 9112).</summary>
internal sealed class MessageReader(Stream stream)
{
    private const int MostHead = 1 << 18, MostBody = 1 << 30;
    private readonly byte[] buffer = new byte[1 << 14];
    private int at, end;

    /// <summary>The next request; null when the connection ends before one.</summary>
    /// <param name="authority">Scheme and host that a path is of; null where the whole URL is given, as to a proxy.</param>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="FormatException">It is no HTTP.</exception>
    public ProxiedRequest? Read(string? authority)
    {
        var first = Line();
        while (first is { Length: 0 }) first = Line();
        if (first is null) return null;
        if (first.Split(' ') is not [var method, var target, var version] || !version.StartsWith("HTTP/1.", StringComparison.Ordinal)) throw new FormatException("no HTTP request");
        var headers = new List<KeyValuePair<string, string>>();
        var size = 0;
        while (Line() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || (size += line.Length) > MostHead) throw new FormatException("no HTTP header");
            headers.Add(new(line[..colon].Trim(), line[(colon + 1)..].Trim()));
        }
        string? Header(string name) => headers.Find(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        if (Header("Expect")?.Equals("100-continue", StringComparison.OrdinalIgnoreCase) == true) stream.Write("HTTP/1.1 100 Continue\r\n\r\n"u8);
        var body = Header("Transfer-Encoding") is { } coding && coding.Contains("chunked", StringComparison.OrdinalIgnoreCase) ? Chunks()
            : long.TryParse(Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? Bytes(length) : [];
        var connection = Header("Connection") ?? Header("Proxy-Connection") ?? (version == "HTTP/1.0" ? "close" : "keep-alive");
        return new ProxiedRequest(method.ToUpperInvariant(), authority is null ? target : authority + target, headers, body, !connection.Contains("close", StringComparison.OrdinalIgnoreCase), version == "HTTP/1.0");
    }

    private byte[] Chunks()
    {
        using var all = new MemoryStream();
        while (true)
        {
            var line = Line() ?? throw new IOException("the request broke off");
            var size = long.Parse(line.Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0) break;
            if (all.Length + size > MostBody) throw new FormatException("a request of more than a GiB");
            all.Write(Bytes(size));
            Line();
        }
        while (Line() is { Length: > 0 })
        {
        }
        return all.ToArray();
    }

    private byte[] Bytes(long count)
    {
        if (count > MostBody) throw new FormatException("a request of more than a GiB");
        var bytes = new byte[count];
        for (var done = 0; done < bytes.Length;)
        {
            if (at == end && !Fill()) throw new IOException("the request broke off");
            var part = Math.Min(end - at, bytes.Length - done);
            buffer.AsSpan(at, part).CopyTo(bytes.AsSpan(done));
            at += part;
            done += part;
        }
        return bytes;
    }

    /// <summary>A line without its end; null at the end of the connection.</summary>
    private string? Line()
    {
        var line = new StringBuilder();
        while (line.Length <= MostHead)
        {
            if (at == end && !Fill()) return line.Length == 0 ? null : throw new IOException("the request broke off");
            var c = buffer[at++];
            if (c == (byte)'\n') return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : line.ToString();
            line.Append((char)c);
        }
        throw new FormatException("a header of more than 256 KiB");
    }

    private bool Fill()
    {
        at = 0;
        end = stream.Read(buffer, 0, buffer.Length);
        return end > 0;
    }
}
