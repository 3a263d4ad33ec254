using Microsoft.Win32.SafeHandles;

namespace Varve.Raster.Files;

/// <summary>
/// A file that is read in parts, open while it is read and a while longer: of all files that nobody reads at the moment at
/// most some are open, so that a layer may have thousands of tiles. One that was closed must be the same when it is opened again.
/// </summary>
internal sealed class OpenFile : IDisposable
{
    /// <summary>How many stay open, in the whole process, though nobody reads them.</summary>
    public const int MostIdle = 64;

    private static readonly Lock Gate = new();
    private static readonly LinkedList<WeakReference<OpenFile>> Open = [];
    private readonly Lock gate = new();
    private readonly string path;
    private readonly DateTime changed;
    private SafeFileHandle? handle;
    private LinkedListNode<WeakReference<OpenFile>>? place;
    private int users;
    private bool isDisposed;

    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public OpenFile(string path)
    {
        this.path = Path.GetFullPath(path);
        handle = OpenHandle();
        (Bytes, changed) = (RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle));
        Remember();
    }

    /// <summary>Its size when it was opened first.</summary>
    public long Bytes { get; }

    /// <summary>Whether size and time are those of when it was opened first.</summary>
    /// <exception cref="IOException">It is not there any more.</exception>
    public bool IsUnchanged()
    {
        var (now, isOwn) = Take();
        try
        {
            return isOwn && RandomAccess.GetLength(now) == Bytes && File.GetLastWriteTimeUtc(now) == changed;
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Reads a part of it; less than asked for only at its end.</summary>
    /// <exception cref="IOException">It cannot be read, or is another file now.</exception>
    public int Read(Span<byte> part, long at)
    {
        var (now, isOwn) = Take();
        try
        {
            return isOwn ? RandomAccess.Read(now, part, at) : throw new IOException("it was changed while it was read");
        }
        finally
        {
            Release();
        }
    }

    private (SafeFileHandle Handle, bool IsOwn) Take()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            users++;
            if (handle is not null) return (handle, true);
            try
            {
                handle = OpenHandle();
            }
            catch
            {
                users--;
                throw;
            }
        }
        Remember();
        return (handle, RandomAccess.GetLength(handle) == Bytes && File.GetLastWriteTimeUtc(handle) == changed);
    }

    private void Release()
    {
        lock (gate) users--;
    }

    private SafeFileHandle OpenHandle() => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);

    /// <summary>Counts it among the open ones, and closes those that were opened longest ago, if they are too many.</summary>
    private void Remember()
    {
        lock (Gate)
        {
            place = Open.AddLast(new WeakReference<OpenFile>(this));
            for (var node = Open.First; node is not null && Open.Count > MostIdle;)
            {
                var next = node.Next;
                if (!node.Value.TryGetTarget(out var other)) Open.Remove(node);
                else if (other != this && other.TryClose()) Open.Remove(node);
                node = next;
            }
        }
    }

    private bool TryClose()
    {
        if (!gate.TryEnter()) return false;
        try
        {
            if (users > 0) return false;
            handle?.Dispose();
            (handle, place) = (null, null);
            return true;
        }
        finally
        {
            gate.Exit();
        }
    }

    public void Dispose()
    {
        lock (Gate)
            if (place?.List is not null) Open.Remove(place);
        lock (gate)
        {
            isDisposed = true;
            handle?.Dispose();
            handle = null;
        }
    }
}
