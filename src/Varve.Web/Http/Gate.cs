using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Varve.Web.Http;

/// <summary>
/// Decides who comes in: the request names this server in its Host header, so that no other site's name leads here (DNS
/// rebinding), and brings the token, in the address once and as a cookie from then on.
/// </summary>
internal sealed class Gate
{
    private readonly IPAddress address;
    private readonly int port;
    private readonly string cookie;

    /// <param name="address">Where the server listens.</param>
    /// <param name="port">Its port.</param>
    public Gate(IPAddress address, int port)
    {
        (this.address, this.port) = (address, port);
        Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        // Cookies do not know ports: two servers of one person would otherwise overwrite each other's.
        cookie = string.Create(CultureInfo.InvariantCulture, $"varve-{port}");
    }

    /// <summary>192 random bits, new at each start.</summary>
    public string Token { get; }

    /// <summary>The answer for a request that may not come in, or that has just shown the token; null for one that may go on.</summary>
    public Response? Check(Request request)
    {
        if (!IsMine(request.Headers.GetValueOrDefault("host", ""))) return Response.Text(421, "This server does not go by that name.");
        if (request.Query.TryGetValue("token", out var shown))
        {
            if (!IsToken(shown)) return Refusal();
            var place = "/" + string.Join('/', request.Path.Select(Address.Encode));
            return Response.To(place, new KeyValuePair<string, string>("Set-Cookie", $"{cookie}={Token}; HttpOnly; SameSite=Strict; Path=/"));
        }
        foreach (var part in request.Headers.GetValueOrDefault("cookie", "").Split(';', StringSplitOptions.TrimEntries))
            if (part.StartsWith(cookie + "=", StringComparison.Ordinal) && IsToken(part[(cookie.Length + 1)..])) return null;
        return Refusal();
    }

    private static Response Refusal() => Response.Text(403, "Open the address that `varve serve` printed when it started: it holds the key to these pages.");

    private bool IsToken(string text) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(Token));

    /// <summary>A name from the network could be anybody's; a number, this machine's own name, and localhost cannot.</summary>
    private bool IsMine(string host)
    {
        var end = string.Create(CultureInfo.InvariantCulture, $":{port}");
        if (!host.EndsWith(end, StringComparison.Ordinal)) return false;
        var name = host[..^end.Length];
        if (name is "localhost" or "127.0.0.1" or "[::1]") return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
        if (IPAddress.IsLoopback(address)) return false;
        return IPAddress.TryParse(name, out _) || string.Equals(name, Dns.GetHostName(), StringComparison.OrdinalIgnoreCase);
    }
}
