namespace Varve.Raster.Evaluation;

/// <summary>
/// Gives memory back while others need it: where less is free than two threads work in, or the kernel says that processes
/// stall for want of it, blocks kept for later are dropped, and all threads but the first rest.
/// </summary>
internal sealed class MemoryWatch(Limits limits, long threadBytes, BlockCache cache)
{
    private const int EveryMilliseconds = 250;
    private readonly Lock gate = new();
    private long checkedAt = long.MinValue / 2;
    private bool isTight;

    /// <summary>How often memory became tight.</summary>
    public int Yields { get; private set; }

    /// <summary>Returns when the thread of this number may work. The first always may.</summary>
    public void WaitForRoom(int number, Func<bool> isOver)
    {
        while (IsTight() && number > 0 && !isOver()) Thread.Sleep(EveryMilliseconds / 5);
    }

    private bool IsTight()
    {
        // Whoever set a limit has set it aside.
        if (limits.Memory is not null) return false;
        lock (gate)
        {
            if (Environment.TickCount64 - checkedAt < EveryMilliseconds) return isTight;
            checkedAt = Environment.TickCount64;
            var was = isTight;
            // What is set aside here is no longer free: only a host near its end, or a group near its limit, is tight.
            isTight = FreeMemory.Now() < threadBytes * 2 || FreeMemory.IsUnderPressure();
            if (isTight != was) cache.Yield(isTight);
            if (isTight && !was) Yields++;
            return isTight;
        }
    }
}
