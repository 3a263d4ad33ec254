using System.ComponentModel;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>A repository, or one snapshot of it, that is seen as a folder. See Contracts.cs.</summary>
public sealed unsafe class Mount : IDisposable
{
    private readonly SnapshotRepository _repository;
    private readonly FuseDoor _door;
    private readonly FuseServer _server;
    private readonly Action<string> _warn;
    private readonly List<Thread> _threads = [];

    private Mount(SnapshotRepository repository, FuseDoor door, FuseServer server, Action<string> warn) => (_repository, _door, _server, _warn) = (repository, door, server, warn);

    /// <summary>Mounts, and answers from then on.</summary>
    /// <param name="repository">Open until the mount has ended.</param>
    /// <param name="options">Where and what.</param>
    /// <param name="warn">Told of what could not be read, a line each, from several threads.</param>
    /// <exception cref="SnapshotException">It cannot be mounted there, or there is no such snapshot.</exception>
    public static Mount Begin(SnapshotRepository repository, MountOptions options, Action<string> warn)
    {
        // Opened here, before threads ask for it.
        _ = repository.Index.IsEmpty;
        var tree = new MountedTree(repository, options.Snapshot);
        var mount = new Mount(repository, FuseDoor.Open($"varve:{repository.Path}", options), new FuseServer(tree, new ChunkCache(options.CacheBytes), warn), warn);
        for (var i = 0; i < options.Threads; i++)
        {
            var thread = new Thread(mount.Work) { IsBackground = true, Name = $"mount {i}" };
            mount._threads.Add(thread);
            thread.Start();
        }
        return mount;
    }

    /// <summary>Waits until it is unmounted, by whomever.</summary>
    public void Wait()
    {
        foreach (var thread in _threads) thread.Join();
    }

    /// <summary>Unmounts it.</summary>
    public void End() => _door.Unmount();

    private void Work()
    {
        using var reader = new ChunkReader(_repository);
        var buffer = new byte[FuseServer.BufferSize];
        var answer = new FuseAnswer(FuseServer.BufferSize);
        while (Next(buffer) is { } length)
        {
            if (length < FuseRequest.HeadSize) continue;
            var request = new FuseRequest(buffer.AsSpan(0, length));
            answer.Clear();
            if (_server.Answer(request, answer, reader) is { } error) Reply(answer.Finish(request.Unique, error));
        }
    }

    /// <summary>The next request; null when the mount has ended.</summary>
    private int? Next(byte[] buffer)
    {
        fixed (byte* b = buffer)
        {
            while (true)
            {
                var got = MountCalls.read(_door.Descriptor, b, (nuint)buffer.Length);
                if (got >= 0) return (int)got;
                if (MountCalls.Errno == MountCalls.Enodev) return null;
                // ENOENT: who asked gave up before the request was read.
                if (MountCalls.Errno is MountCalls.Eintr or MountCalls.Eagain or MountCalls.Enoent) continue;
                _warn($"the kernel cannot be read: {new Win32Exception(MountCalls.Errno).Message}");
                return null;
            }
        }
    }

    private void Reply(ReadOnlySpan<byte> answer)
    {
        // An answer that nobody waits for any more is refused by the kernel, and that is all.
        fixed (byte* b = answer) _ = MountCalls.write(_door.Descriptor, b, (nuint)answer.Length);
    }

    /// <summary>Unmounts it, if it is mounted, and waits until the last answer is given.</summary>
    public void Dispose()
    {
        if (_threads.Exists(static t => t.IsAlive)) End();
        // Who still has a file open in it would keep the threads: they end with the program.
        foreach (var thread in _threads) thread.Join(TimeSpan.FromSeconds(2));
        _door.Dispose();
    }
}
