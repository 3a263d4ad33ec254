using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>Everything the sandbox needs to run one command and observe it.</summary>
internal sealed record SandboxRequest
{
    /// <summary>Program and arguments; a program without a slash is looked up in PATH inside.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    /// <summary>Where it starts, as seen inside.</summary>
    public required string Directory { get; init; }
    /// <summary>The variables it starts with, all of them.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; }
    /// <summary>Folders it may write, each through an overlay; the first is the workspace.</summary>
    public required IReadOnlyList<WritableFolder> Writable { get; init; }
    /// <summary>The root file system: the host's when empty, else layers from the top down, the base last.</summary>
    public IReadOnlyList<string> RootLayers { get; init; } = [];
    /// <summary>Whether the whole root is writable (building an environment); its changes then land in <see cref="SandboxResult.Changes"/> too.</summary>
    public bool RootWritable { get; init; }
    /// <summary>Host folders shown at another path inside, read-only.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Binds { get; init; } = [];
    /// <summary>Paths that are empty inside: secrets of the user's home, Varve's own home.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];
    /// <summary>Folders whose files go by stat signature alone.</summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];
    /// <summary>The network it has.</summary>
    public StepNetwork Network { get; init; }
    /// <summary>With a recorded network: who answers for it.</summary>
    public ProxyDoor? Proxy { get; init; }
    /// <summary>When to end it.</summary>
    public TimeSpan? Timeout { get; init; }
    /// <summary>Most address space of each of its processes, in bytes.</summary>
    public long? MemoryBytes { get; init; }
    /// <summary>An empty folder of this step's own; its upper layers live there, and stay after the run until the caller removes it.</summary>
    public required string Scratch { get; init; }
    /// <summary>Where the folder `shell` of <see cref="Scratch"/> is shown, writable and not observed, for a shell to exchange its state by; else null.</summary>
    public string? Exchange { get; init; }
    /// <summary>Where parts of the step are kept; null to take it as a whole.</summary>
    public IPartBook? Parts { get; init; }
    /// <summary>Whether parts that are known may be reused, or are only kept.</summary>
    public bool ReuseParts { get; init; }
    /// <summary>What a strict step's clock and chance follow from; null for one that has the machine's.</summary>
    public StrictTerms? Strict { get; init; }
    /// <summary>Where its standard streams come from and go to.</summary>
    public required StepStreams Streams { get; init; }
    /// <summary>Paths inside whose change during the step is no news: files that standard output is redirected to.</summary>
    public IReadOnlySet<string> OutputPaths { get; init; } = new HashSet<string>(StringComparer.Ordinal);
}

/// <summary>The one way out of a step whose network is recorded: a port of its loopback, behind which somebody else answers.</summary>
/// <param name="Authority">The certificate (PEM) by which it vouches for the hosts it speaks for; programs inside find it as their bundle.</param>
/// <param name="Open">Called once, before the command starts, with the descriptor of the listening socket, which belongs to whoever is called.</param>
internal sealed record ProxyDoor(string Authority, Action<int> Open)
{
    /// <summary>The port on 127.0.0.1 inside.</summary>
    public const int Port = 3128;

    /// <summary>Where the certificate is shown inside.</summary>
    public const string AuthorityFile = "/varve/authority.pem";

    /// <summary>The variables by which programs find both: those of the proxy in both spellings, and the bundles of OpenSSL, curl, git, Python, Node, Cargo and the AWS tools.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Variables { get; } = [.. Names()];

    private static IEnumerable<KeyValuePair<string, string>> Names()
    {
        foreach (var name in new[] { "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY" }) yield return new(name, "http://127.0.0.1:3128");
        foreach (var name in new[] { "no_proxy", "NO_PROXY" }) yield return new(name, "localhost,127.0.0.1,::1");
        foreach (var name in new[] { "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE" })
            yield return new(name, AuthorityFile);
    }
}

/// <summary>A folder a step may write.</summary>
/// <param name="Inside">The path as the step sees it.</param>
/// <param name="Outside">The folder on the host.</param>
internal sealed record WritableFolder(string Inside, string Outside);

/// <summary>What came of running a command in the sandbox.</summary>
internal sealed record SandboxResult
{
    /// <summary>Exit status; 128 + N when signal N ended it.</summary>
    public required int ExitCode { get; init; }
    /// <summary>Set when the step was ended by the timeout or by an interrupt.</summary>
    public string Ended { get; init; } = "";
    /// <summary>When the command could not be executed at all: errno; else 0.</summary>
    public int ExecuteError { get; init; }
    /// <summary>What it learnt, sorted by path and kind, about the state before it ran.</summary>
    public required IReadOnlyList<Observation> Observations { get; init; }
    /// <summary>What it left different, parents first.</summary>
    public required IReadOnlyList<PendingChange> Changes { get; init; }
    public required IReadOnlyList<Renaming> Renames { get; init; }
    public required IReadOnlyList<Effect> Effects { get; init; }
    public required IReadOnlyList<string> Programs { get; init; }
    /// <summary>Paths it observed that another process changed while it ran.</summary>
    public required IReadOnlyList<string> ChangedUnderneath { get; init; }
    /// <summary>Paths it wrote that another process wrote too while it ran.</summary>
    public required IReadOnlyList<PendingChange> WrittenMeanwhile { get; init; }
    public required TimeSpan Elapsed { get; init; }
    public required TimeSpan Processor { get; init; }
    public required long PeakBytes { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    /// <summary>How its parts fared.</summary>
    public PartTally Parts { get; init; } = PartTally.None;
}

/// <summary>A change that still lies in the step's upper layer.</summary>
/// <param name="Change">What it is; a file's digest is already computed.</param>
/// <param name="UpperPath">Where its bytes lie now, on the host.</param>
/// <param name="OutsidePath">Where it belongs, on the host.</param>
/// <param name="Before">What stood there when the step ended.</param>
/// <param name="ModifiedNs">The time stamp the step gave it.</param>
internal sealed record PendingChange(Change Change, string UpperPath, string OutsidePath, FileStamp Before, long ModifiedNs);
