using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <inheritdoc cref="ILineage"/>
internal sealed class LineageDatabase(VarveHome home) : ILineage, IDisposable
{
    private const string Columns = "e.execution, e.step, e.started, e.elapsed, e.processor, e.peak, e.exit, e.not_reusable, e.document, e.block, e.element, e.host_set, e.own_set, e.outcome, e.number";
    private const int StepsAtOnce = 500;
    private readonly Lock access = new();
    private readonly Dictionary<Digest, ObservationSet> sets = [];
    private readonly Dictionary<Digest, StepKey> keys = [];
    private readonly Dictionary<Digest, List<Trace>> ahead = [];
    private readonly Dictionary<string, SqliteCommand> prepared = new(StringComparer.Ordinal);
    private SqliteConnection? connection;
    private long knownVersion = -1;

    private SqliteConnection Connection => connection ??= LineageSchema.Open(home);

    /// <inheritdoc/>
    public void Add(Trace trace)
    {
        var own = trace.Observations.Where(o => View.IsWithin(o.Path, trace.Key.Workspace)).ToArray();
        var host = trace.Observations.Where(o => !View.IsWithin(o.Path, trace.Key.Workspace)).ToArray();
        var ownData = TraceCodec.EncodeSet(own);
        var hostData = TraceCodec.EncodeSet(host);
        var outcome = TraceCodec.EncodeOutcome(trace);
        lock (access)
        {
            Run("BEGIN IMMEDIATE");
            try
            {
                AddRows(trace, own, hostData, ownData, outcome);
                Run("COMMIT");
            }
            catch
            {
                Run("ROLLBACK");
                throw;
            }
            ahead.Remove(trace.Step);
        }
    }

    private void AddRows(Trace trace, Observation[] own, byte[] hostData, byte[] ownData, byte[] outcome)
    {
        var hostName = AddSet(hostData);
        var ownName = AddSet(ownData);
        Run("INSERT OR IGNORE INTO steps VALUES($1, $2, $3, $4)", trace.Step.Bytes.ToArray(), Printable(string.Join(' ', trace.Key.Command)), Printable(trace.Key.Directory), TraceCodec.EncodeKey(trace.Key));
        Run("INSERT INTO executions(execution, step, started, elapsed, processor, peak, exit, not_reusable, document, block, element, host_set, own_set, outcome) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)",
            trace.Execution, trace.Step.Bytes.ToArray(), trace.StartedAt.ToUnixTimeMilliseconds(), trace.Elapsed.TotalSeconds, trace.Processor.TotalSeconds, trace.PeakBytes,
            trace.ExitCode, trace.NotReusable, trace.Origin?.Document, trace.Origin?.Block, trace.Origin?.Element, hostName.Bytes.ToArray(), ownName.Bytes.ToArray(), outcome);
        var number = (long)Scalar("SELECT last_insert_rowid()")!;
        foreach (var item in own)
            if (item.Digest != default && item.Kind is ObservationKind.Content or ObservationKind.Status) Run("INSERT INTO reads VALUES($1,$2,$3)", number, Printable(item.Path), item.Digest.Bytes.ToArray());
        foreach (var change in trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes)
            Run("INSERT INTO writes VALUES($1,$2,$3,$4,$5,$6)", number, Printable(change.Path), Name(change.Kind), change.Kind == ChangeKind.File ? change.Digest.Bytes.ToArray() : null, change.Bytes, change.Permissions);
    }

    private Digest AddSet(byte[] data)
    {
        var name = Digest.Of(data);
        Run("INSERT OR IGNORE INTO sets VALUES($1, $2)", name.Bytes.ToArray(), data);
        return name;
    }

    private static string Name(ChangeKind kind) => kind switch
    {
        ChangeKind.File => "file",
        ChangeKind.Directory => "directory",
        ChangeKind.Link => "link",
        ChangeKind.Fifo => "fifo",
        _ => "deleted",
    };

    /// <summary>SQLite's text is UTF-8; a name that is not stands as its escapes, as people see them.</summary>
    internal static string Printable(string path) =>
        PathText.HasEscapes(path) ? Encoding.Latin1.GetString(PathText.Encode(path)) : path;

    /// <inheritdoc/>
    public void AddUse(string execution, DateTimeOffset at, Origin? origin)
    {
        lock (access)
            Run("INSERT INTO uses SELECT number, $2, $3, $4, $5 FROM executions WHERE execution = $1", execution, at.ToUnixTimeMilliseconds(), origin?.Document, origin?.Block, origin?.Element);
    }

    /// <inheritdoc/>
    public void AddSaved(string path, Digest content, DateTimeOffset at)
    {
        lock (access) Run("INSERT INTO saved VALUES($1,$2,$3)", Printable(path), content.Bytes.ToArray(), at.ToUnixTimeMilliseconds());
    }

    /// <inheritdoc/>
    public IReadOnlyList<Trace> Reusable(Digest step, int limit = 64)
    {
        lock (access)
        {
            if (IsUnchanged() && ahead.TryGetValue(step, out var loaded)) return loaded;
            return Read("WHERE e.step = $1 AND e.not_reusable = '' ORDER BY e.number DESC LIMIT $2", step.Bytes.ToArray(), limit);
        }
    }

    /// <inheritdoc/>
    public void LoadAhead(IReadOnlyCollection<Digest> steps)
    {
        lock (access)
        {
            IsUnchanged();
            foreach (var step in steps) ahead[step] = [];
            foreach (var part in steps.Chunk(StepsAtOnce))
            {
                var names = string.Join(',', Enumerable.Range(1, part.Length).Select(i => $"${i}"));
                foreach (var trace in Read($"WHERE e.step IN ({names}) AND e.not_reusable = '' ORDER BY e.number DESC", [.. part.Select(s => (object?)s.Bytes.ToArray())]))
                    ahead[trace.Step].Add(trace);
            }
        }
    }

    /// <summary>Whether no other process wrote to the database since the last look; else what was loaded ahead is dropped.</summary>
    private bool IsUnchanged()
    {
        var version = (long)Scalar("PRAGMA data_version")!;
        if (version == knownVersion) return true;
        knownVersion = version;
        ahead.Clear();
        return false;
    }

    /// <inheritdoc/>
    public Trace? Newest(Digest step)
    {
        lock (access) return Read("WHERE e.step = $1 ORDER BY e.number DESC LIMIT 1", step.Bytes.ToArray()) is [var newest, ..] ? newest : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Trace> NewestOf(string document, string block)
    {
        lock (access)
        {
            var newest = new Dictionary<string, (long At, long Number)>(StringComparer.Ordinal);
            using (var reader = Query("""
                SELECT element, started, number FROM executions WHERE document = $1 AND block = $2 AND not_reusable = ''
                UNION ALL SELECT element, at, execution FROM uses WHERE document = $1 AND block = $2
                """, document, block))
            {
                while (reader.Read())
                {
                    var element = reader.IsDBNull(0) ? "" : reader.GetString(0);
                    var found = (reader.GetInt64(1), reader.GetInt64(2));
                    if (!newest.TryGetValue(element, out var last) || last.At <= found.Item1) newest[element] = found;
                }
            }
            var traces = new List<Trace>(newest.Count);
            foreach (var part in newest.Values.Chunk(StepsAtOnce))
                traces.AddRange(Read($"WHERE e.number IN ({string.Join(',', part.Select(p => p.Number.ToString(CultureInfo.InvariantCulture)))})"));
            return traces;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Trace> Writers(string path, Digest content)
    {
        lock (access) return Read("WHERE e.number IN (SELECT execution FROM writes WHERE path = $1 AND digest = $2) ORDER BY e.number DESC", Printable(path), content.Bytes.ToArray());
    }

    internal IReadOnlyList<Trace> Read(string condition, params object?[] values)
    {
        var rows = new List<(Trace Bare, Digest Host, Digest Own, byte[] Outcome)>();
        using (var reader = Query($"SELECT {Columns} FROM executions e {condition}", values))
        {
            while (reader.Read()) rows.Add(ReadRow(reader));
        }
        var traces = new List<Trace>(rows.Count);
        foreach (var (bare, host, own, outcome) in rows)
        {
            traces.Add(TraceCodec.DecodeOutcome(outcome, bare with
            {
                Key = Key(bare.Step),
                Observations = new SplitObservations(Set(host, keep: true), Set(own, keep: false)),
            }));
        }
        return traces;
    }

    private static (Trace Bare, Digest Host, Digest Own, byte[] Outcome) ReadRow(SqliteDataReader row)
    {
        var trace = new Trace
        {
            Execution = row.GetString(0),
            Step = new Digest((byte[])row[1]),
            StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
            Elapsed = TimeSpan.FromSeconds(row.GetDouble(3)),
            Processor = TimeSpan.FromSeconds(row.GetDouble(4)),
            PeakBytes = row.GetInt64(5),
            ExitCode = row.GetInt32(6),
            NotReusable = row.GetString(7),
            Origin = row.IsDBNull(8) ? null : new Origin(row.GetString(8), row.GetString(9), row.IsDBNull(10) ? "" : row.GetString(10)),
            Key = null!,
            Observations = [],
            Changes = [],
        };
        return (trace, new Digest((byte[])row[11]), new Digest((byte[])row[12]), (byte[])row[13]);
    }

    private StepKey Key(Digest step)
    {
        if (keys.TryGetValue(step, out var known)) return known;
        return keys[step] = TraceCodec.DecodeKey((byte[])Scalar("SELECT key FROM steps WHERE step = $1", step.Bytes.ToArray())!);
    }

    private ObservationSet Set(Digest name, bool keep)
    {
        if (sets.TryGetValue(name, out var known)) return known;
        var set = new ObservationSet(name, TraceCodec.DecodeSet((byte[])Scalar("SELECT data FROM sets WHERE digest = $1", name.Bytes.ToArray())!));
        if (keep) sets[name] = set;
        return set;
    }

    private SqliteCommand Prepare(string sql, object?[] values)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = Connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 1; i <= values.Length; i++) command.Parameters.Add(new SqliteParameter($"${i.ToString(CultureInfo.InvariantCulture)}", null));
            prepared[sql] = command;
        }
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    internal SqliteDataReader Query(string sql, params object?[] values) => Prepare(sql, values).ExecuteReader();

    internal void Run(string sql, params object?[] values) => Prepare(sql, values).ExecuteNonQuery();

    internal object? Scalar(string sql, params object?[] values) => Prepare(sql, values).ExecuteScalar();

    /// <summary>Runs queries that belong together while no other thread uses the connection.</summary>
    internal T Ask<T>(Func<T> question)
    {
        lock (access) return question();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in prepared.Values) command.Dispose();
        connection?.Dispose();
    }
}
