using System.IO.Pipes;

namespace Varve.Snapshots.Volumes;

/// <summary>An end of a transfer whose other side is a thread of this process.</summary>
internal sealed class PipeEnd : IEnd
{
    // Trees may be deep.
    private const int Stack = 256 << 20;
    private readonly AnonymousPipeServerStream _ours;
    private readonly Thread _thread;
    private readonly bool _receives;
    private Exception? _failure;
    private volatile bool _isWanted;

    /// <summary>Starts the thread.</summary>
    /// <param name="receives">Whether the thread reads what is written here.</param>
    /// <param name="work">Given its side of the pipe, and what waits until the result is wanted: it throws when it is not.</param>
    public PipeEnd(bool receives, Action<Stream, Action> work)
    {
        _receives = receives;
        _ours = new AnonymousPipeServerStream(receives ? PipeDirection.Out : PipeDirection.In);
        var theirs = new AnonymousPipeClientStream(receives ? PipeDirection.In : PipeDirection.Out, _ours.ClientSafePipeHandle);
        _thread = new Thread(() =>
        {
            try
            {
                using var stream = theirs;
                using var buffered = new BufferedStream(stream, 1 << 16);
                work(buffered, Await);
                if (!receives) return;
                // What the sender still writes must not find a closed door.
                buffered.CopyTo(Stream.Null);
            }
            catch (Exception e)
            {
                _failure = e;
            }
        }, Stack)
        { IsBackground = true, Name = receives ? "receive" : "send" };
        _thread.Start();
    }

    public Stream Bytes => _ours;

    private readonly ManualResetEventSlim _decided = new();

    private void Await()
    {
        _decided.Wait();
        if (!_isWanted) throw new SnapshotException("the transfer was given up");
    }

    public void Complete()
    {
        _isWanted = true;
        _decided.Set();
        // The thread ends when it has all, or when it sees that no more comes.
        if (_receives) _ours.Dispose();
        _thread.Join();
        if (_failure is SnapshotException known) throw new SnapshotException(known.Message, known);
        if (_failure is IOException or UnauthorizedAccessException) throw new SnapshotException(_failure.Message, _failure);
        if (_failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
    }

    public void Dispose()
    {
        _decided.Set();
        _ours.Dispose();
        _thread.Join();
        _decided.Dispose();
    }
}
