using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>The sides that a line names; hosts are reached once, however many places are on them.</summary>
/// <param name="ssh">How other hosts are reached.</param>
/// <param name="warn">Told of files that a snapshot could not take in, a line each.</param>
/// <param name="sudo">Whether programs on other hosts are run by sudo where the user is not root.</param>
public sealed class Sides(SshOptions ssh, Action<string>? warn, bool sudo) : IDisposable
{
    private readonly Dictionary<string, Host> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BackEnds> _backEnds = new(StringComparer.Ordinal);

    /// <summary>The host of a place.</summary>
    public Host HostOf(Place place)
    {
        if (place.Host.Length == 0) return Host.Local;
        if (!_hosts.TryGetValue(place.Host, out var host)) _hosts[place.Host] = host = Host.Remote(place.Host, ssh with { Sudo = sudo && !IsRoot(place.Host) });
        return host;
    }

    private static bool IsRoot(string host) => host.Contains('@', StringComparison.Ordinal) ? host.StartsWith("root@", StringComparison.Ordinal) : Environment.IsPrivilegedProcess;

    /// <summary>Begins to reach a place that will be opened.</summary>
    /// <param name="place">Where.</param>
    /// <param name="recursive">Whether what is below it will be asked for as well.</param>
    public void Expect(Place place, bool recursive)
    {
        var host = HostOf(place);
        HostFacts.Expect(host, place.Name);
        BackEndsOf(place, host).Expect(place.Name, recursive);
        host.ExpectStream();
    }

    private BackEnds BackEndsOf(Place place, Host host)
    {
        if (!_backEnds.TryGetValue(place.Host, out var backEnds)) _backEnds[place.Host] = backEnds = new BackEnds(host, warn);
        return backEnds;
    }

    /// <summary>A side, after one call to its host.</summary>
    /// <param name="place">Where.</param>
    /// <param name="recursive">Whether what is below it will be asked for as well.</param>
    /// <exception cref="SnapshotException">The host cannot be reached, or has no program that could do it.</exception>
    public Side Open(Place place, bool recursive = false)
    {
        Expect(place, recursive);
        var host = HostOf(place);
        var facts = HostFacts.Of(host, place.Name);
        return new Side(BackEndsOf(place, host).Of(place.Name, facts), place.Name) { IsKeyless = facts.IsKeyless, HasZstd = facts.HasZstd };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var host in _hosts.Values) host.Dispose();
    }
}
