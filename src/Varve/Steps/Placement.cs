using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>
/// Puts what a step left different in place, each name by a rename: folders first, then what they hold. What stands
/// there already is left alone, and a person's own file is saved into the store before it is replaced.
/// </summary>
internal sealed class Placement(BlobStore store, DigestCache digests, ILineage lineage, StateCheck state)
{
    /// <summary>When the last name was put in place by this process, on the clock that stamps files.</summary>
    public static long LastPlacedNs => Interlocked.Read(ref lastPlacedNs);
    private static long lastPlacedNs;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte> swept = new(StringComparer.Ordinal);

    /// <param name="changes">The changes, parents first.</param>
    /// <param name="places">Where they belong.</param>
    /// <param name="times">The time stamps the step gave its files; those of a reused execution are now.</param>
    /// <param name="workspace">The workspace on the host, whose journal gets what changed in it.</param>
    /// <param name="execution">The execution whose changes they are.</param>
    public void Put(IReadOnlyList<Change> changes, Places places, IReadOnlyDictionary<string, long>? times, string workspace, string execution)
    {
        var closed = new Dictionary<string, int>(StringComparer.Ordinal);
        var moves = new List<Move>();
        try
        {
            Put(changes, places, times, closed, moves);
        }
        finally
        {
            foreach (var (folder, permissions) in closed) Files.SetPermissions(folder, permissions);
            moves.RemoveAll(m => !View.IsWithin(m.Path, workspace) || m.Before == m.After);
            if (moves.Count > 0) lineage.AddAct(new Act { At = DateTimeOffset.UtcNow, Workspace = workspace, Kind = "step", Of = execution, Moves = moves });
        }
    }

    private void Put(IReadOnlyList<Change> changes, Places places, IReadOnlyDictionary<string, long>? times, Dictionary<string, int> closed, List<Move> moves)
    {
        foreach (var change in changes)
        {
            var outside = places.Outside(change.Path);
            var stamp = Files.Look(outside);
            if (state.IsInPlace(change, outside, stamp) && !change.Replaced)
            {
                // A file that was written again with the same bytes is as new for `make` as one that changed.
                if (times is not null && times.TryGetValue(change.Path, out var time) && change.Kind == ChangeKind.File && stamp.ModifiedNs != time)
                    Touch(change, outside, time);
                continue;
            }
            var before = moves.Count;
            SaveWhatStandsThere(change, outside, stamp, moves);
            OpenFolder(Files.Parent(outside), closed);
            PutOne(change, places, outside, stamp, times);
            if (change.Kind == ChangeKind.Directory) closed.Remove(outside);
            // What was saved in a folder that went away is gone; the path itself is what the change left.
            if (moves.Count == before || moves[^1].Path != outside) moves.Add(new Move(outside, stamp.Kind == FileKind.Directory ? new PathState('d', stamp.Permissions, default, "") : PathState.Nothing, default));
            moves[^1] = moves[^1] with { After = TimeTravel.Left(change) };
        }
        if (moves.Count > 0) Interlocked.Exchange(ref lastPlacedNs, Files.CoarseNow());
    }

    /// <summary>A folder that its owner may not write is opened until everything is in place.</summary>
    private static void OpenFolder(string folder, Dictionary<string, int> closed)
    {
        const int ownersAll = 0x1C0;
        if (Libc.geteuid() == 0) return;
        var stamp = Files.Look(folder);
        if (stamp.Kind != FileKind.Directory || stamp.Owner != Libc.geteuid() || (stamp.Permissions & ownersAll) == ownersAll) return;
        closed.TryAdd(folder, stamp.Permissions);
        Files.SetPermissions(folder, stamp.Permissions | ownersAll);
    }

    private void Touch(Change change, string outside, long time)
    {
        Files.SetModified(outside, time);
        digests.Learn(outside, Files.Look(outside), change.Digest, settled: true);
    }

    private void PutOne(Change change, Places places, string outside, in FileStamp stamp, IReadOnlyDictionary<string, long>? times)
    {
        switch (change.Kind)
        {
            case ChangeKind.Deleted:
                Files.RemoveTree(outside);
                return;
            case ChangeKind.Directory:
                if (change.Replaced || (stamp.Exists && stamp.Kind != FileKind.Directory)) Files.RemoveTree(outside);
                Files.MakeDirectories(Files.Parent(outside));
                Files.MakeDirectory(outside);
                Files.SetPermissions(outside, change.Permissions);
                return;
        }
        if (stamp.Kind == FileKind.Directory) Files.RemoveTree(outside);
        Files.MakeDirectories(Files.Parent(outside));
        if (swept.TryAdd(Files.Parent(outside), 0)) Temporaries.RemoveLeftovers(Files.Parent(outside));
        var temporary = Temporaries.Beside(outside);
        switch (change.Kind)
        {
            case ChangeKind.Link:
                Files.SymbolicLink(change.Target, temporary);
                Files.Rename(temporary, outside);
                break;
            case ChangeKind.Fifo:
                Files.MakeFifo(temporary, change.Permissions);
                Files.Rename(temporary, outside);
                break;
            default:
                if (change.SameFileAs.Length > 0)
                {
                    Files.HardLink(places.Outside(change.SameFileAs), temporary);
                    Files.Rename(temporary, outside);
                }
                else
                {
                    long? time = times is not null && times.TryGetValue(change.Path, out var given) ? given : null;
                    store.Materialise(change.Digest, outside, change.Permissions, time);
                }
                digests.Learn(outside, Files.Look(outside), change.Digest, settled: true);
                break;
        }
    }

    /// <summary>Keeps what would be lost, and tells what it was.</summary>
    private void SaveWhatStandsThere(Change change, string outside, in FileStamp stamp, List<Move> moves)
    {
        if (stamp.Kind == FileKind.Directory && change.Kind is ChangeKind.Deleted or ChangeKind.Directory or ChangeKind.File)
        {
            if (change.Kind == ChangeKind.Directory && !change.Replaced) return;
            foreach (var entry in Files.List(outside) ?? [])
                SaveWhatStandsThere(change with { Kind = ChangeKind.Deleted }, $"{outside}/{entry.Name}", Files.Look($"{outside}/{entry.Name}"), moves);
            moves.Add(new Move(outside, TimeTravel.StateOf(outside, stamp, digests), PathState.Nothing));
            return;
        }
        if (stamp.Kind != FileKind.File)
        {
            moves.Add(new Move(outside, TimeTravel.StateOf(outside, stamp, digests), PathState.Nothing));
            return;
        }
        try
        {
            var digest = digests.Of(outside, stamp);
            moves.Add(new Move(outside, new PathState('f', stamp.Permissions, digest, ""), PathState.Nothing));
            if (store.Has(digest)) return;
            store.PutFile(outside);
            lineage.AddSaved(outside, digest, DateTimeOffset.UtcNow);
        }
        catch (Exception e) when (e is UnauthorizedAccessException)
        {
            throw new StepRefusedException($"{outside} would be replaced and cannot be read to be saved first; change its mode or move it away", e);
        }
    }
}
