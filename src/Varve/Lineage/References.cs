using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>An execution with the blobs it counts on.</summary>
internal sealed record Holder
{
    /// <summary>Its number; of a part of a step, the part's with a minus.</summary>
    public required long Number { get; init; }
    public required string Execution { get; init; }
    /// <summary>The document that asked for it, else its program.</summary>
    public required string Owner { get; init; }
    /// <summary>How long it took.</summary>
    public required double Seconds { get; init; }
    /// <summary>When it ran or was last reused, milliseconds since 1970.</summary>
    public required long LastUsed { get; init; }
    /// <summary>The contents of the files it wrote.</summary>
    public required IReadOnlyList<Digest> Results { get; init; }
    /// <summary>What it said.</summary>
    public required Digest Transcript { get; init; }
    /// <summary>The state it left to the next command of a shell.</summary>
    public required Digest ShellState { get; init; }
    /// <summary>What it read from standard input.</summary>
    public required Digest Input { get; init; }
    /// <summary>The sets of what it observed, which name the listings it saw.</summary>
    public required IReadOnlyList<Digest> Sets { get; init; }
}

/// <summary>Which blobs the lineage counts on, and for what.</summary>
internal sealed class References
{
    private References(IReadOnlyList<Holder> holders, Dictionary<Digest, Digest[]> listings, Dictionary<Digest, Digest[]> fetched, HashSet<Digest> pinned, HashSet<Digest> saved) =>
        (Holders, Listings, Fetched, Pinned, Saved) = (holders, listings, fetched, pinned, saved);

    /// <summary>Every execution.</summary>
    public IReadOnlyList<Holder> Holders { get; }
    /// <summary>The listings that a set of observations names.</summary>
    public IReadOnlyDictionary<Digest, Digest[]> Listings { get; }
    /// <summary>What came from the network, by the set of observations that names it.</summary>
    public IReadOnlyDictionary<Digest, Digest[]> Fetched { get; }
    /// <summary>Contents that a person wants to keep.</summary>
    public IReadOnlySet<Digest> Pinned { get; }
    /// <summary>Contents of files that were a person's own before a step overwrote them.</summary>
    public IReadOnlySet<Digest> Saved { get; }

    /// <summary>Reads all of them.</summary>
    public static References Load(LineageDatabase lineage) => lineage.Ask(() =>
    {
        var holders = new List<Holder>();
        using (var row = lineage.Query("""
            SELECT e.number, e.execution, e.document, s.command, e.elapsed, e.started, (SELECT max(last) FROM uses u WHERE u.execution = e.number), e.outcome, e.host_set, e.own_set
            FROM executions e JOIN steps s ON s.step = e.step
            """))
        {
            while (row.Read())
            {
                var trace = TraceCodec.DecodeOutcome((byte[])row[7], Bare);
                holders.Add(new Holder
                {
                    Number = row.GetInt64(0),
                    Execution = row.GetString(1),
                    Owner = row.IsDBNull(2) ? row.GetString(3).Split(' ')[0] : row.GetString(2),
                    Seconds = row.GetDouble(4),
                    LastUsed = Math.Max(row.GetInt64(5), row.IsDBNull(6) ? 0 : row.GetInt64(6)),
                    Results = [.. (trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes).Where(static c => c.Kind == ChangeKind.File).Select(static c => c.Digest).Distinct()],
                    Transcript = trace.Transcript,
                    ShellState = trace.ShellState,
                    Input = trace.Input.Kind == StandardInput.Part ? default : trace.Input.Digest,
                    Sets = [new Digest((byte[])row[8]), new Digest((byte[])row[9])],
                });
            }
        }
        var (listings, fetched) = (new Dictionary<Digest, Digest[]>(), new Dictionary<Digest, Digest[]>());
        using (var row = lineage.Query("SELECT number, program, seconds, used, outcome, observed FROM parts"))
        {
            while (row.Read())
            {
                var trace = TraceCodec.DecodeOutcome((byte[])row[4], Bare);
                var set = Digest.Of((byte[])row[5]);
                listings[set] = [.. TraceCodec.DecodeSet((byte[])row[5]).Where(static o => o.Kind == ObservationKind.Listing).Select(static o => o.Digest).Distinct()];
                holders.Add(new Holder
                {
                    Number = -row.GetInt64(0),
                    Execution = "",
                    Owner = $"inside: {row.GetString(1)}",
                    Seconds = row.GetDouble(2),
                    LastUsed = row.GetInt64(3),
                    Results = [.. trace.Changes.Where(static c => c.Kind == ChangeKind.File).Select(static c => c.Digest).Distinct()],
                    Transcript = trace.Transcript,
                    ShellState = default,
                    Input = default,
                    Sets = [set],
                });
            }
        }
        using (var row = lineage.Query("SELECT digest, data FROM sets"))
        {
            while (row.Read())
            {
                var (name, set) = (new Digest((byte[])row[0]), TraceCodec.DecodeSet((byte[])row[1]));
                Digest[] Of(ObservationKind kind) => [.. set.Where(o => o.Kind == kind).Select(static o => o.Digest).Distinct()];
                listings[name] = Of(ObservationKind.Listing);
                fetched[name] = Of(ObservationKind.Fetched);
            }
        }
        return new References(holders, listings, fetched, Digests(lineage, "SELECT digest FROM pins"), Digests(lineage, "SELECT digest FROM saved"));
    });

    /// <summary>Everything an execution counts on.</summary>
    public IEnumerable<Digest> BlobsOf(Holder holder) =>
        holder.Results.Append(holder.Transcript).Append(holder.Input).Append(holder.ShellState).Concat(holder.Sets.SelectMany(s => Listings.GetValueOrDefault(s, []).Concat(Fetched.GetValueOrDefault(s, [])))).Where(static d => d != default);

    private static HashSet<Digest> Digests(LineageDatabase lineage, string sql)
    {
        var all = new HashSet<Digest>();
        using var row = lineage.Query(sql);
        while (row.Read()) all.Add(new Digest((byte[])row[0]));
        return all;
    }

    /// <summary>An execution of which nothing is known yet.</summary>
    internal static Trace Bare => new()
    {
        Execution = "",
        Key = null!,
        Step = default,
        Observations = [],
        Changes = [],
        ExitCode = 0,
        StartedAt = default,
        Elapsed = default,
        Processor = default,
        PeakBytes = 0,
    };
}
