using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>One execution, as a log has it: without what it observed.</summary>
/// <param name="Execution">The execution's id.</param>
/// <param name="Step">The step's id.</param>
/// <param name="StartedAt">Start, UTC.</param>
/// <param name="Elapsed">From start to end.</param>
/// <param name="ExitCode">Its exit status.</param>
/// <param name="NotReusable">Why it must not be reused; empty when it may be.</param>
/// <param name="Origin">Which block asked for it, if one did.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Directory">Where it started.</param>
/// <param name="Uses">How often it was reused since.</param>
public sealed record LogEntry(
    string Execution, Digest Step, DateTimeOffset StartedAt, TimeSpan Elapsed, int ExitCode, string NotReusable, Origin? Origin,
    IReadOnlyList<string> Command, string Directory, long Uses);

/// <summary>What a person named is not known, or names more than one thing.</summary>
public sealed class NotKnownException(string message) : Exception(message);

/// <summary>What ran when, and which execution a person means.</summary>
internal sealed class History(LineageDatabase lineage)
{
    private const int ShortestId = 4, ExecutionDigits = 32, DigestDigits = 64;

    /// <summary>The newest executions, newest first.</summary>
    public IReadOnlyList<LogEntry> Recent(int most) => lineage.Ask(() =>
    {
        var entries = new List<LogEntry>();
        using var row = lineage.Query("""
            SELECT e.execution, e.step, e.started, e.elapsed, e.exit, e.not_reusable, e.document, e.block, e.element, s.key,
                   (SELECT coalesce(sum(times), 0) FROM uses u WHERE u.execution = e.number)
            FROM executions e JOIN steps s ON s.step = e.step ORDER BY e.number DESC LIMIT $1
            """, most);
        while (row.Read())
        {
            var key = TraceCodec.DecodeKey((byte[])row[9]);
            entries.Add(new LogEntry(
                row.GetString(0), new Digest((byte[])row[1]), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), TimeSpan.FromSeconds(row.GetDouble(3)),
                row.GetInt32(4), row.GetString(5), row.IsDBNull(6) ? null : new Origin(row.GetString(6), row.GetString(7), row.IsDBNull(8) ? "" : row.GetString(8)),
                key.Command, key.Directory, row.GetInt64(10)));
        }
        return entries;
    });

    /// <summary>How often an execution was reused.</summary>
    public long Uses(string execution) => lineage.Ask(() =>
        (long)lineage.Scalar("SELECT coalesce(sum(u.times), 0) FROM uses u JOIN executions e ON e.number = u.execution WHERE e.execution = $1", execution)!);

    /// <summary>
    /// The execution a person means: by its id or the beginning of it; by its step's, then the newest; or by a file,
    /// then the newest that left it as it is now, else the newest that wrote it at all, else, for a published or moved
    /// file, the newest that wrote its content.
    /// </summary>
    /// <param name="name">What was said.</param>
    /// <param name="path">The same as an absolute path.</param>
    /// <exception cref="NotKnownException">Nothing is called so, or more than one thing is.</exception>
    public Trace Find(string name, string path) =>
        ById(name) ?? ByFile(path) ?? throw new NotKnownException($"nothing is known of {name}: it is no step, no execution, and no file that a step wrote; `varve log` lists what ran");

    /// <summary>By an id or the beginning of one; null when it cannot be an id or none begins so.</summary>
    public Trace? ById(string name)
    {
        var hex = (name.StartsWith("sha256:", StringComparison.Ordinal) ? name[7..] : name).ToLowerInvariant();
        if (hex.Length is < ShortestId or > DigestDigits || !hex.All(char.IsAsciiHexDigitLower)) return null;
        return lineage.Ask(() =>
        {
            var steps = Column("SELECT hex(step) FROM steps WHERE step BETWEEN $1 AND $2 LIMIT 5", Convert.FromHexString(hex.PadRight(DigestDigits, '0')), Convert.FromHexString(hex.PadRight(DigestDigits, 'f')));
            var executions = hex.Length > ExecutionDigits ? [] : Column("SELECT execution FROM executions WHERE execution BETWEEN $1 AND $2 LIMIT 5", hex, hex.PadRight(ExecutionDigits, 'f'));
            if (steps.Count + executions.Count > 1)
                throw new NotKnownException($"{name} is the beginning of several ids: {string.Join(", ", steps.Select(s => s.ToLowerInvariant()[..16]).Concat(executions))}; give more of it");
            if (executions is [var execution]) return lineage.Read("WHERE e.execution = $1", execution)[0];
            return steps is [var step] ? First(lineage.Read("WHERE e.step = $1 ORDER BY e.number DESC LIMIT 1", Convert.FromHexString(step))) : null;
        });
    }

    private Trace? ByFile(string path)
    {
        Digest? content = null;
        if (Files.Look(path) is { Kind: FileKind.File } stamp)
        {
            using var file = Files.OpenRead(path);
            var digest = BlobStore.HashOf(file);
            if (lineage.Writers(path, digest) is [var writer, ..]) return writer;
            // An empty file is not known by its content.
            if (stamp.Size > 0) content = digest;
        }
        return lineage.Ask(() => First(lineage.Read("WHERE e.number = (SELECT max(execution) FROM writes WHERE path = $1)", LineageDatabase.Printable(path))))
            ?? (content is { } bytes ? First(lineage.WritersOf(bytes, 1)) : null);
    }

    private static Trace? First(IReadOnlyList<Trace> traces) => traces.Count > 0 ? traces[0] : null;

    private List<string> Column(string sql, params object?[] values)
    {
        var texts = new List<string>();
        using var row = lineage.Query(sql, values);
        while (row.Read()) texts.Add(row.GetString(0));
        return texts;
    }
}
