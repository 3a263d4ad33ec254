using Varve.Fetching;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>Prepares, watches and records one run of a step in the sandbox.</summary>
internal sealed class Execution(VarveHome home, BlobStore store, DigestCache digests, StepSettings settings, ILineage lineage, StateCheck state)
{
    private readonly PartShelf? parts = lineage is LineageDatabase database ? new PartShelf(database) : null;

    public Run Begin(StepRequest request, Digest step, InputFeed? input) =>
        new(home, store, digests, settings, lineage, request, step, input) { Parts = parts is null || settings.Parts == PartKeeping.None ? null : new PartBook(home, parts, store, state, request.Key, settings.Parts == PartKeeping.All) };

    /// <summary>One run; its scratch folder is removed when it is disposed.</summary>
    internal sealed class Run : IDisposable
    {
        private readonly VarveHome home;
        private readonly BlobStore store;
        private readonly DigestCache digests;
        private readonly StepSettings settings;
        private readonly ILineage lineage;
        private readonly StepRequest request;
        private readonly Digest step;
        private readonly InputFeed? feed;
        private readonly string id = ExecutionId.New();
        private readonly string scratch;
        private readonly NamedLock lockFile;
        private readonly TranscriptWriter transcript;
        private readonly string? outputFile;

        public Run(VarveHome home, BlobStore store, DigestCache digests, StepSettings settings, ILineage lineage, StepRequest request, Digest step, InputFeed? feed)
        {
            (this.home, this.store, this.digests, this.settings, this.lineage) = (home, store, digests, settings, lineage);
            (this.request, this.step, this.feed) = (request, step, feed);
            scratch = $"{home.RunningFolder}/{id}";
            Files.MakeDirectory(scratch, 0x1C0);
            // While this process lives it holds the lock; a folder whose lock is free is left over from a crash.
            lockFile = NamedLock.Take(scratch, "alive", static () => { }, CancellationToken.None);
            if (request.Origin is { } origin) RunningStep.Note(scratch, step, origin);
            transcript = new TranscriptWriter(scratch + "/transcript");
            outputFile = request.Terminal == StepTerminal.Inherited ? OutputFile.Find(request.WorkspaceOutside) : null;
        }

        /// <summary>Where its parts are kept.</summary>
        public IPartBook? Parts { get; init; }

        /// <summary>What it consumed of standard input; known when it has ended.</summary>
        public StandardInput Input { get; private set; } = StandardInput.None;

        /// <summary>What it learnt of a recorded network; known when it has ended.</summary>
        public FetchReport Fetched { get; private set; } = FetchReport.Nothing;

        /// <summary>Runs the command to its end.</summary>
        /// <exception cref="StepRefusedException">The sandbox could not be set up.</exception>
        public SandboxResult Observe(CancellationToken cancellation)
        {
            try
            {
                return request.Terminal == StepTerminal.Inherited ? ObserveInherited(cancellation) : ObserveQuietly(cancellation);
            }
            catch (SandboxException e)
            {
                throw new StepRefusedException(e.Message, e);
            }
            catch (IOException e)
            {
                throw new StepRefusedException($"step {step.Short} could not be run: {e.Message}; nothing of it was put in place", e);
            }
        }

        private SandboxResult ObserveQuietly(CancellationToken cancellation)
        {
            using var pumps = new OutputPumps(transcript, -1, -1);
            using var nothing = File.OpenHandle("/dev/null");
            pumps.Start();
            var result = Start(new StepStreams((int)nothing.DangerousGetHandle(), pumps.Output, pumps.Error), cancellation);
            pumps.Finish();
            return result;
        }

        private SandboxResult ObserveInherited(CancellationToken cancellation)
        {
            using var signals = new SignalRelay();
            if (Processes.isatty(0) == 1 && Processes.isatty(1) == 1)
            {
                using var bridge = new TerminalBridge(transcript);
                using var errors = new OutputPumps(transcript, -1, 2);
                errors.Start();
                var own = Processes.isatty(2) == 1 ? 2 : errors.Error;
                var seen = Start(new StepStreams(0, 1, own) { OnTerminal = bridge.Start, TerminalCount = bridge.Count, OnSignals = signals.Attach }, cancellation);
                errors.Finish();
                Input = bridge.KeysPassed > 0 ? new StandardInput("terminal", default, 0, ReachedEnd: false) : StandardInput.None;
                return seen;
            }
            using var pumps = new OutputPumps(transcript, 1, 2);
            pumps.Start();
            var result = Start(new StepStreams(feed!.Start(), pumps.Output, pumps.Error) { OnSignals = signals.Attach }, cancellation);
            pumps.Finish();
            Input = feed.Finish(store);
            return result;
        }

        private SandboxResult Start(StepStreams streams, CancellationToken cancellation)
        {
            if (request.Network != StepNetwork.Recorded) return Start(streams, null, cancellation);
            var authority = CertificateAuthority.Of(home);
            var options = new FetchOptions { Refresh = request.Again && request.Replaying is null, AsSeenBy = request.Replaying };
            using var session = new FetchSession(home, store, lineage, options, authority.Disguise);
            SandboxResult result;
            using (var proxy = new RecordingProxy(session, authority)) result = Start(streams, new ProxyDoor(authority.Certificate, proxy.Start), cancellation);
            Fetched = session.Report();
            if (Fetched == FetchReport.Nothing) return result;
            return result with
            {
                Effects = [.. result.Effects, .. Fetched.Problems.Select(static p => new Effect(EffectKinds.Network, p))],
                Observations = [.. result.Observations.Concat(Fetched.Observations).OrderBy(static o => o.Path, StringComparer.Ordinal).ThenBy(static o => o.Kind).ThenBy(static o => o.Detail, StringComparer.Ordinal)],
            };
        }

        private SandboxResult Start(StepStreams streams, ProxyDoor? proxy, CancellationToken cancellation)
        {
            if (request.Shell is { } shell)
            {
                Files.MakeDirectory(scratch + "/shell");
                foreach (var (name, text) in shell.Given) File.WriteAllBytes($"{scratch}/shell/{name}", PathText.Encode(text));
            }
            var userHome = System.Environment.GetEnvironmentVariable("HOME");
            List<string> hidden = [.. Secrets.Of(string.IsNullOrEmpty(userHome) ? "/root" : userHome), home.Folder];
            return Namespaces.Run(new SandboxRequest
            {
                Command = request.Shell?.Command ?? request.Key.Command,
                Directory = request.Key.Directory,
                Variables = proxy is null ? request.Key.Variables : Overlaid(request.Key.Variables, ProxyDoor.Variables),
                Writable = request.RootWritable ? [] : [new WritableFolder(request.Key.Workspace, request.WorkspaceOutside), .. request.WriteAlso.Select(w => new WritableFolder(w.Key, w.Value))],
                RootLayers = request.RootLayers,
                RootWritable = request.RootWritable,
                Binds = request.Binds,
                Hidden = request.RootLayers.Count == 0 ? hidden : [],
                Trusted = settings.Trust,
                Network = request.Network,
                Proxy = proxy,
                Timeout = request.Timeout,
                MemoryBytes = request.MemoryBytes,
                Scratch = scratch,
                Exchange = request.Shell is null ? null : ShellExchange.Folder,
                Parts = Parts,
                Strict = request.Strict ? StrictSeed.Of(request.Key) : null,
                ReuseParts = !request.Again,
                Streams = streams,
                OutputPaths = outputFile is null ? new HashSet<string>(StringComparer.Ordinal) : new HashSet<string>(StringComparer.Ordinal) { outputFile },
            }, new StoreContents(store, digests), cancellation);
        }

        private static IReadOnlyList<KeyValuePair<string, string>> Overlaid(IReadOnlyList<KeyValuePair<string, string>> variables, IReadOnlyList<KeyValuePair<string, string>> over)
        {
            var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var (name, value) in variables.Concat(over)) all[name] = value;
            return [.. all];
        }

        /// <summary>Moves what it wrote into the store, and tells it as changes.</summary>
        public IReadOnlyList<Change> Ingest(SandboxResult result)
        {
            foreach (var change in result.Changes)
                if (change.Change is { Kind: ChangeKind.File, SameFileAs.Length: 0 }) store.Adopt(change.UpperPath, change.Change.Digest);
            return [.. result.Changes.Select(c => c.Change)];
        }

        public Trace Trace(SandboxResult result, string notReusable, IReadOnlyList<Change> changes) => new()
        {
            Execution = id,
            Key = request.Key,
            Step = step,
            Observations = result.Observations,
            Changes = changes,
            Renames = result.Renames,
            Effects = result.Effects,
            Programs = result.Programs,
            Parts = result.Parts,
            Input = Input,
            Transcript = transcript.Keep(store),
            ShellState = request.Shell is { } shell ? store.PutBytes(ShellExchange.Pack(scratch + "/shell", shell.Given)) : default,
            OutputFile = RecordOutputFile(),
            ExitCode = result.ExitCode,
            ExecuteError = result.ExecuteError,
            NotReusable = notReusable,
            Origin = request.Origin,
            StartedAt = result.StartedAt,
            Elapsed = result.Elapsed,
            Processor = result.Processor,
            PeakBytes = result.PeakBytes,
        };

        private Change? RecordOutputFile()
        {
            // The output of one command of a shell is not the whole of the file that the shell's goes to.
            if (outputFile is null || request.Shell is not null) return null;
            var stamp = Files.Look(outputFile);
            return stamp.Kind != FileKind.File ? null
                : new Change(outputFile, ChangeKind.File, store.PutFile(outputFile), stamp.Size, stamp.Permissions, "", "", Replaced: false);
        }

        /// <summary>Keeps what a failed step wrote where a person can look at it.</summary>
        public string KeepAside()
        {
            Files.MakeDirectories(home.FailedFolder);
            var kept = $"{home.FailedFolder}/{id}";
            Files.Rename($"{scratch}/{(request.RootWritable ? "root" : "w0")}/upper", kept);
            return kept;
        }

        public void Dispose()
        {
            try
            {
                transcript.Dispose();
            }
            catch (IOException)
            {
                // On a full disk its last bytes cannot be written; whoever keeps it is told by Keep.
            }
            finally
            {
                lockFile.Dispose();
                Files.RemoveTree(scratch);
            }
        }
    }

    private sealed class StoreContents(BlobStore store, DigestCache digests) : IContentSource
    {
        public Digest DigestOf(string path, in FileStamp stamp) => digests.Of(path, stamp);

        public Digest KeepListing(byte[] listing) => store.PutBytes(listing);
    }
}
