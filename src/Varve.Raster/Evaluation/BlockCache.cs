using System.Runtime.InteropServices;
using Varve.Raster.Files;

namespace Varve.Raster.Evaluation;

/// <summary>
/// Decoded blocks that several chunks need: decoded by who comes first, kept until the last has taken its part, and
/// thrown away early (to be decoded again) rather than hold more than the limit.
/// </summary>
internal sealed unsafe class BlockCache(long limit) : IDisposable
{
    private readonly Dictionary<BlockKey, CachedBlock> blocks = [];
    private readonly LinkedList<CachedBlock> idle = new();
    /// <summary>Memory of blocks that went, for the next of its size: given back each time, the host's allocator would keep more than it has handed out.</summary>
    private readonly Dictionary<long, Stack<nint>> spare = [];
    private readonly Lock gate = new();
    private long bytes, spareBytes;
    private bool isTight;

    /// <summary>The block, held until <see cref="Release"/>.</summary>
    /// <param name="key">Which.</param>
    /// <param name="size">Its decoded bytes.</param>
    /// <param name="uses">How many times it will be asked for, by all chunks.</param>
    /// <param name="mustDecode">Whether the caller has to fill it, and then to call <see cref="CachedBlock.Done"/>.</param>
    public CachedBlock Claim(BlockKey key, long size, long uses, out bool mustDecode)
    {
        lock (gate)
        {
            if (blocks.TryGetValue(key, out var known))
            {
                if (known.Place is { } place)
                {
                    idle.Remove(place);
                    known.Place = null;
                }
                known.Pins++;
                mustDecode = false;
                return known;
            }
            while (bytes + size > Allowed && idle.First is { } oldest) Drop(oldest.Value);
            var block = new CachedBlock(key, Take(size), size) { Pins = 1, UsesLeft = uses };
            bytes += size;
            blocks[key] = block;
            mustDecode = true;
            return block;
        }
    }

    /// <summary>The caller has taken its part.</summary>
    public void Release(CachedBlock block)
    {
        lock (gate)
        {
            block.UsesLeft--;
            if (--block.Pins > 0) return;
            if (block.UsesLeft <= 0 || bytes > Allowed || block.HasFailed) Drop(block);
            else block.Place = idle.AddLast(block);
        }
    }

    private long Allowed => isTight ? 0 : limit;

    /// <summary>Keeps nothing that nobody works on, or again as much as was allowed: others need the memory, or do not any more.</summary>
    public void Yield(bool toOthers)
    {
        lock (gate)
        {
            isTight = toOthers;
            while (bytes > Allowed && idle.First is { } oldest) Drop(oldest.Value);
            if (toOthers) FreeSpare();
        }
    }

    private byte* Take(long size)
    {
        if (spare.TryGetValue(size, out var some) && some.TryPop(out var memory))
        {
            spareBytes -= size;
            return (byte*)memory;
        }
        // Of another size than what lies here: that goes first.
        if (bytes + spareBytes + size > Allowed) FreeSpare();
        return (byte*)NativeMemory.AlignedAlloc((nuint)size, 64);
    }

    private void FreeSpare()
    {
        foreach (var memory in spare.Values.SelectMany(static some => some)) NativeMemory.AlignedFree((void*)memory);
        spare.Clear();
        spareBytes = 0;
    }

    private void Drop(CachedBlock block)
    {
        if (block.Place is { } place) idle.Remove(place);
        blocks.Remove(block.Key);
        bytes -= block.Bytes;
        if (bytes + spareBytes + block.Bytes > Allowed)
        {
            NativeMemory.AlignedFree(block.Memory);
            return;
        }
        if (!spare.TryGetValue(block.Bytes, out var some)) spare[block.Bytes] = some = new Stack<nint>();
        some.Push((nint)block.Memory);
        spareBytes += block.Bytes;
    }

    public void Dispose()
    {
        foreach (var block in blocks.Values) NativeMemory.AlignedFree(block.Memory);
        blocks.Clear();
        FreeSpare();
    }
}

/// <summary>Which block: of which image, at which column and row of blocks, of which plane.</summary>
internal readonly record struct BlockKey(BlockImage Image, long Column, long Row, int Plane);

/// <summary>A block in the making, or made.</summary>
internal sealed unsafe class CachedBlock(BlockKey key, byte* memory, long bytes)
{
    private readonly object gate = new();
    private bool isReady;

    public BlockKey Key { get; } = key;
    public byte* Memory { get; } = memory;
    public long Bytes { get; } = bytes;
    public int Pins { get; set; }
    public long UsesLeft { get; set; }
    public LinkedListNode<CachedBlock>? Place { get; set; }
    /// <summary>Whether the file never had it.</summary>
    public bool IsAbsent { get; private set; }
    public bool HasFailed { get; private set; }
    public bool IsReady => Volatile.Read(ref isReady);

    public void Done(bool isAbsent, bool hasFailed = false)
    {
        lock (gate)
        {
            (IsAbsent, HasFailed) = (isAbsent, hasFailed);
            Volatile.Write(ref isReady, true);
            Monitor.PulseAll(gate);
        }
    }

    /// <exception cref="OperationCanceledException">Who was to decode it could not.</exception>
    public void Wait()
    {
        if (!IsReady)
            lock (gate)
                while (!isReady) Monitor.Wait(gate);
        if (HasFailed) throw new OperationCanceledException("a block another thread was to read could not be read");
    }
}
