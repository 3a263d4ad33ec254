namespace Varve.Snapshots.Repository;

/// <summary>
/// Work for a number of threads, of two kinds: chunks, which are taken first, and files, which make chunks. A thread
/// that finds the chunks' queue full does one itself, so nobody ever waits for himself.
/// </summary>
internal sealed class WorkQueue<TWorker>(int mostChunks, int mostFiles)
{
    private readonly Queue<Action<TWorker>> chunks = new(), files = new();
    private int busy;
    private bool closed, aborted;

    /// <summary>Adds a file; waits while there are many. False when the work was aborted.</summary>
    public bool AddFile(Action<TWorker> work)
    {
        lock (files)
        {
            while (files.Count >= mostFiles && !aborted) Monitor.Wait(files);
            if (aborted) return false;
            files.Enqueue(work);
            Monitor.PulseAll(files);
            return true;
        }
    }

    /// <summary>Adds a chunk; false when there are many, and the caller had better do it himself.</summary>
    public bool TryAddChunk(Action<TWorker> work)
    {
        lock (files)
        {
            if (chunks.Count >= mostChunks) return false;
            chunks.Enqueue(work);
            Monitor.PulseAll(files);
            return true;
        }
    }

    /// <summary>No more files will come.</summary>
    public void Close()
    {
        lock (files)
        {
            closed = true;
            Monitor.PulseAll(files);
        }
    }

    /// <summary>Nothing more is to be done.</summary>
    public void Abort()
    {
        lock (files)
        {
            aborted = true;
            Monitor.PulseAll(files);
        }
    }

    /// <summary>Works until all is done.</summary>
    public void Work(TWorker worker)
    {
        while (Take() is { } work)
        {
            try
            {
                work(worker);
            }
            finally
            {
                lock (files)
                {
                    busy--;
                    if (busy == 0) Monitor.PulseAll(files);
                }
            }
        }
    }

    private Action<TWorker>? Take()
    {
        lock (files)
        {
            while (true)
            {
                if (aborted) return null;
                if (chunks.TryDequeue(out var work) || files.TryDequeue(out work))
                {
                    busy++;
                    Monitor.PulseAll(files);
                    return work;
                }
                // A busy thread may still bring chunks.
                if (closed && busy == 0) return null;
                Monitor.Wait(files);
            }
        }
    }
}
