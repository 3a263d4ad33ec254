using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>The hosts that a clone can come from, the nearest first. All are asked at once how far they are; one that failed is not asked again in this run.</summary>
internal sealed class PeerChoice : IDisposable
{
    private readonly string _what;
    private readonly List<PeerSession> _sessions = [];
    private readonly List<string> _failures = [];
    private readonly HashSet<PeerSession> _agreed = [];
    private readonly Action<string> _say;
    private readonly CloneState _state;

    public PeerChoice(LocalHost host, SshOptions ssh, CloneState state, Action<string> say)
    {
        (_what, _say, _state) = ($"{state.Dataset}@{state.LocalName}", say, state);
        var catalogue = host.Catalogue;
        var peers = catalogue.Holders(state.Dataset).Where(h => h.Name != host.Self.Name && h.Of(state.Dataset)!.Snapshots.Any(s => s.Guid == state.Guid) && !h.Of(state.Dataset)!.IsLeaving).ToList();
        Parallel.ForEach(peers, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, peers.Count) }, peer =>
        {
            try
            {
                var session = PeerSession.Open(peer, ssh);
                session.Measure();
                lock (_sessions) _sessions.Add(session);
            }
            catch (SnapshotException e)
            {
                lock (_failures) _failures.Add(e.Message);
            }
        });
        // A probe tells of a megabyte; a round trip is counted for each of as many batches as would bring a gigabyte.
        const long Gigabyte = 1L << 30, Batches = 16;
        _sessions.Sort(static (a, b) => a.Distance.Seconds(Gigabyte, Batches).CompareTo(b.Distance.Seconds(Gigabyte, Batches)));
    }

    /// <summary>The hosts in the order in which they would be asked.</summary>
    public IReadOnlyList<PeerSession> All => _sessions;

    /// <summary>The nearest that has not failed.</summary>
    /// <exception cref="SnapshotException">None is left.</exception>
    public PeerSession Nearest() => _sessions.Count > 0 ? _sessions[0]
        : throw new SnapshotException(_failures.Count == 0 ? $"no other host is known to hold {_what}; `varve data where {_state.Dataset}` lists them" : $"no host that holds {_what} is left: {string.Join("; ", _failures)}; the same command goes on where it stopped");

    /// <summary>Compares what a host says the snapshot holds with what was said first.</summary>
    public void Agree(PeerSession peer, string digest)
    {
        if (!_agreed.Add(peer)) return;
        if (peer.Digest(_state.Dataset, _state.Guid, contents: false) != digest) throw new SnapshotException($"{peer.Peer.Name} holds {_what} with other files or other times than the host it was begun from");
    }

    /// <summary>Leaves the nearest out from now on.</summary>
    public void Failed(string why)
    {
        _failures.Add(why);
        _sessions[0].Dispose();
        _sessions.RemoveAt(0);
        if (_sessions.Count > 0) _say($"{why}; going on from {_sessions[0].Peer.Name}");
    }

    public void Dispose()
    {
        foreach (var session in _sessions) session.Dispose();
    }
}
