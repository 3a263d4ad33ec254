using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>What bringing a workspace back would do, or did.</summary>
/// <param name="Moves">The paths that change, with what stands there and what will.</param>
/// <param name="Outside">Paths that somebody changed without Varve since; they are in the way.</param>
/// <param name="Lost">Contents that are wanted and no longer in the store, by path.</param>
/// <param name="Acts">The acts that are taken back, newest first.</param>
public sealed record Journey(IReadOnlyList<Move> Moves, IReadOnlyList<string> Outside, IReadOnlyList<string> Lost, IReadOnlyList<Act> Acts);

/// <summary>
/// Brings a workspace back to what it was, by the acts that its journal has. What somebody changed outside Varve is
/// never overwritten silently: it stands in the way, or is saved into the store first and recorded as an act of its own.
/// </summary>
internal sealed class TimeTravel(BlobStore store, DigestCache digests, LineageDatabase lineage)
{
    private const int MostLookedBack = 100_000;
    private readonly Journal journal = new(lineage);

    /// <summary>What taking back the last <paramref name="count"/> acts would do.</summary>
    public Journey Undo(string workspace, int count)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var acts = new List<Act>();
        foreach (var act in journal.Newest(workspace, MostLookedBack))
        {
            if (act.Kind == "undo") taken.Add(act.Of);
            else if (!taken.Contains(Journal.Name(act.Number)) && act.Kind != "outside") acts.Add(act);
            if (acts.Count == count) break;
        }
        return Plan(acts, static _ => true);
    }

    /// <summary>What bringing a workspace, or some paths of it, back to where an execution left it would do.</summary>
    public Journey Checkout(string workspace, Trace trace, IReadOnlyList<string> paths)
    {
        bool Wanted(string path) => paths.Count == 0 || paths.Any(p => View.IsWithin(path, p));
        var later = journal.After(workspace, journal.NumberOf(workspace, trace));
        var plan = Plan([.. later.Reverse()], Wanted);
        // Files that it left, and that no later act explains, may have been changed or removed by hand.
        var known = plan.Moves.Select(m => m.Path).ToHashSet(StringComparer.Ordinal);
        var moves = plan.Moves.ToList();
        foreach (var change in trace.Changes)
        {
            if (known.Contains(change.Path) || !Wanted(change.Path) || later.Any(a => a.Moves.Any(m => m.Path == change.Path))) continue;
            var (now, then) = (StateOf(change.Path), Left(change));
            if (now != then) moves.Add(new Move(change.Path, now, then));
        }
        return plan with { Moves = moves, Lost = [.. plan.Lost, .. Missing(moves.Skip(plan.Moves.Count))] };
    }

    /// <summary>Carries a plan out, and records it.</summary>
    /// <exception cref="StepRefusedException">A path cannot be changed.</exception>
    public void Carry(Journey journey, string workspace, string kind, string of)
    {
        var before = new List<Move>();
        foreach (var path in journey.Outside)
        {
            var was = journey.Acts.SelectMany(a => a.Moves).First(m => m.Path == path).After;
            var now = StateOf(path);
            if (now.Kind == 'f' && !store.Has(now.Content))
            {
                store.PutFile(path);
                lineage.AddSaved(path, now.Content, DateTimeOffset.UtcNow);
            }
            before.Add(new Move(path, was, now));
        }
        if (before.Count > 0) journal.Add(new Act { At = DateTimeOffset.UtcNow, Workspace = workspace, Kind = "outside", Of = "", Moves = before });
        var done = new List<Move>();
        try
        {
            // What goes, from the inside out; then what comes, from the outside in.
            foreach (var move in journey.Moves.Where(m => m.After.Kind == '-' || m.After.Kind != m.Before.Kind).OrderByDescending(m => m.Path, StringComparer.Ordinal))
                if (!Remove(move)) done.Add(move with { After = move.Before });
            foreach (var move in journey.Moves.Where(m => m.After.Kind != '-').OrderBy(m => m.Path, StringComparer.Ordinal)) Restore(move);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StepRefusedException($"the workspace could not be brought back all the way: {e.Message}; mend this and do it again", e);
        }
        var kept = done.Select(m => m.Path).ToHashSet(StringComparer.Ordinal);
        var moves = journey.Moves.Where(m => !kept.Contains(m.Path)).ToList();
        if (kind == "undo")
        {
            foreach (var act in journey.Acts) journal.Add(new Act { At = DateTimeOffset.UtcNow, Workspace = workspace, Kind = kind, Of = Journal.Name(act.Number), Moves = act == journey.Acts[^1] ? moves : [] });
        }
        else
        {
            journal.Add(new Act { At = DateTimeOffset.UtcNow, Workspace = workspace, Kind = kind, Of = of, Moves = moves });
        }
    }

    private Journey Plan(IReadOnlyList<Act> newestFirst, Func<string, bool> wanted)
    {
        // Of a path that several acts changed, the newest says what should stand there and the oldest what stood before.
        var paths = new Dictionary<string, (PathState Expected, PathState Target)>(StringComparer.Ordinal);
        foreach (var move in newestFirst.SelectMany(a => a.Moves.Reverse()))
        {
            if (!wanted(move.Path)) continue;
            paths[move.Path] = paths.TryGetValue(move.Path, out var known) ? (known.Expected, move.Before) : (move.After, move.Before);
        }
        var moves = new List<Move>();
        var outside = new List<string>();
        foreach (var (path, (expected, target)) in paths)
        {
            var now = StateOf(path);
            if (now == target) continue;
            if (now != expected) outside.Add(path);
            moves.Add(new Move(path, now, target));
        }
        return new Journey(moves, outside, [.. Missing(moves)], newestFirst);
    }

    private IEnumerable<string> Missing(IEnumerable<Move> moves) => moves.Where(m => m.After.Kind == 'f' && !store.Has(m.After.Content)).Select(m => m.Path);

    /// <summary>What a change left.</summary>
    public static PathState Left(Change change) => change.Kind switch
    {
        ChangeKind.Deleted => PathState.Nothing,
        ChangeKind.Directory => new('d', change.Permissions, default, ""),
        ChangeKind.Link => new('l', 0, default, change.Target),
        ChangeKind.Fifo => new('p', change.Permissions, default, ""),
        _ => new('f', change.Permissions, change.Digest, ""),
    };

    private PathState StateOf(string path) => StateOf(path, Files.Look(path), digests);

    /// <summary>What stands at a path now.</summary>
    public static PathState StateOf(string path, in FileStamp stamp, DigestCache digests) => stamp.Kind switch
    {
        FileKind.File => new('f', stamp.Permissions, digests.Of(path, stamp), ""),
        FileKind.Directory => new('d', stamp.Permissions, default, ""),
        FileKind.Link => new('l', 0, default, Files.LinkTarget(path) ?? ""),
        FileKind.Absent => PathState.Nothing,
        _ => new('p', stamp.Permissions, default, ""),
    };

    /// <summary>A folder that holds something else meanwhile stays.</summary>
    private static bool Remove(Move move)
    {
        if (move.Before.Kind == '-') return true;
        if (move.Before.Kind == 'd') return Files.RemoveDirectory(move.Path);
        Files.Remove(move.Path);
        return true;
    }

    private void Restore(Move move)
    {
        var (path, state) = (move.Path, move.After);
        Files.MakeDirectories(Files.Parent(path));
        switch (state.Kind)
        {
            case 'd':
                Files.MakeDirectories(path);
                Files.SetPermissions(path, state.Permissions);
                break;
            case 'l':
                Files.Remove(path);
                Files.SymbolicLink(state.Target, path);
                break;
            case 'p':
                Files.Remove(path);
                Files.MakeFifo(path, state.Permissions);
                break;
            default:
                store.Materialise(state.Content, path, state.Permissions, null);
                digests.Learn(path, Files.Look(path), state.Content, settled: true);
                break;
        }
    }
}
