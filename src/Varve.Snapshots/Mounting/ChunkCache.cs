using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>Chunks that were read lately, up to so many bytes. What several want at once is fetched once.</summary>
internal sealed class ChunkCache(long mostBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ChunkId, LinkedListNode<(ChunkId Id, Lazy<byte[]> Bytes, long Size)>> _known = [];
    private readonly LinkedList<(ChunkId Id, Lazy<byte[]> Bytes, long Size)> _order = [];
    private long _bytes;

    /// <summary>Bytes that are kept now.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate) return _bytes;
        }
    }

    /// <summary>The bytes of a chunk.</summary>
    /// <param name="id">Which.</param>
    /// <param name="size">How many they are.</param>
    /// <param name="read">Fetches it.</param>
    public byte[] Get(ChunkId id, long size, Func<byte[]> read)
    {
        Lazy<byte[]> bytes;
        lock (_gate)
        {
            if (_known.TryGetValue(id, out var node))
            {
                _order.Remove(node);
                _order.AddFirst(node);
                bytes = node.Value.Bytes;
            }
            else
            {
                bytes = new Lazy<byte[]>(read);
                _known[id] = _order.AddFirst((id, bytes, size));
                _bytes += size;
                while (_bytes > mostBytes && _order.Count > 1) Remove(_order.Last!);
            }
        }
        try
        {
            return bytes.Value;
        }
        catch
        {
            // What failed once may come at the next try.
            lock (_gate)
                if (_known.TryGetValue(id, out var failed) && failed.Value.Bytes == bytes) Remove(failed);
            throw;
        }
    }

    private void Remove(LinkedListNode<(ChunkId Id, Lazy<byte[]> Bytes, long Size)> node)
    {
        _order.Remove(node);
        _known.Remove(node.Value.Id);
        _bytes -= node.Value.Size;
    }
}
