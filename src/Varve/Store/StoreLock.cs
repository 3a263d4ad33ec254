using Varve.Linux;

namespace Varve.Store;

/// <summary>
/// Between those who count on blobs that are there (shared) and the one who removes some (alone). Held for the
/// moments in which bytes become known or are put in place, never while a command runs. The lock is the kernel's.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private const int Shared = 1, Exclusive = 2, WithoutWaiting = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly int descriptor;

    private StoreLock(int descriptor) => this.descriptor = descriptor;

    /// <summary>Waits until nobody removes blobs, and keeps it so until it is disposed.</summary>
    public static StoreLock Share(VarveHome home)
    {
        var descriptor = Open(home);
        while (Libc.flock(descriptor, Shared) != 0 && Libc.Errno == Libc.Eintr) { }
        return new StoreLock(descriptor);
    }

    /// <summary>Waits until nobody counts on blobs that are there; null when that does not come about in time.</summary>
    public static StoreLock? Alone(VarveHome home, TimeSpan patience)
    {
        var descriptor = Open(home);
        for (var until = DateTime.UtcNow + patience; ; Thread.Sleep(Pause))
        {
            if (Libc.flock(descriptor, Exclusive | WithoutWaiting) == 0) return new StoreLock(descriptor);
            if (DateTime.UtcNow < until) continue;
            _ = Libc.close(descriptor);
            return null;
        }
    }

    private static unsafe int Open(VarveHome home)
    {
        var path = home.Folder + "/store.lock";
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            var descriptor = Libc.open(p, Libc.OReadWrite | Libc.OCreate | Libc.OCloexec, 0x1B6);
            if (descriptor >= 0) return descriptor;
            home.Make();
            descriptor = Libc.open(p, Libc.OReadWrite | Libc.OCreate | Libc.OCloexec, 0x1B6);
            return descriptor >= 0 ? descriptor : throw Files.Failure("open", path);
        }
    }

    public void Dispose() => _ = Libc.close(descriptor);
}
