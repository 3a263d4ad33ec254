using System.Buffers;

namespace Varve.Snapshots.Repository;

/// <summary>Reads files and makes chunks of them; one for each thread.</summary>
internal sealed class FileReader(BackupRun run, SnapshotRepository repository, ChunkSink sink, CancellationToken cancel) : IDisposable
{
    private const int ReadStep = 256 << 10, FirstBuffer = 2 << 20;
    private readonly ChunkWriter writer = new(repository, sink, BlobKind.Data);
    private readonly Chunker chunker = new(repository.Secrets.Gear, ChunkSizes.Default);
    private readonly byte[] small = new byte[ChunkWriter.Small + 1];

    /// <summary>Reads files that are one chunk each.</summary>
    public void ReadSmall(SourceFile[] files)
    {
        foreach (var file in files)
        {
            cancel.ThrowIfCancellationRequested();
            if (Open(file, out var seen) is not { } descriptor) continue;
            try
            {
                var length = Posix.Read(descriptor, small);
                if (length > ChunkWriter.Small)
                {
                    // It grew since it was looked at.
                    _ = Native.lseek(descriptor, 0, 0);
                    ReadParts(new LargeFile(file, seen), descriptor);
                    continue;
                }
                run.Progress.Move(length);
                var content = length == 0 ? Content.Empty : new Content([new ContentPart(writer.Add(small.AsSpan(0, length)), length)], Indirect: false);
                Finish(file, seen, Posix.Attributes(Posix.Reach(file.Directory.Descriptor, file.Name)), content, length, IsChanged(file, seen, descriptor));
            }
            catch (IOException e)
            {
                run.Skip(file, $"cannot read '{Shown(file)}': {e.Message}; it is not in the snapshot");
            }
            finally
            {
                Posix.Close(descriptor);
            }
        }
    }

    /// <summary>Reads a file of many chunks.</summary>
    public void ReadLarge(SourceFile file)
    {
        if (Open(file, out var seen) is not { } descriptor) return;
        try
        {
            ReadParts(new LargeFile(file, seen), descriptor);
        }
        finally
        {
            Posix.Close(descriptor);
        }
    }

    private int? Open(SourceFile file, out FileStatus seen)
    {
        seen = default;
        int descriptor;
        try
        {
            descriptor = Posix.Open(file.Directory.Descriptor, file.Name, Native.ReadOnly | Native.NoFollow | Native.Nonblock);
        }
        catch (IOException e)
        {
            run.Skip(file, e.HResult == Native.Enoent ? null : $"cannot read '{Shown(file)}': {e.Message}; it is not in the snapshot");
            return null;
        }
        seen = Posix.Look(descriptor);
        if (seen.IsFile) return descriptor;
        Posix.Close(descriptor);
        run.Skip(file, $"'{Shown(file)}' became something else while it was looked at; it is not in the snapshot");
        return null;
    }

    private static string Shown(SourceFile file) =>
        file.Directory.Path.Length == 0 ? Posix.Show(file.Name.AsSpan(0, file.Name.Length - 1)) : $"{Posix.Show(file.Directory.Path)}/{Posix.Show(file.Name.AsSpan(0, file.Name.Length - 1))}";

    private bool IsChanged(SourceFile file, in FileStatus seen, int descriptor)
    {
        if (Posix.Look(descriptor).Untouched(seen)) return false;
        run.Progress.Trouble($"'{Shown(file)}' changed while it was read; the snapshot may have a mixture of both");
        return true;
    }

    private void Finish(SourceFile file, in FileStatus seen, IReadOnlyList<ExtendedAttribute> attributes, Content content, long size, bool changed) =>
        run.Done(file, TreeEntries.Of(EntryKind.File, file.Name.AsSpan(0, file.Name.Length - 1), seen, attributes) with { Size = size, Content = content }, seen, !changed && BackupRun.Settled(seen));

    /// <summary>A file while its chunks are made by several threads.</summary>
    private sealed class LargeFile(SourceFile file, FileStatus seen)
    {
        private int pending = 1;

        public SourceFile File => file;
        public FileStatus Seen => seen;
        public List<ContentPart> Parts { get; } = [];
        public IReadOnlyList<ExtendedAttribute> Attributes { get; set; } = [];
        public bool Changed { get; set; }

        public int Reserve(long length)
        {
            Interlocked.Increment(ref pending);
            lock (Parts)
            {
                Parts.Add(new ContentPart(default, length));
                return Parts.Count - 1;
            }
        }

        public void AddHole(long length)
        {
            lock (Parts) Parts.Add(new ContentPart(default, length));
        }

        public void Set(int part, ChunkId id)
        {
            lock (Parts) Parts[part] = Parts[part] with { Id = id };
        }

        public bool Arrive() => Interlocked.Decrement(ref pending) == 0;
    }

    private void ReadParts(LargeFile large, int descriptor)
    {
        try
        {
            var size = large.Seen.Size;
            if (large.Seen.Blocks * 512 >= size)
            {
                ReadRun(large, descriptor, long.MaxValue);
            }
            else
            {
                for (long at = 0; at < size;)
                {
                    var data = Native.lseek(descriptor, at, Native.SeekData);
                    if (data < 0) data = Native.Errno == Native.Enxio ? size : at;
                    if (data > at) large.AddHole(Math.Min(data, size) - at);
                    if (data >= size) break;
                    var hole = Native.lseek(descriptor, data, Native.SeekHole);
                    if (hole <= data) hole = size;
                    _ = Native.lseek(descriptor, data, 0);
                    ReadRun(large, descriptor, hole - data);
                    at = hole;
                }
            }
            large.Attributes = Posix.Attributes(Posix.Reach(large.File.Directory.Descriptor, large.File.Name));
            large.Changed = IsChanged(large.File, large.Seen, descriptor);
        }
        catch (IOException e)
        {
            run.Progress.Trouble($"cannot read '{Shown(large.File)}' to its end: {e.Message}; the snapshot has what came before");
            large.Changed = true;
        }
        Arrive(large);
    }

    /// <summary>Cuts a run of bytes from where the file stands.</summary>
    private void ReadRun(LargeFile large, int descriptor, long length)
    {
        chunker.Reset();
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        var filled = 0;
        for (var ended = false; !ended || filled > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            if (!ended)
            {
                if (buffer.Length - filled < ReadStep)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, filled).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
                var want = (int)Math.Min(ReadStep, length);
                var got = Posix.Read(descriptor, buffer.AsSpan(filled, want));
                run.Progress.Move(got);
                filled += got;
                length -= got;
                ended = got < want || length == 0;
            }
            while (filled > 0)
            {
                var cut = chunker.Cut(buffer.AsSpan(0, filled));
                if (cut < 0 && !ended) break;
                if (cut < 0) cut = filled;
                var rest = filled - cut;
                var next = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, rest + ReadStep));
                buffer.AsSpan(cut, rest).CopyTo(next);
                Emit(large, buffer, cut);
                (buffer, filled) = (next, rest);
            }
        }
        chunker.Reset();
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Emit(LargeFile large, byte[] buffer, int length)
    {
        var part = large.Reserve(length);
        if (!run.TrySendChunk(reader => reader.Store(large, part, buffer, length))) Store(large, part, buffer, length);
    }

    private void Store(LargeFile large, int part, byte[] buffer, int length)
    {
        large.Set(part, writer.Add(buffer.AsSpan(0, length)));
        ArrayPool<byte>.Shared.Return(buffer);
        Arrive(large);
    }

    private void Arrive(LargeFile large)
    {
        if (!large.Arrive()) return;
        Finish(large.File, large.Seen, large.Attributes, run.Shortened(large.Parts), large.Parts.Sum(static p => p.Length), large.Changed);
    }

    /// <summary>Hands over small chunks that wait.</summary>
    public void Flush() => writer.Flush();

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();
}
