using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>
/// What is refused although a stream could be sent, because OpenZFS takes it and the replica is damaged by it, or because
/// a plain byte would come to where no key is. Each has a test on a real ZFS that shows what happens without it.
/// </summary>
/// <remarks>
/// Mixed modes: https://github.com/openzfs/zfs/issues/12014 and those it names; a plain increment onto a raw replica whose
/// key is loaded is received with equal GUIDs, and the next raw one fails for good.
/// </remarks>
internal static class Guards
{
    /// <summary>Why this dataset is not sent; null when nothing is against it.</summary>
    public static string? Refusal(Side source, Side target, Transfer transfer, Common common, SyncOptions options)
    {
        var ours = transfer.SourceState;
        var (here, there) = (source.Of(transfer.Source), target.Of(transfer.Target));
        var encrypted = ours.Key != KeyState.NotEncrypted;
        if (transfer.Raw && !source.Volumes.Abilities.HasFlag(Abilities.RawStreams))
            return $"{here} is encrypted and {source.Volumes.Kind} has no raw streams: sync into a repository (repo:FOLDER), or say --plain";
        if (!transfer.Raw && ours.Key == KeyState.Unavailable) return $"the key of {here} is not loaded, so that it can only be sent raw; leave out --plain";
        return Keyless(source, target, transfer, encrypted) ?? Mode(source, target, transfer, common, there) ?? Leak(transfer, options, encrypted, here, there)
            ?? Failback(source, transfer, common, options, here, there);
    }

    /// <summary>A keyless host is given raw streams, and nothing else, and has no key loaded.</summary>
    private static string? Keyless(Side source, Side target, Transfer transfer, bool encrypted)
    {
        if (!IsKeyless(target, transfer)) return null;
        var there = target.Of(transfer.Target);
        if (!encrypted) return $"{source.Of(transfer.Source)} is not encrypted, and {there} is on a keyless host, which must not see plain data; encrypt the dataset, or sync into an encrypted repository (repo:FOLDER)";
        if (!transfer.Raw) return $"{there} is on a keyless host, and a plain stream would show it everything; leave out --plain";
        return transfer.TargetState?.Key == KeyState.Available ? $"the key of {there} is loaded, and its host is marked as keyless: somebody has given it a key. Unload it there (zfs unload-key), and ask who" : null;
    }

    public static bool IsKeyless(Side side, Transfer transfer) => side.IsKeyless || (transfer.TargetState ?? transfer.ParentState)?.Note(Notes.Keyless) == "yes";

    /// <summary>The mode that was said at the first send stays, whatever is said now; where no note is left, the snapshots tell.</summary>
    private static string? Mode(Side source, Side target, Transfer transfer, Common common, string there)
    {
        var mode = transfer.Raw ? Notes.Raw : Notes.Plain;
        var said = ModeNotes.Of(transfer.SourceState, target.Peer(transfer.Target));
        if (said.Length == 0 && transfer.TargetState is { } replica) said = ModeNotes.Own(replica);
        if (said.Length == 0 && common is { Snapshot.RawId: > 0, Theirs: not null }) said = common.Snapshot.RawId == common.Theirs.RawId ? Notes.Raw : Notes.Plain;
        if (said.Length == 0 || said == mode || (common.None && transfer.TargetState is null)) return null;
        return $"{there} has had {said} streams so far, and a {mode} one would damage it: the next {said} one could not be received. "
            + (said == Notes.Raw ? "Leave out --plain" : "Say --plain") + $", or sync {source.Of(transfer.Source)} to a new dataset";
    }

    /// <summary>Plain data of an encrypted dataset is not laid down unencrypted.</summary>
    private static string? Leak(Transfer transfer, SyncOptions options, bool encrypted, string here, string there) =>
        encrypted && !transfer.Raw && !options.PlainAtRest && (transfer.TargetState ?? transfer.ParentState) is not { Key: not KeyState.NotEncrypted }
            ? $"{here} is encrypted and {there} would not be: its data would lie there in plain text. Leave out --plain, or make it below an encrypted dataset; --plain-at-rest does it all the same" : null;

    /// <summary>A raw replica is not sent back onto what it came from: OpenZFS fails at it, or takes it and cannot mount it (#10523, #16351).</summary>
    private static string? Failback(Side source, Transfer transfer, Common common, SyncOptions options, string here, string there)
    {
        if (!transfer.Raw || !transfer.SourceState.IsRawReplica || transfer.TargetState is not { } target || common.None || options.ForceDelete) return null;
        var isOrigin = target.Note(Notes.Source).Length == 0 && (transfer.SourceState.Note(Notes.Source).EndsWith(":" + target.Name, StringComparison.Ordinal) || ModeNotes.All(target).Keys.Any(p => p == source.Peer(transfer.Source)));
        return isOrigin ? $"{here} is a raw replica of {there}: to bring it back, sync it to a new dataset there, load the key, compare, and rename" : null;
    }
}
