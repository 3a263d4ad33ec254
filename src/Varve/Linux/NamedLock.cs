namespace Varve.Linux;

/// <summary>
/// What has a name is done once at a time on one home, among threads and processes alike: whoever comes second waits, and
/// then finds it done. The lock is the kernel's (flock), so a process that dies holds none.
/// </summary>
internal sealed class NamedLock : IDisposable
{
    private const int Exclusive = 2, WithoutWaiting = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly string path;
    private readonly int descriptor;

    private NamedLock(string path, int descriptor) => (this.path, this.descriptor) = (path, descriptor);

    /// <summary>Takes the lock; waits while another holds it.</summary>
    /// <param name="folder">Where locks lie.</param>
    /// <param name="name">What is to be done: a step, a download.</param>
    /// <param name="waiting">Called once if there is somebody to wait for.</param>
    public static NamedLock Take(string folder, string name, Action waiting, CancellationToken cancellation)
    {
        var path = $"{folder}/{name}.lock";
        var told = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var descriptor = Open(path);
            if (Libc.flock(descriptor, Exclusive | WithoutWaiting) == 0)
            {
                // The one before removed the file when it was done: a lock on a file nobody can find any more locks nothing.
                var ours = Files.Look(descriptor);
                if (Files.Look(path) is { Exists: true } there && there.Inode == ours.Inode) return new NamedLock(path, descriptor);
            }
            _ = Libc.close(descriptor);
            if (!told) waiting();
            told = true;
            cancellation.WaitHandle.WaitOne(Pause);
        }
    }

    private static unsafe int Open(string path)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            var descriptor = Libc.open(p, Libc.OReadWrite | Libc.OCreate | Libc.OCloexec, 0x1B6);
            return descriptor >= 0 ? descriptor : throw Files.Failure("open", path);
        }
    }

    public void Dispose()
    {
        Files.Remove(path);
        _ = Libc.close(descriptor);
    }
}
