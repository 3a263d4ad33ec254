using Varve.Store;

namespace Varve.Lineage;

/// <summary>Which executions are meant.</summary>
internal sealed record HistoryFilter
{
    /// <summary>Those that started in this folder or below; empty for all.</summary>
    public string Folder { get; init; } = "";
    /// <summary>Those whose command, document, block or element contains it.</summary>
    public string Text { get; init; } = "";
    /// <summary><c>failed</c>, <c>reused</c> (since), <c>once</c> (it may not be); anything else for all.</summary>
    public string State { get; init; } = "";
    /// <summary>Started at this time or later.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Started before this time.</summary>
    public DateTimeOffset? To { get; init; }
    /// <summary>Those with a smaller number, to go on after a page.</summary>
    public long Before { get; init; } = long.MaxValue;
}

/// <summary>An execution, and its number in the database to go on from.</summary>
internal sealed record HistoryEntry(long Number, LogEntry Entry);

/// <summary>What executions cost, and what reusing them saved.</summary>
/// <param name="Executions">How many.</param>
/// <param name="Spent">The time they took.</param>
/// <param name="Uses">How often they were reused.</param>
/// <param name="Saved">The time that running them again would have taken.</param>
internal sealed record HistoryTotals(long Executions, TimeSpan Spent, long Uses, TimeSpan Saved);

/// <summary>Searches the log.</summary>
internal sealed class HistorySearch(LineageDatabase lineage)
{
    private const string Uses = "(SELECT coalesce(sum(u.times), 0) FROM uses u WHERE u.execution = e.number)";

    private const string Condition = """
        FROM executions e JOIN steps s ON s.step = e.step
        WHERE ($1 = '' OR s.directory = $1 OR substr(s.directory, 1, length($1) + 1) = $1 || '/')
          AND ($2 = '' OR instr(lower(s.command || ' ' || coalesce(e.document, '') || ' ' || coalesce(e.block, '') || ' ' || coalesce(e.element, '')), lower($2)) > 0)
          AND ($3 <> 'failed' OR e.exit <> 0)
          AND ($3 <> 'once' OR e.not_reusable <> '')
          AND ($3 <> 'reused' OR EXISTS (SELECT 1 FROM uses u WHERE u.execution = e.number))
          AND e.started >= $4 AND e.started < $5
        """;

    /// <summary>The newest that are meant, newest first.</summary>
    public IReadOnlyList<HistoryEntry> Find(HistoryFilter filter, int most) => lineage.Ask(() =>
    {
        var entries = new List<HistoryEntry>();
        using var row = lineage.Query($"SELECT e.execution, e.step, e.started, e.elapsed, e.exit, e.not_reusable, e.document, e.block, e.element, s.key, {Uses}, e.number {Condition} AND e.number < $6 ORDER BY e.number DESC LIMIT $7",
            [.. Values(filter), filter.Before, most]);
        while (row.Read())
        {
            var key = TraceCodec.DecodeKey((byte[])row[9]);
            entries.Add(new HistoryEntry(row.GetInt64(11), new LogEntry(
                row.GetString(0), new Digest((byte[])row[1]), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), TimeSpan.FromSeconds(row.GetDouble(3)),
                row.GetInt32(4), row.GetString(5), row.IsDBNull(6) ? null : new Origin(row.GetString(6), row.GetString(7), row.IsDBNull(8) ? "" : row.GetString(8)),
                key.Command, key.Directory, row.GetInt64(10))));
        }
        return entries;
    });

    /// <summary>What all that are meant cost and saved.</summary>
    public HistoryTotals Totals(HistoryFilter filter) => lineage.Ask(() =>
    {
        using var row = lineage.Query($"SELECT count(*), coalesce(sum(e.elapsed), 0.0), coalesce(sum({Uses}), 0), coalesce(sum(e.elapsed * {Uses}), 0.0) {Condition}", Values(filter));
        row.Read();
        return new HistoryTotals(row.GetInt64(0), TimeSpan.FromSeconds(row.GetDouble(1)), row.GetInt64(2), TimeSpan.FromSeconds(row.GetDouble(3)));
    });

    private static object?[] Values(HistoryFilter filter) =>
        [LineageDatabase.Printable(filter.Folder), LineageDatabase.Printable(filter.Text), filter.State, filter.From?.ToUnixTimeMilliseconds() ?? 0L, filter.To?.ToUnixTimeMilliseconds() ?? long.MaxValue];
}
