using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>The newest snapshot that both sides have, by GUID; on the source a bookmark of it is enough.</summary>
/// <param name="Snapshot">On the source; null when only a bookmark is left.</param>
/// <param name="Bookmark">On the source, when the snapshot is gone.</param>
/// <param name="Theirs">On the target; null when there is nothing in common.</param>
/// <param name="Newer">What the target has since, the oldest first.</param>
internal sealed record Common(Snapshot? Snapshot, Bookmark? Bookmark, Snapshot? Theirs, IReadOnlyList<Snapshot> Newer)
{
    public bool None => Snapshot is null && Bookmark is null;

    public string Name => Snapshot?.Name ?? Bookmark?.Name ?? "";

    public ulong Guid => Snapshot?.Guid ?? Bookmark?.Guid ?? 0;

    public ulong Transaction => Snapshot?.Transaction ?? Bookmark?.Transaction ?? 0;

    public static Common Find(IReadOnlyList<Snapshot> ours, IReadOnlyList<Bookmark> bookmarks, IReadOnlyList<Snapshot> theirs)
    {
        var snapshots = ours.ToDictionary(static s => s.Guid);
        for (var i = theirs.Count - 1; i >= 0; i--)
        {
            List<Snapshot> Newer() => [.. theirs.Skip(i + 1)];
            if (snapshots.TryGetValue(theirs[i].Guid, out var snapshot)) return new Common(snapshot, null, theirs[i], Newer());
            if (bookmarks.FirstOrDefault(b => b.Guid == theirs[i].Guid) is { } bookmark) return new Common(null, bookmark, theirs[i], Newer());
        }
        return new Common(null, null, null, []);
    }
}
