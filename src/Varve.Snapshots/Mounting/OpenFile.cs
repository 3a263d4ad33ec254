using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>A file that somebody has open: where its parts begin.</summary>
internal sealed class OpenFile
{
    private const long LargestChunk = 1 << 28;
    private readonly List<ContentPart> _parts;
    private readonly long[] _starts;
    private readonly long _size;

    /// <exception cref="InvalidDataException">The parts do not make up what the entry says.</exception>
    public OpenFile(TreeEntry entry, ChunkReader reader)
    {
        _parts = reader.Parts(entry.Content);
        _starts = new long[_parts.Count];
        _size = entry.Size;
        long at = 0;
        for (var i = 0; i < _parts.Count; i++)
        {
            _starts[i] = at;
            var length = _parts[i].Length;
            if (length < 0 || length > _size - at || (!_parts[i].IsHole && length > LargestChunk)) throw new InvalidDataException("parts that are larger than the file");
            at += length;
        }
        if (at != _size) throw new InvalidDataException("parts that are smaller than the file");
    }

    /// <summary>Reads from an offset on; how many bytes there were.</summary>
    /// <exception cref="SnapshotException">A chunk is missing or damaged.</exception>
    /// <exception cref="InvalidDataException">A chunk is not as long as its part.</exception>
    public int Read(Span<byte> into, long offset, ChunkReader reader, ChunkCache cache)
    {
        if (offset < 0 || offset >= _size) return 0;
        var wanted = (int)Math.Min(into.Length, _size - offset);
        var i = Array.BinarySearch(_starts, offset);
        // Of parts without a length, which begin where the next does, the last counts.
        i = i < 0 ? ~i - 1 : i;
        while (i + 1 < _starts.Length && _starts[i + 1] <= offset) i++;
        for (var done = 0; done < wanted; i++)
        {
            var (part, start) = (_parts[i], offset + done - _starts[i]);
            var count = (int)Math.Min(wanted - done, part.Length - start);
            if (count <= 0) continue;
            var to = into.Slice(done, count);
            if (part.IsHole) to.Clear();
            else
            {
                var bytes = cache.Get(part.Id, part.Length, () => reader.Read(part.Id).ToArray());
                if (bytes.Length != part.Length) throw new InvalidDataException("a chunk of another length than its part");
                bytes.AsSpan((int)start, count).CopyTo(to);
            }
            done += count;
        }
        return wanted;
    }
}
