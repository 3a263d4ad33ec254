using System.Text;
using Varve.Linux;

namespace Varve.Web.Http;

/// <summary>A request that cannot be followed, and the status that says so.</summary>
internal sealed class BadRequestException(int status, string message) : Exception(message)
{
    public int Status => status;
}

/// <summary>
/// A request of HTTP/1.1 (RFC 9112), as far as pages that are only read need it: GET or HEAD, no body. What is not
/// exactly that is refused, so that there is nothing to misread.
/// </summary>
internal sealed record Request
{
    /// <summary>Longest head that is read, in bytes.</summary>
    public const int MostBytes = 16 << 10;

    public required string Method { get; init; }
    /// <summary>The names between the slashes, decoded; bytes that are not UTF-8 as <see cref="PathText"/> has them.</summary>
    public required string[] Path { get; init; }
    public required IReadOnlyDictionary<string, string> Query { get; init; }
    /// <summary>By their names in lower case.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
    /// <summary>Path and query as they were sent.</summary>
    public required string Target { get; init; }

    public string Get(string name) => Query.GetValueOrDefault(name, "");

    /// <summary>Reads the head of a request, up to the empty line.</summary>
    /// <exception cref="BadRequestException">It is not a request that these pages answer.</exception>
    public static Request Parse(ReadOnlySpan<byte> head)
    {
        var lines = Encoding.Latin1.GetString(head).Split("\r\n");
        var words = lines[0].Split(' ');
        if (words is not [var method, ['/', ..] target, "HTTP/1.1" or "HTTP/1.0"]) throw new BadRequestException(400, "This is not a request of HTTP/1.1.");
        if (target.Any(static c => c is <= ' ' or >= '\x7F')) throw new BadRequestException(400, "The address holds characters that must be escaped.");
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines.Skip(1))
        {
            if (line.Length == 0) break;
            var colon = line.IndexOf(':');
            if (colon <= 0 || line[0] is ' ' or '\t') throw new BadRequestException(400, "A header line cannot be read.");
            var name = line[..colon].ToLowerInvariant();
            if (!headers.TryAdd(name, line[(colon + 1)..].Trim()) && name is "host" or "cookie") throw new BadRequestException(400, $"The header {name} stands twice.");
        }
        if (headers.ContainsKey("transfer-encoding") || headers.GetValueOrDefault("content-length", "0") != "0") throw new BadRequestException(413, "These pages take no content.");
        if (method is not ("GET" or "HEAD")) throw new BadRequestException(405, "These pages can only be read: GET and HEAD.");
        var question = target.IndexOf('?');
        return new Request
        {
            Method = method,
            Path = [.. (question < 0 ? target : target[..question]).Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Decode)],
            Query = question < 0 ? new Dictionary<string, string>(StringComparer.Ordinal) : ParseQuery(target[(question + 1)..]),
            Headers = headers,
            Target = target,
        };
    }

    private static Dictionary<string, string> ParseQuery(string text)
    {
        var query = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            query[Decode(equals < 0 ? pair : pair[..equals])] = equals < 0 ? "" : Decode(pair[(equals + 1)..].Replace('+', ' '));
        }
        return query;
    }

    /// <summary>Undoes the percent-encoding (RFC 3986, 2.1), once.</summary>
    private static string Decode(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%') bytes.Add((byte)text[i]);
            else if (i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes.Add(Convert.FromHexString(text.AsSpan(i + 1, 2))[0]);
                i += 2;
            }
            else throw new BadRequestException(400, "A % in the address is not followed by two hexadecimal digits.");
        }
        if (bytes.Contains(0)) throw new BadRequestException(400, "A name cannot hold a zero byte.");
        return PathText.Decode(bytes.ToArray());
    }
}
