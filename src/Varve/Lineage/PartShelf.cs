using Varve.Store;

namespace Varve.Lineage;

/// <summary>The parts of steps that are known (table `parts`, docs/lineage.md).</summary>
internal sealed class PartShelf(LineageDatabase lineage)
{
    private const int MostCandidates = 16;
    private HashSet<Digest>? some;

    /// <summary>Whether a part is known whose key, apart from what came through its standard input, has this digest.</summary>
    public bool KnowsSome(Digest key) => lineage.Ask(() =>
    {
        // Asked for each program that is started: the first time all are looked up.
        if (some is not null) return some.Contains(key);
        some = [];
        using var row = lineage.Query("SELECT DISTINCT some FROM parts");
        while (row.Read()) some.Add(new Digest((byte[])row[0]));
        return some.Contains(key);
    });

    /// <summary>What is known of a part, newest first. Only what a part has is filled in.</summary>
    public IReadOnlyList<(long Number, Trace Trace)> Known(Digest part) => lineage.Ask(() =>
    {
        var found = new List<(long, Trace)>();
        using var row = lineage.Query("SELECT number, seconds, observed, outcome FROM parts WHERE part = $1 ORDER BY number DESC LIMIT $2", part.Bytes.ToArray(), MostCandidates);
        while (row.Read())
            found.Add((row.GetInt64(0), TraceCodec.DecodeOutcome((byte[])row[3], References.Bare with { Elapsed = TimeSpan.FromSeconds(row.GetDouble(1)), Observations = TraceCodec.DecodeSet((byte[])row[2]) })));
        return found;
    });

    /// <summary>Keeps a part. One that is known with the same observations is not kept twice.</summary>
    public void Add(Digest someKey, Digest part, Trace trace) => lineage.Ask(() =>
    {
        var observed = TraceCodec.EncodeSet(trace.Observations);
        some?.Add(someKey);
        lineage.Run("DELETE FROM parts WHERE part = $1 AND observed = $2", part.Bytes.ToArray(), observed);
        lineage.Run("INSERT INTO parts(some, part, used, seconds, program, observed, outcome) VALUES($1, $2, $3, $4, $5, $6, $7)", someKey.Bytes.ToArray(), part.Bytes.ToArray(),
            trace.StartedAt.ToUnixTimeMilliseconds(), trace.Elapsed.TotalSeconds, LineageDatabase.Printable(trace.Key.Command[0]), observed, TraceCodec.EncodeOutcome(trace));
        return true;
    });

    /// <summary>Notes that a part was reused.</summary>
    public void Use(long number) => lineage.Ask(() =>
    {
        lineage.Run("UPDATE parts SET used = $2 WHERE number = $1", number, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        return true;
    });
}
