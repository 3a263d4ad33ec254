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
    private const string Columns = "e.execution, e.step, e.started, e.elapsed, e.processor, e.peak, e.exit, e.not_reusable, e.document, e.block, e.element, e.host_set, o.data, e.outcome, e.number";
    private const string From = "FROM executions e JOIN sets o ON o.digest = e.own_set";
    private const int UsesAtOnce = 1024;
    private const int StepsAtOnce = 500;
    private readonly Lock access = new();
    private readonly Dictionary<Digest, ObservationSet> sets = [];
    private readonly Dictionary<Digest, StepKey> keys = [];
    private readonly Dictionary<Digest, List<Trace>> ahead = [];
    private readonly Dictionary<string, SqliteCommand> prepared = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Trace> traces = [];
    private readonly List<(string Execution, long At, Origin? Origin)> uses = [];
    private SqliteConnection? connection;
    private long knownVersion = -1;

    private SqliteConnection Connection => connection ??= LineageSchema.Open(home);

    /// <inheritdoc/>
    public void Add(Trace trace)
    {
        // Gone through twice rather than copied: a step may have looked for a million names.
        var own = trace.Observations.Where(o => IsOwn(o, trace.Key.Workspace));
        var count = own.Count();
        var ownData = TraceCodec.EncodeSet(own, count);
        var hostData = TraceCodec.EncodeSet(trace.Observations.Where(o => !IsOwn(o, trace.Key.Workspace)), trace.Observations.Count - count);
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

    /// <summary>What came from the network is an input as a file of the workspace is, and nothing that all steps share.</summary>
    private static bool IsOwn(in Observation item, string workspace) => item.Kind == ObservationKind.Fetched || View.IsWithin(item.Path, workspace);

    private void AddRows(Trace trace, IEnumerable<Observation> own, byte[] hostData, byte[] ownData, byte[] outcome)
    {
        var hostName = AddSet(hostData);
        var ownName = AddSet(ownData);
        Run("INSERT OR IGNORE INTO steps VALUES($1, $2, $3, $4)", trace.Step.Bytes.ToArray(), Printable(string.Join(' ', trace.Key.Command)), Printable(trace.Key.Directory), TraceCodec.EncodeKey(trace.Key));
        Run("INSERT INTO executions(execution, step, started, elapsed, processor, peak, exit, not_reusable, document, block, element, host_set, own_set, outcome) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)",
            trace.Execution, trace.Step.Bytes.ToArray(), trace.StartedAt.ToUnixTimeMilliseconds(), trace.Elapsed.TotalSeconds, trace.Processor.TotalSeconds, trace.PeakBytes,
            trace.ExitCode, trace.NotReusable, trace.Origin?.Document, trace.Origin?.Block, trace.Origin?.Element, hostName.Bytes.ToArray(), ownName.Bytes.ToArray(), outcome);
        var number = (long)Scalar("SELECT last_insert_rowid()")!;
        if (trace.Origin is { } origin && trace.ExitCode == 0) SetLatest(trace.Execution, origin);
        foreach (var item in own)
            if (SnapshotInputs.NameOf(item) is var content && content != default && item.Kind is ObservationKind.Content or ObservationKind.Status or ObservationKind.Fetched) Run("INSERT INTO reads VALUES($1,$2,$3)", number, Printable(item.Path), content.Bytes.ToArray());
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
        {
            // Written together: a document with nothing to do counts a thousand of them.
            uses.Add((execution, at.ToUnixTimeMilliseconds(), origin));
            if (uses.Count >= UsesAtOnce) WriteUses();
        }
    }

    private void WriteUses()
    {
        if (uses.Count == 0) return;
        Run("BEGIN IMMEDIATE");
        try
        {
            foreach (var (execution, at, origin) in uses)
            {
                Run("""
                    INSERT INTO uses SELECT number, $2, $3, $4, 1, $5 FROM executions WHERE execution = $1
                    ON CONFLICT DO UPDATE SET times = times + 1, last = max(last, excluded.last)
                    """, execution, origin?.Document ?? "", origin?.Block ?? "", origin?.Element ?? "", at);
                if (origin is not null) SetLatest(execution, origin);
            }
            uses.Clear();
            Run("COMMIT");
        }
        catch
        {
            Run("ROLLBACK");
            throw;
        }
    }

    private void SetLatest(string execution, Origin origin) => Run("""
        INSERT INTO latest SELECT $1, $2, $3, number FROM executions WHERE execution = $4
        ON CONFLICT DO UPDATE SET execution = excluded.execution WHERE execution <> excluded.execution
        """, origin.Document, origin.Block, origin.Element, execution);

    /// <inheritdoc/>
    public void AddFetch(Fetch fetch) => new Fetches(this).Add(fetch);

    /// <inheritdoc/>
    public Fetch? Fetched(Digest request) => new Fetches(this).Now(request);

    /// <inheritdoc/>
    public Fetch? Fetched(Digest request, Digest body) => new Fetches(this).With(request, body);

    /// <inheritdoc/>
    public void AddAct(Act act) => new Journal(this).Add(act);

    /// <inheritdoc/>
    public void AddSaved(string path, Digest content, DateTimeOffset at)
    {
        lock (access) Run("INSERT INTO saved VALUES($1,$2,$3)", Printable(path), content.Bytes.ToArray(), at.ToUnixTimeMilliseconds());
    }

    /// <inheritdoc/>
    public IReadOnlyList<Trace> Reusable(Digest step, int limit = 64, bool maybeStale = false)
    {
        lock (access)
        {
            if ((maybeStale || IsUnchanged()) && ahead.TryGetValue(step, out var loaded)) return loaded;
            return Read("WHERE e.step = $1 AND e.not_reusable = '' ORDER BY e.number DESC LIMIT $2", step.Bytes.ToArray(), limit);
        }
    }

    /// <inheritdoc/>
    public void LoadAhead(IReadOnlyCollection<Digest> steps)
    {
        AskTogether(() =>
        {
            IsUnchanged();
            foreach (var step in steps) ahead[step] = [];
            foreach (var part in steps.Chunk(StepsAtOnce))
            {
                var names = string.Join(',', Enumerable.Range(1, part.Length).Select(i => $"${i}"));
                foreach (var trace in Read($"WHERE e.step IN ({names}) AND e.not_reusable = '' ORDER BY e.number DESC", [.. part.Select(s => (object?)s.Bytes.ToArray())]))
                    ahead[trace.Step].Add(trace);
            }
            return true;
        });
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
    public IReadOnlyList<Trace> NewestOf(string document)
    {
        lock (access) WriteUses();
        return AskTogether(() =>
        {
            var origins = new List<(long Number, string Block, string Element)>();
            using (var reader = Query("SELECT execution, block, element FROM latest WHERE document = $1", document))
            {
                while (reader.Read()) origins.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
            }
            Read("WHERE e.number IN (SELECT execution FROM latest WHERE document = $1)", document);
            return (IReadOnlyList<Trace>)[.. origins.Where(o => traces.ContainsKey(o.Number)).Select(o => traces[o.Number] with { Origin = new Origin(document, o.Block, o.Element) })];
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<Trace> Writers(string path, Digest content)
    {
        lock (access) return Read("WHERE e.number IN (SELECT execution FROM writes WHERE path = $1 AND digest = $2) ORDER BY e.number DESC", Printable(path), content.Bytes.ToArray());
    }

    /// <summary>Executions that left this content under any name, newest first.</summary>
    public IReadOnlyList<Trace> WritersOf(Digest content, int limit)
    {
        lock (access) return Read("WHERE e.number IN (SELECT execution FROM writes WHERE digest = $1) ORDER BY e.number DESC LIMIT $2", content.Bytes.ToArray(), limit);
    }

    /// <summary>What SQLite finds wrong with the file; nothing when it is sound.</summary>
    internal IReadOnlyList<string> Problems() => Ask(() =>
    {
        var problems = new List<string>();
        using var row = Query("PRAGMA integrity_check");
        while (row.Read())
            if (row.GetString(0) is var text && text != "ok") problems.Add(text);
        return problems;
    });

    internal IReadOnlyList<Trace> Read(string condition, params object?[] values)
    {
        var rows = new List<(long Number, Trace? Bare, Digest Host, byte[] Own, byte[] Outcome)>();
        using (var reader = Query($"SELECT {Columns} {From} {condition}", values))
        {
            while (reader.Read())
            {
                var number = reader.GetInt64(14);
                rows.Add(traces.ContainsKey(number) ? (number, null, default, [], []) : (number, ReadRow(reader), new Digest((byte[])reader[11]), (byte[])reader[12], (byte[])reader[13]));
            }
        }
        var found = new List<Trace>(rows.Count);
        foreach (var (number, bare, host, own, outcome) in rows)
        {
            if (bare is not null)
            {
                traces[number] = TraceCodec.DecodeOutcome(outcome, bare with
                {
                    Key = Key(bare.Step),
                    Observations = new SplitObservations(Set(host), new ObservationSet(default, TraceCodec.DecodeSet(own))),
                });
            }
            found.Add(traces[number]);
        }
        return found;
    }

    private static Trace ReadRow(SqliteDataReader row) => new()
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

    private StepKey Key(Digest step)
    {
        if (keys.TryGetValue(step, out var known)) return known;
        return keys[step] = TraceCodec.DecodeKey((byte[])Scalar("SELECT key FROM steps WHERE step = $1", step.Bytes.ToArray())!);
    }

    private ObservationSet Set(Digest name)
    {
        if (sets.TryGetValue(name, out var known)) return known;
        return sets[name] = new ObservationSet(name, TraceCodec.DecodeSet((byte[])Scalar("SELECT data FROM sets WHERE digest = $1", name.Bytes.ToArray())!));
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

    /// <summary>As <see cref="Ask"/>, for thousands of small queries: the file is locked once for all of them.</summary>
    private T AskTogether<T>(Func<T> question) => Ask(() =>
    {
        Run("BEGIN");
        try
        {
            return question();
        }
        finally
        {
            Run("COMMIT");
        }
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (access) WriteUses();
        foreach (var command in prepared.Values) command.Dispose();
        connection?.Dispose();
    }
}
