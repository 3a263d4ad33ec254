using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>What tells one request of the network from another: method, URL, the headers that an answer may depend on.</summary>
/// <param name="Method"><c>GET</c>, <c>HEAD</c>, <c>OPTIONS</c> or <c>POST</c>.</param>
/// <param name="Url">Absolute, as it was asked for.</param>
/// <param name="Headers">Lines <c>name: value</c>, sorted; what may be a secret does not stand there as it is.</param>
public sealed record FetchKey(string Method, string Url, IReadOnlyList<string> Headers)
{
    /// <summary>The SHA-256 of all three.</summary>
    public Digest Id()
    {
        var writer = new Canonical();
        writer.Add("varve fetch 1");
        writer.Add(Method);
        writer.Add(Url);
        writer.AddAll(Headers);
        return writer.Digest();
    }

    /// <summary>The request that an observation of the kind <see cref="ObservationKind.Fetched"/> tells of.</summary>
    public static FetchKey Of(in Observation observation)
    {
        var lines = observation.Detail.Split('\n');
        return new FetchKey(lines[0].Split(' ')[0], observation.Path, lines[1..]);
    }

    /// <summary>For people: the URL, and what else tells this request from a plain one of it.</summary>
    public string Words()
    {
        string[] more = [.. Method == "GET" ? [] : new[] { Method }, .. Headers.Where(static h => h.StartsWith("range:", StringComparison.Ordinal) || h.StartsWith("body:", StringComparison.Ordinal))];
        return more.Length == 0 ? Url : $"{Url} ({string.Join(", ", more)})";
    }
}

/// <summary>An answer of the network, as it is kept.</summary>
/// <param name="Key">What was asked.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Headers">The reason phrase, then the answer's headers, a line each.</param>
/// <param name="Body">The body's bytes, a blob; for HEAD those headers that tell of the body.</param>
/// <param name="At">When it came.</param>
public sealed record Fetch(FetchKey Key, int Status, string Headers, Digest Body, DateTimeOffset At)
{
    private const int FirstError = 400;

    /// <summary>Whether it says that there is no such thing: true today, and asked again the next time.</summary>
    public bool IsError => Status >= FirstError;

    /// <summary>The value of a header of the answer; null when it has none.</summary>
    public string? Header(string name)
    {
        foreach (var line in Headers.Split('\n').Skip(1))
            if (line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.OrdinalIgnoreCase)) return line[(name.Length + 1)..].Trim();
        return null;
    }

    /// <summary>The first line of an observation's detail: method, status and, of a redirection, where it leads.</summary>
    private string Summary => Header("Location") is { } target ? $"{Key.Method} {Status} {target}" : $"{Key.Method} {Status}";

    /// <summary>The answer as something a step learnt.</summary>
    internal Observation Observed() => new(Key.Url, ObservationKind.Fetched, Body, string.Join('\n', [Summary, .. Key.Headers]));
}

/// <summary>The answers in the database: of each request the one that holds now, and those that executions still count on.</summary>
internal sealed class Fetches(LineageDatabase lineage)
{
    private const string Columns = "SELECT method, url, asked, status, headers, body, at FROM fetches";

    /// <summary>Makes an answer the one that holds.</summary>
    public void Add(Fetch fetch) => lineage.Ask(() =>
    {
        var request = fetch.Key.Id().Bytes.ToArray();
        lineage.Run("BEGIN IMMEDIATE");
        try
        {
            lineage.Run("UPDATE fetches SET holds = 0 WHERE request = $1", request);
            lineage.Run("INSERT OR REPLACE INTO fetches VALUES($1, $2, $3, $4, $5, $6, $7, $8, 1)", request, fetch.Body.Bytes.ToArray(), fetch.Key.Method,
                fetch.Key.Url, string.Join('\n', fetch.Key.Headers), fetch.Status, fetch.Headers, fetch.At.ToUnixTimeMilliseconds());
            lineage.Run("COMMIT");
        }
        catch
        {
            lineage.Run("ROLLBACK");
            throw;
        }
        return 0;
    });

    /// <summary>The answer that holds; null when there is none.</summary>
    public Fetch? Now(Digest request) => Read($"{Columns} WHERE request = $1 AND holds = 1", request.Bytes.ToArray());

    /// <summary>The answer with that body, whether it holds now or not.</summary>
    public Fetch? With(Digest request, Digest body) => Read($"{Columns} WHERE request = $1 AND body = $2", request.Bytes.ToArray(), body.Bytes.ToArray());

    /// <summary>Forgets answers whose bytes are gone: they are asked for again.</summary>
    public void ForgetLost(Func<Digest, bool> isThere) => lineage.Ask(() =>
    {
        var bodies = new List<byte[]>();
        using (var row = lineage.Query("SELECT DISTINCT body FROM fetches"))
        {
            while (row.Read()) bodies.Add((byte[])row[0]);
        }
        foreach (var body in bodies)
            if (!isThere(new Digest(body))) lineage.Run("DELETE FROM fetches WHERE body = $1", body);
        return 0;
    });

    private Fetch? Read(string sql, params object?[] values) => lineage.Ask(() =>
    {
        using var row = lineage.Query(sql, values);
        if (!row.Read()) return null;
        var asked = row.GetString(2);
        return new Fetch(new FetchKey(row.GetString(0), row.GetString(1), asked.Length == 0 ? [] : asked.Split('\n')), row.GetInt32(3), row.GetString(4),
            new Digest((byte[])row[5]), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)));
    });
}
