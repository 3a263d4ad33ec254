using Varve.Linux;

namespace Varve.Store;

/// <summary>
/// Between those who count on blobs that are there (shared) and the one who removes some (alone). Held for the
/// moments in which bytes become known or are put in place, never while a command runs. The lock is the kernel's.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private const int Shared = 1, Exclusive = 2, WithoutWaiting = 4, Nobody = 8;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly int descriptor;

    private StoreLock(int descriptor) => this.descriptor = descriptor;

    /// <summary>Waits until nobody removes blobs, and keeps it so until it is disposed.</summary>
    public static StoreLock Share(VarveHome home)
    {
        var shared = new StoreLock(Open(home));
        shared.ShareAgain();
        return shared;
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

    /// <summary>Lets go, so that <see cref="ShareAgain"/> can take it up once more.</summary>
    public void LetGo() => _ = Libc.flock(descriptor, Nobody);

    /// <summary>After <see cref="LetGo"/>: as <see cref="Share"/>.</summary>
    public void ShareAgain()
    {
        while (Libc.flock(descriptor, Shared) != 0 && Libc.Errno == Libc.Eintr) { }
    }

    public void Dispose() => _ = Libc.close(descriptor);
}

/// <summary>
/// A <see cref="StoreLock"/> that the steps of one process share among themselves: the kernel is asked once for all who
/// hold it at a time.
/// </summary>
internal sealed class SharedStoreLock(VarveHome home)
{
    private readonly Lock counting = new();
    private StoreLock? held;
    private int holders;

    /// <summary>As <see cref="StoreLock.Share"/>.</summary>
    public Holder Share()
    {
        lock (counting)
        {
            if (held is null) held = StoreLock.Share(home);
            else if (holders == 0) held.ShareAgain();
            holders++;
        }
        return new Holder(this);
    }

    private void Leave()
    {
        lock (counting)
        {
            if (--holders == 0) held!.LetGo();
        }
    }

    /// <summary>One who counts on the store until disposed.</summary>
    internal readonly struct Holder(SharedStoreLock shared) : IDisposable
    {
        public void Dispose() => shared.Leave();
    }
}
