using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>What follows the last byte of a transfer: compare, note on both sides, let go, tidy up.</summary>
internal sealed class Settlement(Side source, Side target, SyncOptions options, Transfer transfer)
{
    private readonly string _there = target.Peer(transfer.Target);
    private readonly string _here = source.Peer(transfer.Source);
    private IReadOnlyList<Snapshot> _theirs = transfer.Theirs;
    private Dataset? _state = transfer.TargetState;

    /// <summary>What a person should know, a line each.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Compares what came with what was sent.</summary>
    /// <exception cref="SnapshotException">Something is missing or different, or a keyless host has the key.</exception>
    public void Verify()
    {
        _theirs = target.Volumes.Snapshots([transfer.Target]);
        _state = target.Volumes.Find(transfer.Target) ?? throw new SnapshotException($"{target.Of(transfer.Target)} is not there although all of it was sent; look at the log of its host");
        var known = _theirs.ToDictionary(static s => s.Name, StringComparer.Ordinal);
        foreach (var sent in transfer.Brings)
        {
            if (!known.TryGetValue(sent.Name, out var came)) throw new SnapshotException($"{target.Of(transfer.Target)} does not have {sent.Name} although it was sent; look at the log of its host");
            if (came.Guid != sent.Guid) throw new SnapshotException($"{target.Of(came.FullName)} is not what {source.Of(sent.FullName)} is: their GUIDs differ. Destroy it there and sync again");
            if (transfer.Raw && sent.RawId != 0 && came.RawId != sent.RawId) throw new SnapshotException($"{target.Of(came.FullName)} did not come as it is encrypted at {source.Of(sent.FullName)}: roll it back to the last one that did, and sync again");
        }
        if (transfer.Raw && Guards.IsKeyless(target, transfer) && _state.Key != KeyState.Unavailable)
            throw new SnapshotException($"{target.Of(transfer.Target)} can be read on its host, which is marked as keyless: somebody has given it a key. Unload it there (zfs unload-key), and ask who");
    }

    private Snapshot? Newest => transfer.Brings.Count > 0 ? transfer.Brings[^1] : transfer.BaseSnapshot;

    private ulong NewestGuid => Newest?.Guid ?? transfer.BaseGuid;

    /// <summary>Writes on both sides what the other has.</summary>
    public void Note(bool fresh)
    {
        if (NewestGuid == 0) return;
        if (_state is { } state)
        {
            var own = transfer.Raw ? Notes.Raw : Notes.Plain;
            // A run that was stopped before this is made up for; but that both are equal makes nobody a replica of what is its own.
            var becomes = fresh || (state.Note(Notes.Source).Length == 0 && transfer.SourceState.Note(Notes.Source).Length == 0);
            if (becomes && ModeNotes.Own(state) != own) target.Volumes.SetNote(transfer.Target, Notes.Mode, ModeNotes.WithOwn(state, own));
            if (becomes && state.Note(Notes.Source) != _here) target.Volumes.SetNote(transfer.Target, Notes.Source, _here);
            if (PeerNotes.Of(state).GetValueOrDefault(_here) != NewestGuid) target.Volumes.SetNote(transfer.Target, Notes.Peers, PeerNotes.With(state, _here, NewestGuid));
        }
        if (fresh && transfer.SourceState.Note(Notes.Source) == _there) source.Volumes.SetNote(transfer.Source, Notes.Source, "");
        // Several targets may write to the same note of the source at once.
        lock (source.Volumes)
        {
            if (PeerNotes.Of(transfer.SourceState).GetValueOrDefault(_there) == NewestGuid) return;
            var now = source.Volumes.Find(transfer.Source) ?? transfer.SourceState;
            source.Volumes.SetNote(transfer.Source, Notes.Peers, PeerNotes.With(now, _there, NewestGuid));
        }
    }

    /// <summary>Leaves a cursor, and lets the holds go that only the transfer needed.</summary>
    public void Release(bool fresh)
    {
        if (Newest is { } newest && options.Cursor && source.Volumes.Abilities.HasFlag(Abilities.Bookmarks))
        {
            var cursor = SyncNames.Cursor(options.Identifier, _there, newest.Guid);
            if (transfer.Bookmarks.All(b => b.Name != cursor)) source.Volumes.MakeBookmark(transfer.Source, newest.Name, cursor);
            foreach (var old in transfer.Bookmarks.Where(b => b.Name != cursor && SyncNames.IsCursor(b.Name, options.Identifier, _there))) source.Volumes.DestroyBookmark(transfer.Source, old.Name);
        }
        if (options.KeepHold && fresh && Newest is { } last)
        {
            source.Volumes.Hold(transfer.Source, last.Name, SyncNames.LastingHold(options.Identifier, _there));
            target.Volumes.Hold(transfer.Target, last.Name, SyncNames.LastingHold(options.Identifier, _here));
        }
        Release(source, transfer.Source, fresh ? source.Volumes.Snapshots([transfer.Source]) : transfer.Ours, SyncNames.Hold(options.Identifier, _there), SyncNames.LastingHold(options.Identifier, _there));
        Release(target, transfer.Target, fresh ? target.Volumes.Snapshots([transfer.Target]) : transfer.Theirs, SyncNames.Hold(options.Identifier, _here), SyncNames.LastingHold(options.Identifier, _here));
    }

    /// <summary>Also what an earlier run that was stopped has left.</summary>
    private void Release(Side side, string dataset, IReadOnlyList<Snapshot> snapshots, string hold, string lasting)
    {
        List<Snapshot> held = [.. snapshots.Where(static s => s.Holds > 0)];
        if (held.Count == 0) return;
        var newest = Newest?.Name;
        foreach (var (fullName, tag) in side.Volumes.Tags(held))
        {
            var name = fullName[(dataset.Length + 1)..];
            if (tag == hold || (tag == lasting && name != newest)) side.Volumes.Release(dataset, name, tag);
        }
    }

    /// <summary>Destroys sync snapshots that nobody needs any more and, when an option says so, what the source does not have.</summary>
    /// <returns>What was destroyed on the target.</returns>
    public IReadOnlyList<string> Tidy(bool fresh)
    {
        if (!fresh && !options.DeleteTargetSnapshots) return [];
        if (!options.KeepSyncSnapshots && NewestGuid != 0)
        {
            lock (source.Volumes)
            {
                if (Unneeded(source, transfer.Source, transfer.SourceState) is { Count: > 0 } old) source.Volumes.Destroy(transfer.Source, [.. old.Select(static s => s.Name)]);
            }
        }
        var ours = transfer.Ours.Concat(transfer.Brings).Select(static s => s.Guid).ToHashSet();
        var needed = PeerNotes.Of(_state ?? new Dataset("")).Where(p => p.Key != _here).Select(static p => p.Value).ToHashSet();
        List<Snapshot> unwanted = [.. _theirs.Where(t => t.Guid != NewestGuid && !needed.Contains(t.Guid)
            && ((!options.KeepSyncSnapshots && SyncNames.IsOurs(t, options.Identifier)) || (options.DeleteTargetSnapshots && !ours.Contains(t.Guid))))];
        if (unwanted.Count == 0) return [];
        // Looked at again: what held it a moment ago may have been this transfer, and a policy may have been quicker.
        var free = target.Volumes.Snapshots([transfer.Target]).Where(static s => s.Holds == 0 && !s.HasClones).Select(static s => s.Guid).ToHashSet();
        unwanted.RemoveAll(s => !free.Contains(s.Guid));
        if (unwanted.Count > 0) target.Volumes.Destroy(transfer.Target, [.. unwanted.Select(static s => s.Name)]);
        return [.. unwanted.Select(s => target.Of(s.FullName))];
    }

    /// <summary>Old sync snapshots of this host that no peer has as its newest.</summary>
    private List<Snapshot> Unneeded(Side side, string dataset, Dataset state)
    {
        var old = transfer.Ours.Where(s => s.Guid != NewestGuid && SyncNames.IsOurs(s, options.Identifier)).ToList();
        if (old.Count == 0) return [];
        var peers = PeerNotes.Of(side.Volumes.Find(dataset) ?? state).Values.ToHashSet();
        var there = side.Volumes.Snapshots([dataset]).Where(static s => s.Holds == 0 && !s.HasClones).Select(static s => s.Guid).ToHashSet();
        return [.. old.Where(s => !peers.Contains(s.Guid) && there.Contains(s.Guid))];
    }
}
