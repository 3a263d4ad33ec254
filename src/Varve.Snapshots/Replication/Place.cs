using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>Where a dataset or a repository is, as a person types it: <c>[[user@]host:]dataset</c>, <c>[[user@]host:]repo:folder</c>.</summary>
/// <param name="Host">The host; empty for this one.</param>
/// <param name="Name"><c>pool/name</c>, an absolute folder, or the folder of a repository.</param>
/// <param name="IsRepository">Whether it is a repository.</param>
public sealed record Place(string Host, string Name, bool IsRepository)
{
    private const string Repository = "repo:";

    /// <summary>Reads what was typed. What stands before the first colon is a host, unless there is a slash in it.</summary>
    /// <exception cref="SnapshotException">It makes no sense.</exception>
    public static Place Parse(string text)
    {
        var (host, rest) = ("", text);
        if (!text.StartsWith(Repository, StringComparison.Ordinal) && text.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && !text.AsSpan(0, colon).Contains('/'))
            (host, rest) = (text[..colon], text[(colon + 1)..]);
        var repository = rest.StartsWith(Repository, StringComparison.Ordinal);
        if (repository) rest = rest[Repository.Length..];
        if (rest.Length == 0) throw new SnapshotException($"'{text}' names no dataset; write it as pool/name, /folder, host:pool/name, or repo:/folder");
        if (rest.Length > 1 && rest[^1] == '/') rest = rest.TrimEnd('/');
        if (rest.Contains('@', StringComparison.Ordinal) && !rest.StartsWith('/')) throw new SnapshotException($"'{text}' names a snapshot, and a sync is of datasets; leave out what follows the @, and choose snapshots with --include-snaps");
        if (repository && host.Length > 0 && !rest.StartsWith('/')) throw new SnapshotException($"'{text}': the folder of a repository on another host must be absolute");
        return new Place(host, rest, repository);
    }
}

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

    /// <summary>A side, after one call to its host.</summary>
    /// <exception cref="SnapshotException">The host cannot be reached, or has no program that could do it.</exception>
    public Side Open(Place place)
    {
        var host = HostOf(place);
        var facts = HostFacts.Of(host, place.Name);
        if (!_backEnds.TryGetValue(place.Host, out var backEnds)) _backEnds[place.Host] = backEnds = new BackEnds(host, warn);
        return new Side(backEnds.Of(place.Name, facts), place.Name) { IsKeyless = facts.IsKeyless, HasZstd = facts.HasZstd };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var host in _hosts.Values) host.Dispose();
    }
}
