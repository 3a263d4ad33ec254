using System.Diagnostics;
using System.Globalization;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Runs a command in Linux namespaces and observes it by seccomp user notification: own mounts, processes, network,
/// host name; an overlay over each writable folder, so that what it writes is exactly what lies in the upper layers.
/// </summary>
internal static class Namespaces
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the command to its end. Its upper layers stay in the scratch folder.</summary>
    /// <exception cref="SandboxException">The sandbox could not be set up, or was destroyed from outside.</exception>
    public static SandboxResult Run(SandboxRequest request, IContentSource contents, CancellationToken cancellation)
    {
        var view = View.Of(request, HasMountPower());
        using var launch = Launch.Start(LaunchPlan.Encode(request, view, BuildingSite(request), request.Streams.OnTerminal is not null), request.Streams, request.Proxy is not null);
        using var listener = new NotificationListener(launch.Listener);
        listener.WakeSynchronously();
        var log = new EventLog();
        var effects = new EffectLog();
        var lookups = new Lookups(view, contents, request.Trusted, effects, request.Strict is not null);
        var observer = new Observer(view, lookups);
        // A part put in place would have used up nothing of the clock and the chance of what comes after it.
        // Of a root that is being written, or stacked, single files cannot be told from outside.
        var parts = request.Parts is { } book && request.Strict is null && !request.RootWritable && request.RootLayers.Count <= 1
            ? new Parts(book, listener, log, effects, view, contents, request.Trusted, request.ReuseParts, request.Streams.TerminalCount) : null;
        using var strict = request.Strict is { } terms ? new StrictWorld(terms, listener, effects, view) : null;
        var supervisor = new Supervisor(listener, log, effects, view, request.Network, parts, strict);
        Exception? broken = null;
        var serving = Start("supervisor", supervisor.Serve, e => { broken = e; launch.Signal(Processes.SigKill); listener.Dispose(); });
        var observing = Start("observer", () => observer.Follow(log), e => { broken = e; launch.Signal(Processes.SigKill); });

        request.Streams.OnTerminal?.Invoke(launch.Terminal);
        request.Proxy?.Open(launch.TakeProxy());
        request.Streams.OnSignals?.Invoke(launch.Signal);
        var following = strict is null ? null : Start("tracer", strict.Tracer.Run, e => { broken = e; launch.Signal(Processes.SigKill); });
        strict?.Begin();
        var startedNs = Files.CoarseNow();
        var startedAt = DateTimeOffset.UtcNow;
        var clock = Stopwatch.StartNew();
        launch.Go();
        using var ending = new Ending(launch, request.Timeout, cancellation);
        using var memory = new MemorySampler(supervisor, SampleEvery);
        LaunchEnd end;
        try
        {
            end = launch.WaitForEnd();
        }
        finally
        {
            clock.Stop();
            serving.Join();
            strict?.Tracer.Dispose();
            following?.Join();
            log.Close();
            observing.Join();
        }
        if (broken is not null) throw new SandboxException($"the step could not be observed to its end, so nothing of it is kept: {broken.Message}");

        var layer = new UpperLayer(view, contents);
        var changes = layer.Read();
        var changed = changes.Select(c => c.Change.Path).ToHashSet(StringComparer.Ordinal);
        var (observations, underneath) = lookups.Finish(changed, startedNs, request.OutputPaths);
        foreach (var socket in layer.Sockets) effects.Add(EffectKinds.Ipc, $"left the socket {socket}, which is not kept");
        if (end.LeftBehind > 0) effects.Add(EffectKinds.Leftover, $"{end.LeftBehind.ToString(CultureInfo.InvariantCulture)} process(es) outlived the command and were ended");
        return new SandboxResult
        {
            ExitCode = end.ExitCode,
            Ended = ending.Reason,
            ExecuteError = launch.ExecuteError,
            Observations = observations,
            Changes = changes,
            Renames = observer.Renames,
            Effects = effects.All(),
            Programs = Executed(observer.Programs, observations, changed),
            ChangedUnderneath = underneath,
            WrittenMeanwhile = [.. changes.Where(c => c.Before.Kind == FileKind.File && c.Before.ChangedNs >= startedNs && !request.OutputPaths.Contains(c.Change.Path))],
            Elapsed = clock.Elapsed,
            Processor = end.Processor,
            PeakBytes = Math.Max(end.PeakBytes, memory.PeakBytes),
            StartedAt = startedAt,
            Parts = parts?.Tally() ?? PartTally.None,
        };
    }

    /// <summary>
    /// A folder of the host over which the step's file system is put together, in a mount namespace where nobody else
    /// sees it: one that is not shown inside, else it would show itself, and that holds nothing that is needed.
    /// </summary>
    private static string BuildingSite(SandboxRequest request)
    {
        List<string> needed = [request.Scratch, .. request.Writable.Select(w => w.Outside), .. request.RootLayers, .. request.Binds.Select(b => b.Value)];
        foreach (var site in new[] { "/run", "/tmp", "/mnt", "/media" })
            if (Files.Look(site).Kind == FileKind.Directory && !needed.Exists(path => View.IsWithin(path, site))) return site;
        throw new SandboxException("the sandbox could not be set up: the workspace, VARVE_HOME and further folders take up all of /run, /tmp, /mnt and /media; move one of them elsewhere");
    }

    /// <summary>Without the names that were tried along PATH and were not there; a program that the step made itself was.</summary>
    private static IReadOnlyList<string> Executed(IReadOnlyList<string> tried, IReadOnlyList<Observation> observations, HashSet<string> changed)
    {
        var absent = observations.Where(o => o.Kind == ObservationKind.Absent).Select(o => o.Path).ToHashSet(StringComparer.Ordinal);
        return [.. tried.Where(program => !absent.Contains(program) || changed.Contains(program))];
    }

    /// <summary>Whether this process may mount without a user namespace (CAP_SYS_ADMIN).</summary>
    private static bool HasMountPower()
    {
        const int systemAdministration = 21;
        if (Libc.geteuid() != 0) return false;
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal))
                return (ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.HexNumber) >> systemAdministration & 1) != 0;
        }
        return false;
    }

    private static Thread Start(string name, Action work, Action<Exception> failed)
    {
        var thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                // An observer that dies must end the step: what it did unseen could not be told from what it did not do.
                failed(e);
            }
        }, maxStackSize: 1 << 20)
        { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    /// <summary>Ends a step on its timeout or when it is cancelled: first asks, then insists.</summary>
    private sealed class Ending : IDisposable
    {
        private readonly Launch launch;
        private readonly CancellationTokenRegistration registration;
        private readonly Timer? timeout;
        private Timer? insist;

        public Ending(Launch launch, TimeSpan? limit, CancellationToken cancellation)
        {
            this.launch = launch;
            if (limit is { } time) timeout = new Timer(_ => End($"timeout of {time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s"), null, time, Timeout.InfiniteTimeSpan);
            registration = cancellation.Register(() => End("interrupted"));
        }

        /// <summary>Why the step was ended; empty when it ended by itself.</summary>
        public string Reason { get; private set; } = "";

        private void End(string reason)
        {
            if (Reason.Length == 0) Reason = reason;
            launch.Signal(Processes.SigTerm);
            insist ??= new Timer(_ => launch.Signal(Processes.SigKill), null, Grace, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            registration.Dispose();
            timeout?.Dispose();
            insist?.Dispose();
        }
    }
}
