using System.Globalization;
using System.Text;

namespace Varve.Fetching;

/// <summary>Writes one answer to the program that asked (RFC 9112).</summary>
/// <param name="client">The connection.</param>
/// <param name="request">What it asked.</param>
internal sealed class AnswerWriter(Stream client, ProxiedRequest request)
{
    private bool isChunked;

    /// <summary>Whether the connection is good for a further request when the answer has been written.</summary>
    public bool KeepsOpen { get; private set; } = request.KeepAlive;

    /// <summary>Whether anything was written.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The status line and the headers.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="headers">The reason phrase, then a line each; without those that concern the connection.</param>
    /// <param name="length">The body's length; null when it is not known.</param>
    /// <exception cref="ClientGoneException">Nobody reads it.</exception>
    public void Head(int status, string headers, long? length)
    {
        var lines = headers.Split('\n');
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} {lines[0]}\r\n");
        foreach (var line in lines.Skip(1)) head.Append(line).Append("\r\n");
        var hasBody = request.Method != "HEAD" && status is not (204 or 304);
        if (hasBody && length is { } known) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {known}\r\n");
        else if (hasBody && request.IsOld) KeepsOpen = false;
        else if (hasBody)
        {
            isChunked = true;
            head.Append("Transfer-Encoding: chunked\r\n");
        }
        head.Append(KeepsOpen ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
        Write(Encoding.Latin1.GetBytes(head.ToString()));
    }

    /// <summary>A part of the body.</summary>
    /// <exception cref="ClientGoneException">Nobody reads it.</exception>
    public void Body(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || request.Method == "HEAD") return;
        if (isChunked) Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length:x}\r\n")));
        Write(bytes);
        if (isChunked) Write("\r\n"u8);
    }

    /// <summary>The body's end.</summary>
    /// <exception cref="ClientGoneException">Nobody reads it.</exception>
    public void End()
    {
        if (isChunked) Write("0\r\n\r\n"u8);
    }

    /// <summary>A whole answer of Varve's own, for people.</summary>
    /// <exception cref="ClientGoneException">Nobody reads it.</exception>
    public void Say(int status, string reason, string text)
    {
        var bytes = Encoding.UTF8.GetBytes($"varve: {text}\n");
        Head(status, $"{reason}\nContent-Type: text/plain; charset=utf-8", bytes.Length);
        Body(bytes);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            HasBegun = true;
            client.Write(bytes);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new ClientGoneException(e);
        }
    }
}
