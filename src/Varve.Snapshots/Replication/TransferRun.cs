using System.Diagnostics;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>
/// Carries one transfer out. The order is what makes it safe to stop anywhere: the mode is noted at the source before the
/// first byte goes; what the streams need is held; what came is compared; both sides note it; then the holds go.
/// </summary>
internal sealed class TransferRun(Side source, Side target, SyncOptions options, ISyncWatch? watch, CancellationToken cancel)
{
    private readonly List<string> _warnings = [];
    private readonly List<string> _destroyed = [];
    private long _bytes, _onWire;

    /// <summary>Does it; failures are in the result.</summary>
    /// <param name="planned">What is to be done.</param>
    /// <param name="again">Looks again at the dataset, after an interrupted receive was finished or given up.</param>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public TransferResult Run(Transfer planned, Func<Transfer> again)
    {
        var started = Stopwatch.GetTimestamp();
        var (transfer, failure) = (planned, "");
        try
        {
            if (transfer.Action == TransferAction.Resume) transfer = Resumed(transfer, again);
            if (transfer.Action == TransferAction.Refused) failure = transfer.Refusal;
            else if (transfer.Action != TransferAction.Nothing) Carry(transfer);
            else Settle(transfer, fresh: false);
        }
        catch (SnapshotException e)
        {
            failure = e.Message;
        }
        var result = new TransferResult(transfer, failure, _bytes, Stopwatch.GetElapsedTime(started).TotalSeconds) { BytesOnWire = _onWire, Destroyed = _destroyed, Warnings = _warnings };
        watch?.Ended(target, result);
        return result;
    }

    private Transfer Resumed(Transfer transfer, Func<Transfer> again)
    {
        watch?.Began(target, transfer);
        try
        {
            Move(transfer, transfer.Streams[0], []);
        }
        catch (SnapshotException e) when (IsStale(e.Message))
        {
            target.Volumes.AbortReceive(transfer.Target);
            _warnings.Add($"the interrupted receive could not go on, for what it needs is gone from the source; it began anew");
        }
        // What came is known only now; it is on top of what was common before.
        return again();
    }

    private static bool IsStale(string words) =>
        words.Contains("cannot resume send", StringComparison.Ordinal) || words.Contains("no longer exists", StringComparison.Ordinal) || words.Contains("used in the initial send no longer", StringComparison.Ordinal)
        || words.Contains("destination has been modified", StringComparison.Ordinal) || words.Contains("kernel modules must be upgraded to receive this stream", StringComparison.Ordinal);

    private void Carry(Transfer transfer)
    {
        watch?.Began(target, transfer);
        var (mode, peer) = (transfer.Raw ? Notes.Raw : Notes.Plain, target.Peer(transfer.Target));
        if (ModeNotes.Of(transfer.SourceState, peer) != mode) source.Volumes.SetNote(transfer.Source, Notes.Mode, ModeNotes.With(transfer.SourceState, peer, mode));
        HoldBoth(transfer);
        if (transfer.DestroysTarget)
        {
            _destroyed.Add(target.Of(transfer.Target));
            target.Volumes.Clear(transfer.Target);
        }
        else if (transfer.Destroys.Count > 0)
        {
            target.Volumes.Destroy(transfer.Target, [.. transfer.Destroys.Select(static s => s.Name)]);
            _destroyed.AddRange(transfer.Destroys.Select(s => target.Of(s.FullName)));
        }
        var brings = transfer.Brings.ToList();
        foreach (var stream in transfer.Streams)
        {
            var last = brings.FindIndex(s => s.Name == stream.Name);
            Move(transfer, stream, [.. brings.Take(last + 1)]);
            brings.RemoveRange(0, last + 1);
        }
        Settle(transfer, fresh: true);
    }

    private void HoldBoth(Transfer transfer)
    {
        var (here, there) = (SyncNames.Hold(options.Identifier, target.Peer(transfer.Target)), SyncNames.Hold(options.Identifier, source.Peer(transfer.Source)));
        if (transfer.BaseSnapshot is { } from)
        {
            source.Volumes.Hold(transfer.Source, from.Name, here);
        }
        if (transfer.Newest.Length > 0 && transfer.Newest != transfer.BaseSnapshot?.Name && transfer.Brings.Count > 0) source.Volumes.Hold(transfer.Source, transfer.Newest, here);
        if (transfer.BaseTheirs is { } theirs) target.Volumes.Hold(transfer.Target, theirs.Name, there);
    }

    private void Move(Transfer transfer, SendRequest stream, IReadOnlyList<Snapshot> brings)
    {
        var sent = _bytes;
        var pump = new Pump(options.BytesPerSecond, bytes => watch?.Moved(target, transfer, sent + bytes), cancel);
        var packing = PackingChoice.For(source, target, options, transfer.Raw);
        using var from = source.Volumes.Send(stream with { Packing = packing.Sending });
        IEnd? into = null;
        var wrapping = "";
        try
        {
            pump.Run(from, first =>
            {
                wrapping = Checked(transfer, first);
                return into = target.Volumes.Receive(new ReceiveRequest(transfer.Target)
                {
                    Resumable = options.Resume && target.Volumes.Abilities.HasFlag(Abilities.Resume),
                    Expected = brings,
                    Rollback = options.Rollback && stream.ResumeToken.Length == 0,
                    ReadOnly = options.ReadOnlyTarget && transfer.TargetState is null && stream.Base is null,
                    Properties = stream.Properties,
                    IsDevice = transfer.SourceState.IsDevice,
                    Packing = packing.Receiving(first.Span),
                });
            }, first => !HasHead || StreamHead.Read(first.Span, out _) is not null);
        }
        catch (SnapshotException e) when (e.Message.Contains("has been modified", StringComparison.Ordinal) && !options.Rollback)
        {
            var lost = transfer.BaseTheirs is { } theirs ? target.Volumes.WrittenSince(transfer.Target, theirs.Name) : null;
            throw new SnapshotException($"{target.Of(transfer.Target)} was written to since {transfer.Base}{(lost is { } bytes ? $" ({Divergence.Size(bytes)})" : "")}; --rollback throws that away and goes on, and readonly=on keeps it from happening", e);
        }
        finally
        {
            _bytes += pump.Moved;
            _onWire += Math.Max((from as ProcessEnd)?.BytesOnWire ?? 0, (into as ProcessEnd)?.BytesOnWire ?? 0);
        }
        if (wrapping.Length > 0) NoteWrapping(transfer, wrapping);
    }

    private bool HasHead => source.Volumes.Kind == "zfs";

    /// <summary>Looks at the first bytes before the receiver gets them; the digest of the wrapped key.</summary>
    private string Checked(Transfer transfer, ReadOnlyMemory<byte> first)
    {
        if (!HasHead) return "";
        var head = StreamHead.Read(first.Span, out _) ?? throw new SnapshotException($"the stream of {source.Of(transfer.Source)} ended before it began");
        if (head.IsRaw != transfer.Raw) throw new SnapshotException($"{source.Of(transfer.Source)} sends a {(head.IsRaw ? "raw" : "plain")} stream where a {(transfer.Raw ? "raw" : "plain")} one was agreed; nothing of it was given to {target.Of(transfer.Target)}");
        var known = transfer.TargetState?.Note(Notes.Wrapping) ?? "";
        if (known.Length == 0 || head.Wrapping.Length == 0 || head.Wrapping == known || transfer.DestroysTarget) return head.Wrapping;
        if (!options.AcceptNewKey)
            throw new SnapshotException($"the key or passphrase of {source.Of(transfer.Source)} was changed since the last sync: with this one the old would no longer open {target.Of(transfer.Target)}. When it was you, keep the new one safe and say --accept-new-key; else somebody has your source");
        _warnings.Add($"{target.Of(transfer.Target)} is opened by the new key or passphrase of {source.Of(transfer.Source)} from now on, and by the old no longer");
        return head.Wrapping;
    }

    private void NoteWrapping(Transfer transfer, string wrapping)
    {
        if (transfer.TargetState?.Note(Notes.Wrapping) != wrapping || transfer.DestroysTarget) target.Volumes.SetNote(transfer.Target, Notes.Wrapping, wrapping);
    }

    /// <summary>Compares, notes, releases. Also after a run that was stopped between its last byte and this.</summary>
    private void Settle(Transfer transfer, bool fresh)
    {
        var settling = new Settlement(source, target, options, transfer);
        if (fresh) settling.Verify();
        settling.Note(fresh);
        settling.Release(fresh);
        _destroyed.AddRange(settling.Tidy(fresh));
        _warnings.AddRange(settling.Warnings);
    }
}
