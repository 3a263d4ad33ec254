using Varve.Linux;

namespace Varve.Steps;

/// <summary>
/// Carries a step's output to where it goes, live, and into the transcript. One thread serves both streams, so that
/// their order is kept as far as two pipes can tell it.
/// </summary>
internal sealed class OutputPumps : IDisposable
{
    private const int BufferBytes = 1 << 16;
    private readonly TranscriptWriter transcript;
    private readonly int[] read, goTo;
    private readonly int[] write;
    private readonly Thread thread;

    /// <param name="transcript">Where it is recorded.</param>
    /// <param name="output">Descriptor standard output goes to; -1 for nowhere.</param>
    /// <param name="error">Descriptor standard error goes to; -1 for nowhere.</param>
    public OutputPumps(TranscriptWriter transcript, int output, int error)
    {
        this.transcript = transcript;
        var first = Processes.Pipe();
        var second = Processes.Pipe();
        read = [first.Read, second.Read];
        write = [first.Write, second.Write];
        goTo = [output, error];
        thread = new Thread(Pump, maxStackSize: 1 << 18) { IsBackground = true, Name = "output" };
    }

    /// <summary>The step's side.</summary>
    public int Output => write[0];
    /// <summary>The step's side.</summary>
    public int Error => write[1];

    public void Start() => thread.Start();

    /// <summary>Closes this process's copies of the step's side, and waits until all that was said has arrived.</summary>
    public void Finish()
    {
        CloseStepSide();
        if (thread.IsAlive) thread.Join();
    }

    private void CloseStepSide()
    {
        for (var i = 0; i < write.Length; i++)
        {
            if (write[i] >= 0) _ = Libc.close(write[i]);
            write[i] = -1;
        }
    }

    private unsafe void Pump()
    {
        var buffer = new byte[BufferBytes];
        var sources = stackalloc Processes.Poll[2];
        for (var i = 0; i < 2; i++) sources[i] = new Processes.Poll { Descriptor = read[i], Events = Processes.PollIn };
        while (sources[0].Descriptor >= 0 || sources[1].Descriptor >= 0)
        {
            if (Processes.poll(sources, 2, -1) < 0) continue;
            for (var i = 0; i < 2; i++)
            {
                if (sources[i].Descriptor < 0 || sources[i].Returned == 0) continue;
                var count = Processes.Read(sources[i].Descriptor, buffer);
                if (count == 0)
                {
                    sources[i].Descriptor = -1;
                    continue;
                }
                var bytes = buffer.AsSpan(0, count);
                transcript.Add(i == 0 ? Transcript.Output : Transcript.Error, bytes);
                // When nobody listens any more (`varve exec -- cmd | head`) the rest is still recorded.
                if (goTo[i] >= 0 && !Processes.WriteAll(goTo[i], bytes)) goTo[i] = -1;
            }
        }
    }

    public void Dispose()
    {
        Finish();
        foreach (var descriptor in read) _ = Libc.close(descriptor);
    }
}
