using System.Collections.Concurrent;
using System.Diagnostics;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>
/// Moves a stream from one end to another: the head is looked at before the receiver is started, reading and writing
/// overlap, and no more than so many bytes a second go through.
/// </summary>
internal sealed class Pump(long bytesPerSecond, Action<long> moved, CancellationToken cancel)
{
    private const int BlockSize = 1 << 20, BlocksAhead = 16;
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _moved;

    /// <summary>Bytes that went through.</summary>
    public long Moved => _moved;

    /// <summary>Moves all, and waits for both programs.</summary>
    /// <param name="source">Sends.</param>
    /// <param name="receive">Starts the receiver; given the first bytes of the stream.</param>
    /// <param name="isEnough">Whether so many first bytes are enough for <paramref name="receive"/>.</param>
    /// <exception cref="SnapshotException">One of the two failed, with its own words; the receiver's go before.</exception>
    public void Run(IEnd source, Func<ReadOnlyMemory<byte>, IEnd> receive, Func<ReadOnlyMemory<byte>, bool> isEnough)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var blocks = new BlockingCollection<byte[]>(BlocksAhead);
        var reader = Task.Factory.StartNew(() => Read(source, blocks, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        IEnd? target = null;
        using var end = cancel.Register(source.Dispose);
        try
        {
            var head = new MemoryStream();
            foreach (var block in blocks.GetConsumingEnumerable(cancel))
            {
                if (target is null)
                {
                    head.Write(block);
                    var first = head.GetBuffer().AsMemory(0, (int)head.Length);
                    if (!isEnough(first)) continue;
                    target = receive(first);
                    Write(target, first);
                    continue;
                }
                Write(target, block);
            }
            if (target is null)
            {
                source.Complete();
                target = receive(head.GetBuffer().AsMemory(0, (int)head.Length));
                Write(target, head.GetBuffer().AsMemory(0, (int)head.Length));
            }
            source.Complete();
            target.Complete();
        }
        catch (IOException e)
        {
            // Who closed the pipe has said why.
            stop.Cancel();
            target?.Complete();
            throw new SnapshotException($"the stream broke: {e.Message}", e);
        }
        finally
        {
            stop.Cancel();
            source.Dispose();
            target?.Dispose();
            ((IAsyncResult)reader).AsyncWaitHandle.WaitOne();
            cancel.ThrowIfCancellationRequested();
        }
    }

    private static void Read(IEnd source, BlockingCollection<byte[]> blocks, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var block = new byte[BlockSize];
                var filled = source.Bytes.Read(block);
                if (filled == 0) return;
                blocks.Add(filled == block.Length ? block : block[..filled], stop);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or ZstdSharp.ZstdException or InvalidDataException)
        {
            // The sender's own words are asked for by whoever waits for it.
        }
        finally
        {
            blocks.CompleteAdding();
        }
    }

    private void Write(IEnd target, ReadOnlyMemory<byte> bytes)
    {
        cancel.ThrowIfCancellationRequested();
        target.Bytes.Write(bytes.Span);
        _moved += bytes.Length;
        moved(_moved);
        if (bytesPerSecond <= 0) return;
        var ahead = TimeSpan.FromSeconds((double)_moved / bytesPerSecond) - Stopwatch.GetElapsedTime(_started);
        if (ahead > TimeSpan.Zero) cancel.WaitHandle.WaitOne(ahead);
    }
}
