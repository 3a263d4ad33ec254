using System.Globalization;
using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>What stands at a path, as far as it can be brought back.</summary>
/// <param name="Kind"><c>-</c> nothing, <c>f</c> file, <c>d</c> folder, <c>l</c> symbolic link, <c>p</c> FIFO.</param>
/// <param name="Permissions">Permission bits.</param>
/// <param name="Content">A file's bytes.</param>
/// <param name="Target">A link's target.</param>
public readonly record struct PathState(char Kind, int Permissions, Digest Content, string Target)
{
    /// <summary>Nothing is there.</summary>
    public static PathState Nothing { get; } = new('-', 0, default, "");

    /// <summary>As the database keeps it: the kind, then the permissions in octal or the target.</summary>
    internal string Text => Kind switch
    {
        '-' => "-",
        'l' => "l" + Target,
        _ => Kind + Convert.ToString(Permissions, 8),
    };

    internal static PathState Parse(string text, byte[]? digest) => text[0] switch
    {
        '-' => Nothing,
        'l' => new('l', 0, default, text[1..]),
        _ => new(text[0], Convert.ToInt32(text[1..], 8), digest is null ? default : new Digest(digest), ""),
    };
}

/// <summary>One path that an act changed.</summary>
/// <param name="Path">Absolute, on the host.</param>
/// <param name="Before">What stood there.</param>
/// <param name="After">What stands there since.</param>
public sealed record Move(string Path, PathState Before, PathState After);

/// <summary>One change of a workspace, all at once: what a step left there, or what was brought back.</summary>
public sealed record Act
{
    /// <summary>Its number; later acts have higher ones. 0 for one not yet recorded.</summary>
    public long Number { get; init; }
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }
    /// <summary>The workspace, absolute.</summary>
    public required string Workspace { get; init; }
    /// <summary><c>step</c>, <c>undo</c>, <c>checkout</c>, or <c>outside</c>: somebody changed files without Varve, which was noticed then.</summary>
    public required string Kind { get; init; }
    /// <summary>The execution whose changes were put in place; for an undo the number of the act it took back.</summary>
    public required string Of { get; init; }
    /// <summary>What changed, in the order of the changes.</summary>
    public required IReadOnlyList<Move> Moves { get; init; }
}

/// <summary>The acts of each workspace, in the database.</summary>
internal sealed class Journal(LineageDatabase lineage)
{
    /// <summary>Adds an act; all of it or nothing.</summary>
    public void Add(Act act) => lineage.Ask(() =>
    {
        lineage.Run("BEGIN IMMEDIATE");
        try
        {
            lineage.Run("INSERT INTO acts(at, workspace, kind, of) VALUES($1,$2,$3,$4)", act.At.ToUnixTimeMilliseconds(), PathText.Encode(act.Workspace), act.Kind, act.Of);
            var number = (long)lineage.Scalar("SELECT last_insert_rowid()")!;
            foreach (var move in act.Moves)
                lineage.Run("INSERT INTO moves VALUES($1,$2,$3,$4,$5,$6)", number, PathText.Encode(move.Path),
                    move.Before.Text, Bytes(move.Before.Content), move.After.Text, Bytes(move.After.Content));
            lineage.Run("COMMIT");
        }
        catch
        {
            lineage.Run("ROLLBACK");
            throw;
        }
        return true;
    });

    private static byte[]? Bytes(Digest digest) => digest == default ? null : digest.Bytes.ToArray();

    /// <summary>The newest acts of a workspace, newest first.</summary>
    public IReadOnlyList<Act> Newest(string workspace, int most) => Read("WHERE workspace = $1 ORDER BY number DESC LIMIT $2", PathText.Encode(workspace), most);

    /// <summary>The acts of a workspace after a number, oldest first.</summary>
    public IReadOnlyList<Act> After(string workspace, long number) => Read("WHERE workspace = $1 AND number > $2 ORDER BY number", PathText.Encode(workspace), number);

    /// <summary>The last act by which an execution's changes came into a workspace, or the last before it ended when they were there already; 0 when there is none.</summary>
    public long NumberOf(string workspace, Trace trace) => lineage.Ask(() =>
        (long)lineage.Scalar("SELECT coalesce(max(number), 0) FROM acts WHERE workspace = $1 AND kind = 'step' AND of = $2", PathText.Encode(workspace), trace.Execution)!
        is var own and > 0 ? own
        : (long)lineage.Scalar("SELECT coalesce(max(number), 0) FROM acts WHERE workspace = $1 AND at <= $2", PathText.Encode(workspace), (trace.StartedAt + trace.Elapsed).ToUnixTimeMilliseconds())!);

    private IReadOnlyList<Act> Read(string condition, params object?[] values) => lineage.Ask(() =>
    {
        var acts = new List<Act>();
        using (var row = lineage.Query($"SELECT number, at, workspace, kind, of FROM acts {condition}", values))
        {
            while (row.Read())
            {
                acts.Add(new Act
                {
                    Number = row.GetInt64(0),
                    At = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)),
                    Workspace = PathText.Decode((byte[])row[2]),
                    Kind = row.GetString(3),
                    Of = row.GetString(4),
                    Moves = [],
                });
            }
        }
        for (var i = 0; i < acts.Count; i++) acts[i] = acts[i] with { Moves = Moves(acts[i].Number) };
        return (IReadOnlyList<Act>)acts;
    });

    private List<Move> Moves(long act)
    {
        var moves = new List<Move>();
        using var row = lineage.Query("SELECT path, was, was_digest, became, became_digest FROM moves WHERE act = $1 ORDER BY rowid", act);
        while (row.Read())
            moves.Add(new Move(PathText.Decode((byte[])row[0]), PathState.Parse(row.GetString(1), row[2] as byte[]), PathState.Parse(row.GetString(3), row[4] as byte[])));
        return moves;
    }

    /// <summary>The number of an act that an undo names, as text.</summary>
    public static string Name(long number) => number.ToString(CultureInfo.InvariantCulture);
}
