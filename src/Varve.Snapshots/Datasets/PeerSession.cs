using System.Diagnostics;
using System.Globalization;
using System.Text;
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
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly WireReader _reader;
    private readonly Stream _writer;

    private PeerSession(HostRecord peer, Host host, Process process)
    {
        (Peer, _host, _process) = (peer, host, process);
        _error = process.StandardError.ReadToEndAsync();
        _reader = new WireReader(process.StandardOutput.BaseStream);
        _writer = process.StandardInput.BaseStream;
    }

    /// <summary>The other host.</summary>
    public HostRecord Peer { get; private set; }

    /// <summary>How far it is; known after <see cref="Measure"/>.</summary>
    public Distance Distance { get; private set; } = new(TimeSpan.Zero, 1);

    /// <summary>
    /// The options of ssh that the environment names: <c>VARVE_SSH_CONFIG</c>, a file for its <c>-F</c>. A host that vanishes is given up after
    /// fifteen to twenty seconds, for another may hold the same.
    /// </summary>
    public static SshOptions UsualSsh => new()
    {
        Arguments = [.. Environment.GetEnvironmentVariable("VARVE_SSH_CONFIG") is { Length: > 0 } file ? ["-F", file] : Array.Empty<string>(), "-o", "ConnectTimeout=10"],
        AliveSeconds = 5,
    };

    /// <summary>Begins a conversation.</summary>
    /// <exception cref="SnapshotException">The host cannot be reached, or has no varve that understands this one.</exception>
    public static PeerSession Open(HostRecord peer, SshOptions ssh)
    {
        var host = Host.Remote(peer.Address, ssh);
        PeerSession? session = null;
        try
        {
            session = new PeerSession(peer, host, host.Start(["varve", "data", "peer"], readsInput: true));
            session.Peer = peer with { Name = Encoding.UTF8.GetString(session.Ask($"hello {PeerServer.Version}")) };
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
            Ask("probe 0");
            if (Stopwatch.GetElapsedTime(asked) is var took && took < latency) latency = took;
        }
        var started = Stopwatch.GetTimestamp();
        Ask($"probe {ProbeBytes}");
        var seconds = (Stopwatch.GetElapsedTime(started) - latency).TotalSeconds;
        Distance = new Distance(latency, ProbeBytes / Math.Max(1e-6, seconds));
    }

    /// <summary>Gives the other host what is known here, and takes what it knows.</summary>
    public Catalogue Exchange(Catalogue own)
    {
        var bytes = CatalogueText.Of(own);
        return CatalogueText.Read(Ask($"exchange {bytes.Length}", bytes), $"the catalogue of {Peer.Name}");
    }

    /// <summary>What a snapshot holds.</summary>
    public Manifest List(string dataset, ulong guid) => Manifest.Read(Ask($"list {Word(dataset)} {Word(guid)}"));

    /// <summary>The digest of a manifest, or of all contents too, which the host reads for it.</summary>
    public string Digest(string dataset, ulong guid, bool contents) => Encoding.ASCII.GetString(Ask($"{(contents ? "contents" : "digest")} {Word(dataset)} {Word(guid)}"));

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
        Guarded(() =>
        {
            Write(Encoding.UTF8.GetBytes(request.ToString()));
            for (var i = 0; i < wanted.Count; i++) take(i, Head(), _reader);
            return true;
        });
    }

    private byte[] Ask(string line, ReadOnlyMemory<byte> more = default) => Guarded(() =>
    {
        Write([.. Encoding.UTF8.GetBytes(line + "\n"), .. more.Span]);
        return _reader.Bytes(Head());
    });

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _writer.Write(bytes);
        _writer.Flush();
    }

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is EndOfStreamException or IOException { InnerException: System.Net.Sockets.SocketException } || e is IOException and not FileNotFoundException)
        {
            if (!_process.WaitForExit(1000)) _process.Kill();
            var said = _error.Wait(1000) ? _error.Result.Trim() : "";
            throw new SnapshotException($"{Peer.Name} ({Peer.Address}) {(said.Length > 0 ? $"cannot be reached: {said.Split('\n')[^1]}" : "went away")}", e);
        }
    }

    private long Head()
    {
        var line = _reader.Line() ?? throw new EndOfStreamException();
        if (line.StartsWith("no ", StringComparison.Ordinal)) throw new SnapshotException($"{Peer.Name}: {line[3..]}");
        return line.StartsWith("ok ", StringComparison.Ordinal) && long.TryParse(line.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length
            : throw new SnapshotException($"{Peer.Name} answers '{line[..Math.Min(60, line.Length)]}', which is not what varve says; is there another program of that name?");
    }

    private static string Word(string dataset) => Convert.ToBase64String(Encoding.UTF8.GetBytes(dataset));

    private static string Word(ulong guid) => guid.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _writer.Dispose();
        }
        catch (IOException)
        {
            // It went away first.
        }
        if (!_process.WaitForExit(2000)) _process.Kill();
        _process.Dispose();
        _host.Dispose();
    }
}
