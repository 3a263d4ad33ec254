using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>One side of a dataset after its transfer.</summary>
/// <param name="State">The dataset; null when it is not there.</param>
/// <param name="Snapshots">Its snapshots.</param>
/// <param name="Tags">What holds them: full name and tag.</param>
internal sealed record SettledSide(Dataset? State, IReadOnlyList<Snapshot> Snapshots, IReadOnlyList<(string FullName, string Tag)> Tags);

/// <summary>What follows the last byte of a transfer: compare, note on both sides, let go, tidy up. It says what is to be done; a lot of them is done in a few calls.</summary>
/// <param name="source">The source.</param>
/// <param name="target">The target.</param>
/// <param name="options">How.</param>
/// <param name="transfer">What was done.</param>
/// <param name="fresh">Whether streams were sent; else a run is made up for that was stopped after its last byte.</param>
/// <param name="here">The source, as it is now.</param>
/// <param name="there">The target, as it is now.</param>
internal sealed class Settlement(Side source, Side target, SyncOptions options, Transfer transfer, bool fresh, SettledSide here, SettledSide there)
{
    private readonly string _there = target.Peer(transfer.Target);
    private readonly string _here = source.Peer(transfer.Source);

    /// <summary>What a person should know, a line each.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>What was destroyed on the target.</summary>
    public List<string> Destroyed { get; } = [];

    /// <summary>Compares what came with what was sent.</summary>
    /// <exception cref="SnapshotException">Something is missing or different, or a keyless host has the key.</exception>
    public void Verify()
    {
        var state = there.State ?? throw new SnapshotException($"{target.Of(transfer.Target)} is not there although all of it was sent; look at the log of its host");
        var known = there.Snapshots.ToDictionary(static s => s.Name, StringComparer.Ordinal);
        foreach (var sent in transfer.Brings)
        {
            if (!known.TryGetValue(sent.Name, out var came)) throw new SnapshotException($"{target.Of(transfer.Target)} does not have {sent.Name} although it was sent; look at the log of its host");
            if (came.Guid != sent.Guid) throw new SnapshotException($"{target.Of(came.FullName)} is not what {source.Of(sent.FullName)} is: their GUIDs differ. Destroy it there and sync again");
            if (transfer.Raw && sent.RawId != 0 && came.RawId != sent.RawId) throw new SnapshotException($"{target.Of(came.FullName)} did not come as it is encrypted at {source.Of(sent.FullName)}: roll it back to the last one that did, and sync again");
        }
        if (transfer.Raw && Guards.IsKeyless(target, transfer) && state.Key != KeyState.Unavailable)
            throw new SnapshotException($"{target.Of(transfer.Target)} can be read on its host, which is marked as keyless: somebody has given it a key. Unload it there (zfs unload-key), and ask who");
    }

    private Snapshot? Newest => transfer.Brings.Count > 0 ? transfer.Brings[^1] : transfer.BaseSnapshot;

    private ulong NewestGuid => Newest?.Guid ?? transfer.BaseGuid;

    /// <summary>What is noted and let go at the target.</summary>
    public IEnumerable<VolumeChange> TargetChanges()
    {
        VolumeChange Note(string note, string value) => new(ChangeKind.Note, transfer.Target, note, value);
        if (NewestGuid != 0 && there.State is { } state)
        {
            var own = transfer.Raw ? Notes.Raw : Notes.Plain;
            // A run that was stopped before this is made up for; but that both are equal makes nobody a replica of what is its own.
            var becomes = fresh || (state.Note(Notes.Source).Length == 0 && transfer.SourceState.Note(Notes.Source).Length == 0);
            if (becomes && ModeNotes.Own(state) != own) yield return Note(Notes.Mode, ModeNotes.WithOwn(state, own));
            if (becomes && state.Note(Notes.Source) != _here) yield return Note(Notes.Source, _here);
            if (PeerNotes.Of(state).GetValueOrDefault(_here) != NewestGuid) yield return Note(Notes.Peers, PeerNotes.With(state, _here, NewestGuid));
        }
        if (options.KeepHold && fresh && Newest is { } last) yield return new VolumeChange(ChangeKind.Hold, transfer.Target, last.Name, SyncNames.LastingHold(options.Identifier, _here));
        foreach (var change in Releases(transfer.Target, there.Tags, SyncNames.Hold(options.Identifier, _here), SyncNames.LastingHold(options.Identifier, _here))) yield return change;
    }

    /// <summary>What is noted, marked for the next sync, and let go at the source.</summary>
    public IEnumerable<VolumeChange> SourceChanges()
    {
        var now = here.State ?? transfer.SourceState;
        if (fresh && now.Note(Notes.Source) == _there) yield return new VolumeChange(ChangeKind.Note, transfer.Source, Notes.Source);
        if (NewestGuid != 0 && PeerNotes.Of(now).GetValueOrDefault(_there) != NewestGuid) yield return new VolumeChange(ChangeKind.Note, transfer.Source, Notes.Peers, PeerNotes.With(now, _there, NewestGuid));
        var marks = source.Volumes.Abilities.HasFlag(Abilities.Bookmarks);
        if (Newest is { } newest && options.Cursor && marks)
        {
            var cursor = SyncNames.Cursor(options.Identifier, _there, newest.Guid);
            if (transfer.Bookmarks.All(b => b.Name != cursor)) yield return new VolumeChange(ChangeKind.MakeBookmark, transfer.Source, newest.Name, cursor);
            foreach (var old in transfer.Bookmarks.Where(b => b.Name != cursor && SyncNames.IsCursor(b.Name, options.Identifier, _there))) yield return new VolumeChange(ChangeKind.DestroyBookmark, transfer.Source, old.Name);
        }
        if (options.NamedBookmark && fresh && Newest is { } named && marks) yield return new VolumeChange(ChangeKind.MakeBookmark, transfer.Source, named.Name, named.Name);
        if (options.KeepHold && fresh && Newest is { } last) yield return new VolumeChange(ChangeKind.Hold, transfer.Source, last.Name, SyncNames.LastingHold(options.Identifier, _there));
        foreach (var change in Releases(transfer.Source, here.Tags, SyncNames.Hold(options.Identifier, _there), SyncNames.LastingHold(options.Identifier, _there))) yield return change;
    }

    /// <summary>Also what an earlier run that was stopped has left.</summary>
    private IEnumerable<VolumeChange> Releases(string dataset, IReadOnlyList<(string FullName, string Tag)> tags, string hold, string lasting)
    {
        var newest = Newest?.Name;
        foreach (var (fullName, tag) in tags)
        {
            var name = fullName[(dataset.Length + 1)..];
            if (tag == hold || (tag == lasting && name != newest)) yield return new VolumeChange(ChangeKind.Release, dataset, name, tag);
        }
    }

    private bool Tidies => fresh || options.DeleteTargetSnapshots;

    /// <summary>Old sync snapshots of this host that no peer has as its newest.</summary>
    public IEnumerable<VolumeChange> SourceTidying()
    {
        if (!Tidies || options.KeepSyncSnapshots || NewestGuid == 0) return [];
        var peers = PeerNotes.Of(here.State ?? transfer.SourceState).Where(p => p.Key != _there).Select(static p => p.Value).ToHashSet();
        return here.Snapshots.Where(s => s.Guid != NewestGuid && SyncNames.IsOurs(s, options.Identifier) && !peers.Contains(s.Guid) && IsFree(s, here.Tags, _there))
            .Select(s => new VolumeChange(ChangeKind.Destroy, transfer.Source, s.Name));
    }

    /// <summary>The same at the target and, when an option says so, what the source does not have.</summary>
    public IEnumerable<VolumeChange> TargetTidying()
    {
        if (!Tidies) return [];
        var ours = transfer.Ours.Concat(transfer.Brings).Select(static s => s.Guid).ToHashSet();
        var needed = PeerNotes.Of(there.State ?? new Dataset("")).Where(p => p.Key != _here).Select(static p => p.Value).ToHashSet();
        return there.Snapshots.Where(t => t.Guid != NewestGuid && !needed.Contains(t.Guid) && IsFree(t, there.Tags, _here)
                && ((!options.KeepSyncSnapshots && SyncNames.IsOurs(t, options.Identifier)) || (options.DeleteTargetSnapshots && !ours.Contains(t.Guid))))
            .Select(t => new VolumeChange(ChangeKind.Destroy, transfer.Target, t.Name));
    }

    /// <summary>Whether nothing holds it but what is let go before.</summary>
    private bool IsFree(Snapshot snapshot, IReadOnlyList<(string FullName, string Tag)> tags, string peer) =>
        !snapshot.HasClones && !tags.Any(t => t.FullName == snapshot.FullName && t.Tag != SyncNames.Hold(options.Identifier, peer) && (t.Tag != SyncNames.LastingHold(options.Identifier, peer) || snapshot.Name == Newest?.Name));
}
