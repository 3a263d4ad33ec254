using System.Diagnostics;
using System.Globalization;
using System.Text;
using Varve.Snapshots.Remote;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>How far a host is, as measured.</summary>
/// <param name="Latency">From a question to its answer.</param>
/// <param name="BytesPerSecond">Of a probe of a megabyte.</param>
public sealed record Distance(TimeSpan Latency, double BytesPerSecond)
{
    /// <summary>How long so many bytes in so many files would take, in seconds.</summary>
    public double Seconds(long bytes, long batches) => (Latency.TotalSeconds * batches) + (bytes / Math.Max(1, BytesPerSecond));
}

/// <summary>A conversation with another host's <see cref="PeerServer"/>.</summary>
public sealed class PeerSession : IDisposable
{
    private const int ProbeBytes = 1 << 20, Pings = 3;
    private readonly Host _host;
    private readonly Conversation _talk;

    private PeerSession(HostRecord peer, Host host, Conversation talk) => (Peer, _host, _talk) = (peer, host, talk);

    /// <summary>The other host.</summary>
    public HostRecord Peer { get; private set; }

    /// <summary>How far it is; known after <see cref="Measure"/>.</summary>
    public Distance Distance { get; private set; } = new(TimeSpan.Zero, 1);

    /// <summary>Begins a conversation.</summary>
    /// <exception cref="SnapshotException">The host cannot be reached, or has no varve that understands this one.</exception>
    public static PeerSession Open(HostRecord peer, SshOptions ssh)
    {
        var host = Host.Remote(peer.Address, ssh);
        PeerSession? session = null;
        try
        {
            session = new PeerSession(peer, host, new Conversation(host, $"{peer.Name} ({peer.Address})", ["varve", "data", "peer"]));
            session.Peer = peer with { Name = Encoding.UTF8.GetString(session._talk.Ask($"hello {PeerServer.Version}")) };
            return session;
        }
        catch
        {
            if (session is null) host.Dispose();
            session?.Dispose();
            throw;
        }
    }

    /// <summary>Measures how far the host is.</summary>
    public void Measure()
    {
        var latency = TimeSpan.MaxValue;
        for (var i = 0; i < Pings; i++)
        {
            var asked = Stopwatch.GetTimestamp();
            _talk.Ask("probe 0");
            if (Stopwatch.GetElapsedTime(asked) is var took && took < latency) latency = took;
        }
        var started = Stopwatch.GetTimestamp();
        _talk.Ask($"probe {ProbeBytes}");
        var seconds = (Stopwatch.GetElapsedTime(started) - latency).TotalSeconds;
        Distance = new Distance(latency, ProbeBytes / Math.Max(1e-6, seconds));
    }

    /// <summary>Gives the other host what is known here, and takes what it knows.</summary>
    public Catalogue Exchange(Catalogue own)
    {
        var bytes = CatalogueText.Of(own);
        return CatalogueText.Read(_talk.Ask($"exchange {bytes.Length}", bytes), $"the catalogue of {Peer.Name}");
    }

    /// <summary>What a snapshot holds.</summary>
    public Manifest List(string dataset, ulong guid) => Manifest.Read(_talk.Ask($"list {Word(dataset)} {Word(guid)}"));

    /// <summary>The digest of a manifest, or of all contents too, which the host reads for it.</summary>
    public string Digest(string dataset, ulong guid, bool contents) => Encoding.ASCII.GetString(_talk.Ask($"{(contents ? "contents" : "digest")} {Word(dataset)} {Word(guid)}"));

    /// <summary>Fetches files, one after the other.</summary>
    /// <param name="dataset">Of which dataset.</param>
    /// <param name="guid">Of which snapshot.</param>
    /// <param name="wanted">Which, and from which byte on.</param>
    /// <param name="take">Given the number of the file among those wanted, how many bytes come, and where to read them: all of them must be read.</param>
    /// <exception cref="SnapshotException">A file cannot be had from this host, or the connection ended.</exception>
    internal void Get(string dataset, ulong guid, IReadOnlyList<(byte[] Path, long Offset)> wanted, Action<int, long, WireReader> take)
    {
        var request = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"get {Word(dataset)} {Word(guid)} {wanted.Count}\n"));
        foreach (var (path, offset) in wanted) request.Append(CultureInfo.InvariantCulture, $"{offset} {Convert.ToBase64String(path)}\n");
        _talk.Guarded(() =>
        {
            _talk.Write(Encoding.UTF8.GetBytes(request.ToString()));
            for (var i = 0; i < wanted.Count; i++) take(i, _talk.Head(), _talk.Reader);
            return true;
        });
    }

    private static string Word(string dataset) => Convert.ToBase64String(Encoding.UTF8.GetBytes(dataset));

    private static string Word(ulong guid) => guid.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Dispose()
    {
        _talk.Dispose();
        _host.Dispose();
    }
}
