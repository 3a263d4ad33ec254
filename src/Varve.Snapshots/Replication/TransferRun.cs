using System.Diagnostics;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>
/// Carries one transfer out. The order is what makes it safe to stop anywhere: the mode is noted at the source before the
/// first byte goes, and what the streams need is held (<see cref="Holds"/>); what came is compared; both sides note it; then the holds go
/// (<see cref="Settlement"/>). What comes before and after the streams is done for many transfers at once, by <see cref="LotRun"/>.
/// </summary>
internal sealed class TransferRun(Side source, Side target, SyncOptions options, ISyncWatch? watch, CancellationToken cancel)
{
    private readonly List<string> _warnings = [];
    private readonly List<string> _destroyed = [];
    private long _started = Stopwatch.GetTimestamp();
    private long _bytes, _onWire;

    /// <summary>Why it failed; empty when it did not.</summary>
    public string Failure { get; set; } = "";

    /// <summary>What is done, as it is known now.</summary>
    public required Transfer Transfer { get; set; }

    /// <summary>Ends when what the streams need is held at the target.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    /// <summary>Whether another transfer follows, so that its channel may open while this one goes on.</summary>
    public bool MoreFollow { get; set; }

    /// <summary>Whether streams were sent.</summary>
    public bool IsFresh { get; private set; }

    /// <summary>Adds what came of the settlement.</summary>
    public void Settled(Settlement settlement)
    {
        _destroyed.AddRange(settlement.Destroyed);
        _warnings.AddRange(settlement.Warnings);
    }

    /// <summary>Says what came of it.</summary>
    public TransferResult End()
    {
        var result = new TransferResult(Transfer, Failure, _bytes, Stopwatch.GetElapsedTime(_started).TotalSeconds) { BytesOnWire = _onWire, Destroyed = _destroyed, Warnings = _warnings };
        watch?.Ended(target, result);
        return result;
    }

    /// <summary>Lets an interrupted receive go on to its end.</summary>
    /// <param name="again">Looks again at the dataset afterwards.</param>
    public void Resume(Func<Transfer> again)
    {
        _started = Stopwatch.GetTimestamp();
        watch?.Began(target, Transfer);
        try
        {
            Move(Transfer, Transfer.Streams[0], []);
        }
        catch (SnapshotException e) when (IsStale(e.Message))
        {
            target.Volumes.AbortReceive(Transfer.Target);
            _warnings.Add($"the interrupted receive could not go on, for what it needs is gone from the source; it began anew");
        }
        // What came is known only now; it is on top of what was common before.
        Transfer = again();
    }

    private static bool IsStale(string words) =>
        words.Contains("cannot resume send", StringComparison.Ordinal) || words.Contains("no longer exists", StringComparison.Ordinal) || words.Contains("used in the initial send no longer", StringComparison.Ordinal)
        || words.Contains("destination has been modified", StringComparison.Ordinal) || words.Contains("kernel modules must be upgraded to receive this stream", StringComparison.Ordinal);

    /// <summary>What is held and noted before the first byte.</summary>
    /// <param name="now">The source as it is now: other syncs write to its notes, too.</param>
    public (IReadOnlyList<VolumeChange> Source, IReadOnlyList<VolumeChange> Target) Holds(Dataset now)
    {
        var (mode, peer) = (Transfer.Raw ? Notes.Raw : Notes.Plain, target.Peer(Transfer.Target));
        var (here, there) = (SyncNames.Hold(options.Identifier, peer), SyncNames.Hold(options.Identifier, source.Peer(Transfer.Source)));
        var (ours, theirs) = (new List<VolumeChange>(), new List<VolumeChange>());
        if (ModeNotes.Of(now, peer) != mode) ours.Add(new VolumeChange(ChangeKind.Note, Transfer.Source, Notes.Mode, ModeNotes.With(now, peer, mode)));
        if (Transfer.BaseSnapshot is { } from) ours.Add(new VolumeChange(ChangeKind.Hold, Transfer.Source, from.Name, here));
        if (Transfer.Newest.Length > 0 && Transfer.Newest != Transfer.BaseSnapshot?.Name && Transfer.Brings.Count > 0) ours.Add(new VolumeChange(ChangeKind.Hold, Transfer.Source, Transfer.Newest, here));
        if (Transfer.BaseTheirs is { } common) theirs.Add(new VolumeChange(ChangeKind.Hold, Transfer.Target, common.Name, there));
        return (ours, theirs);
    }

    /// <summary>Sends its streams, after what an option says is destroyed for them.</summary>
    public void Send()
    {
        (IsFresh, _started) = (true, Stopwatch.GetTimestamp());
        watch?.Began(target, Transfer);
        if (Transfer.DestroysTarget || Transfer.Destroys.Count > 0) AwaitHolds();
        if (Transfer.DestroysTarget)
        {
            _destroyed.Add(target.Of(Transfer.Target));
            target.Volumes.Clear(Transfer.Target);
        }
        else if (Transfer.Destroys.Count > 0)
        {
            target.Volumes.Destroy(Transfer.Target, [.. Transfer.Destroys.Select(static s => s.Name)]);
            _destroyed.AddRange(Transfer.Destroys.Select(s => target.Of(s.FullName)));
        }
        var brings = Transfer.Brings.ToList();
        foreach (var stream in Transfer.Streams)
        {
            var last = brings.FindIndex(s => s.Name == stream.Name);
            Move(Transfer, stream, [.. brings.Take(last + 1)]);
            brings.RemoveRange(0, last + 1);
        }
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
                into = target.Volumes.Receive(new ReceiveRequest(transfer.Target)
                {
                    Resumable = options.Resume && target.Volumes.Abilities.HasFlag(Abilities.Resume),
                    Expected = brings,
                    Rollback = options.Rollback && stream.ResumeToken.Length == 0,
                    ReadOnly = options.ReadOnlyTarget && transfer.TargetState is null && stream.Base is null,
                    Properties = stream.Properties,
                    IsDevice = transfer.SourceState.IsDevice,
                    Packing = packing.Receiving(first.Span),
                    More = [.. options.RecordSize && stream.Base is null && stream.ResumeToken.Length == 0 && transfer.SourceState.RecordSize > 0 ? (string[])["-o", $"recordsize={transfer.SourceState.RecordSize}"] : [], .. options.ReceiveMore],
                });
                if (MoreFollow)
                {
                    source.Volumes.ExpectStream();
                    target.Volumes.ExpectStream();
                }
                try
                {
                    AwaitHolds();
                }
                catch
                {
                    into.Dispose();
                    throw;
                }
                return into;
            }, first => first.Length >= packing.Needs && (!HasHead || ZfsStreamHead.Read(first.Span, out _) is not null));
        }
        catch (SnapshotException e) when (e.Message.Contains("has been modified", StringComparison.Ordinal) && !options.Rollback)
        {
            var lost = transfer.BaseTheirs is { } theirs ? target.Volumes.WrittenSince(transfer.Target, theirs.Name) : null;
            throw new SnapshotException($"{target.Of(transfer.Target)} was written to since {transfer.Base}{(lost is { } bytes ? $" ({Divergence.Size(bytes)})" : "")}; --rollback throws that away and goes on, and readonly=on keeps it from happening", e);
        }
        finally
        {
            _bytes += pump.Moved;
            _onWire += Math.Max(OnWire(source, from), OnWire(target, into));
        }
        if (wrapping.Length > 0) NoteWrapping(transfer, wrapping);
    }

    /// <exception cref="SnapshotException">It cannot be held.</exception>
    private void AwaitHolds()
    {
        Held.GetAwaiter().GetResult();
        if (Failure.Length > 0) throw new SnapshotException(Failure);
    }

    private static long OnWire(Side side, IEnd? end) => side.Volumes.Host.Length > 0 && end is ProcessEnd process ? process.BytesOnWire : 0;

    private bool HasHead => source.Volumes.Kind == "zfs";

    /// <summary>Looks at the first bytes before the receiver gets them; the digest of the wrapped key.</summary>
    private string Checked(Transfer transfer, ReadOnlyMemory<byte> first)
    {
        if (!HasHead) return "";
        var head = ZfsStreamHead.Read(first.Span, out _) ?? throw new SnapshotException($"the stream of {source.Of(transfer.Source)} ended before it began");
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
}
