using System.Globalization;
using Varve.Lineage;
using Varve.Store;

namespace Varve.Fetching;

/// <summary>A request as a program sent it to the proxy.</summary>
/// <param name="Method">In capitals.</param>
/// <param name="Url">Absolute.</param>
/// <param name="Headers">As they came, those for the proxy itself included.</param>
/// <param name="Body">Its body; empty for none.</param>
/// <param name="KeepAlive">Whether the connection is for further requests.</param>
/// <param name="IsOld">Whether it is HTTP/1.0, which knows no chunks.</param>
internal sealed record ProxiedRequest(string Method, string Url, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body, bool KeepAlive, bool IsOld)
{
    private static readonly HashSet<string> ForOneConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Content-Length", "Host",
        // Whatever a program would unpack, it gets as it is: one URL, one digest, and that of the file itself.
        "Accept-Encoding",
    };

    /// <summary>Who asks and how patiently, not what for.</summary>
    private static readonly HashSet<string> OfNoWeight = new(StringComparer.OrdinalIgnoreCase) { "User-Agent", "Cache-Control", "Pragma", "DNT", "Date", "Via", "Forwarded", "Priority" };

    /// <summary>Headers whose value may stand in a record as it is.</summary>
    private static readonly HashSet<string> Plain = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Accept-Charset", "Accept-Language", "Content-Type", "Content-Encoding", "Git-Protocol",
        "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Range",
    };

    /// <summary>
    /// Whether it asks, so that its answer may be kept. A POST is taken for a question: searches are posted, and what git
    /// wants; what git gives is not.
    /// </summary>
    public bool IsQuestion => Method is "GET" or "HEAD" or "OPTIONS" || (Method == "POST" && Header("Content-Type") is not "application/x-git-receive-pack-request");

    /// <summary>Whether the program itself asks for an answer that depends on what it has.</summary>
    public bool IsConditional => Headers.Any(static h => h.Key.StartsWith("If-", StringComparison.OrdinalIgnoreCase));

    /// <summary>Headers to be passed on.</summary>
    public IEnumerable<KeyValuePair<string, string>> Passed => Headers.Where(static h => !ForOneConnection.Contains(h.Key));

    /// <summary>The value of a header; null when there is none.</summary>
    public string? Header(string name)
    {
        foreach (var (key, value) in Headers)
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase)) return value;
        return null;
    }

    /// <summary>What the answer is kept under.</summary>
    /// <param name="disguise">Makes of a value that may be a secret what may stand in a record.</param>
    /// <param name="without">Headers that are to count as not sent.</param>
    public FetchKey Key(Func<string, string> disguise, params IReadOnlyList<string> without)
    {
        var lines = new List<string>();
        foreach (var (name, value) in Headers)
        {
            if (ForOneConnection.Contains(name) || OfNoWeight.Contains(name) || without.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            // Programs that take anything say so or do not.
            if (name.Equals("Accept", StringComparison.OrdinalIgnoreCase) && value == "*/*") continue;
            lines.Add($"{name.ToLowerInvariant()}: {(Plain.Contains(name) ? value : disguise(value))}");
        }
        if (Body.Length > 0) lines.Add($"body: {Digest.Of(Body)}");
        lines.Sort(StringComparer.Ordinal);
        return new FetchKey(Method, Url, lines);
    }

    /// <summary>The first and last byte asked for by a range of one part; -1 for an open end, and for a first that counts from the end.</summary>
    public (long First, long Last)? Range()
    {
        if (Method != "GET" || Header("Range") is not { } range || !range.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)) return null;
        var ends = range[6..].Split('-');
        if (ends.Length != 2) return null;
        long Number(string text) => text.Length == 0 ? -1 : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -2;
        var (first, last) = (Number(ends[0].Trim()), Number(ends[1].Trim()));
        return first == -2 || last == -2 || (first == -1 && last == -1) || (last >= 0 && first > last) ? null : (first, last);
    }
}
