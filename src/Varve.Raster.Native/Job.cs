namespace Varve.Raster.Native;

/// <summary>
/// A computation on a thread of its own. Who started it waits in short turns, and so stays able to hear an interrupt and
/// to tell how far it is; nothing is called back from a strange thread.
/// </summary>
internal sealed class Job : IDisposable
{
    private readonly CancellationTokenSource cancellation = new();
    private readonly ManualResetEventSlim isDone = new();
    private readonly Limits limits;
    private Exception? fault;
    private double fraction;

    private Job(NativeRun given) => limits = new Limits
    {
        Threads = given.Threads > 0 ? given.Threads : null,
        Memory = given.Memory > 0 ? given.Memory : null,
        Progress = p => Volatile.Write(ref fraction, p.Total == 0 ? 1 : (double)p.Done / p.Total),
        Cancellation = cancellation.Token,
    };

    /// <summary>What was computed; null before the end.</summary>
    public object? Result { get; private set; }

    public double Fraction => Volatile.Read(ref fraction);

    public static Job Start(NativeRun limits, Func<Limits, object?> work)
    {
        var job = new Job(limits);
        new Thread(() => job.Run(work)) { IsBackground = true, Name = "raster job" }.Start();
        return job;
    }

    private void Run(Func<Limits, object?> work)
    {
        try
        {
            Result = work(limits);
        }
        catch (Exception e)
        {
            fault = e;
        }
        isDone.Set();
    }

    /// <summary>Whether it has ended.</summary>
    /// <exception cref="Exception">Whatever ended it before its end.</exception>
    public bool Wait(int milliseconds)
    {
        if (!isDone.Wait(milliseconds)) return false;
        if (fault is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        return true;
    }

    public void Cancel() => cancellation.Cancel();

    public void Dispose()
    {
        cancellation.Dispose();
        isDone.Dispose();
    }
}
