using System.Globalization;
using System.Text;

namespace Varve.Web.Http;

/// <summary>What is sent back: a status, headers, and bytes or somebody who writes them as they come.</summary>
internal sealed record Response
{
    /// <summary>Nothing is loaded from elsewhere, no script but the one file, no frame, no form that leads out.</summary>
    private const string PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    /// <summary>For files of the workspace: whatever they hold, nothing of it runs.</summary>
    private const string FilePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

    public int Status { get; init; } = 200;
    public required string Type { get; init; }
    public ReadOnlyMemory<byte> Body { get; init; }
    /// <summary>Writes a body too large or too long in coming to be held; ends with the connection when <see cref="Length"/> is negative.</summary>
    public Func<Stream, CancellationToken, Task>? Write { get; init; }
    /// <summary>The size of what <see cref="Write"/> writes.</summary>
    public long Length { get; init; } = -1;
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
    /// <summary>Whether the body is somebody's file rather than a page.</summary>
    public bool IsFile { get; init; }

    public static Response Page(string html, int status = 200) => new() { Status = status, Type = "text/html; charset=utf-8", Body = Encoding.UTF8.GetBytes(html) };

    public static Response Text(int status, string text) => new() { Status = status, Type = "text/plain; charset=utf-8", Body = Encoding.UTF8.GetBytes(text + "\n") };

    public static Response To(string place, params KeyValuePair<string, string>[] headers) => Text(303, "See " + place) with { Headers = [new("Location", place), .. headers] };

    /// <summary>The lines before the body.</summary>
    public byte[] Head()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {Reason(Status)}\r\nContent-Type: {Type}\r\n");
        var length = Write is null ? Body.Length : Length;
        if (length >= 0) text.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        text.Append("Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n");
        text.Append("Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Content-Security-Policy: {(IsFile ? FilePolicy : PagePolicy)}\r\n");
        foreach (var (name, value) in Headers) text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    private static string Reason(int status) => status switch
    {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
}
