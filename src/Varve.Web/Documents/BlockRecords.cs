using Varve.Lineage;

namespace Varve.Web.Documents;

/// <summary>What the lineage knows of a block, without what its steps observed.</summary>
internal sealed record BlockRecord
{
    /// <summary>How many elements of it ended well at some time.</summary>
    public int Elements { get; init; }
    /// <summary>The time that running them took, together.</summary>
    public TimeSpan Elapsed { get; init; }
    /// <summary>When the last of them started.</summary>
    public DateTimeOffset? LastRun { get; init; }
    /// <summary>The execution of the last of them.</summary>
    public string LastExecution { get; init; } = "";
    /// <summary>Executions that failed, and whose element has not ended well since.</summary>
    public IReadOnlyList<(string Execution, string Element, int ExitCode)> Failed { get; init; } = [];
}

/// <summary>Asks the lineage of a document's blocks.</summary>
internal static class BlockRecords
{
    public static Dictionary<string, BlockRecord> Of(LineageDatabase lineage, string document) => lineage.Ask(() =>
    {
        var records = new Dictionary<string, BlockRecord>(StringComparer.Ordinal);
        using (var row = lineage.Query("SELECT l.block, count(*), sum(e.elapsed), max(e.started), max(e.execution) FROM latest l JOIN executions e ON e.number = l.execution WHERE l.document = $1 GROUP BY l.block", document))
        {
            while (row.Read())
                records[row.GetString(0)] = new BlockRecord { Elements = row.GetInt32(1), Elapsed = TimeSpan.FromSeconds(row.GetDouble(2)), LastRun = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), LastExecution = row.GetString(4) };
        }
        using (var row = lineage.Query("""
            SELECT e.block, e.execution, coalesce(e.element, ''), e.exit FROM executions e
            LEFT JOIN latest l ON l.document = e.document AND l.block = e.block AND l.element = coalesce(e.element, '')
            WHERE e.document = $1 AND e.exit <> 0 AND (l.execution IS NULL OR l.execution < e.number) ORDER BY e.number DESC LIMIT 500
            """, document))
        {
            var seen = new HashSet<(string, string)>();
            while (row.Read())
            {
                var (block, element) = (row.GetString(0), row.GetString(2));
                if (!seen.Add((block, element))) continue;
                var record = records.GetValueOrDefault(block, new BlockRecord());
                records[block] = record with { Failed = [.. record.Failed, (row.GetString(1), element, row.GetInt32(3))] };
            }
        }
        return records;
    });

    /// <summary>The executions in which the block's elements last ended well.</summary>
    public static IReadOnlyList<string> Executions(LineageDatabase lineage, string document, string block) => lineage.Ask(() =>
    {
        var executions = new List<string>();
        using var row = lineage.Query("SELECT e.execution FROM latest l JOIN executions e ON e.number = l.execution WHERE l.document = $1 AND l.block = $2", document, block);
        while (row.Read()) executions.Add(row.GetString(0));
        return executions;
    });

    /// <summary>What the block's elements wrote when they last ended well, by element.</summary>
    public static IReadOnlyList<string> Outputs(LineageDatabase lineage, string document, string block, int most) => lineage.Ask(() =>
    {
        var paths = new List<string>();
        using var row = lineage.Query("""
            SELECT DISTINCT w.path FROM latest l JOIN writes w ON w.execution = l.execution
            WHERE l.document = $1 AND l.block = $2 AND w.kind = 'file' ORDER BY w.path LIMIT $3
            """, document, block, most);
        while (row.Read()) paths.Add(row.GetString(0));
        return paths;
    });
}
