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
        return new Place(host, host.Length == 0 && !repository ? Absolute(text, rest) : rest, repository);
    }

    /// <summary>A folder of this host that was named from the current one; other names without a slash in front are datasets of ZFS.</summary>
    private static string Absolute(string text, string name)
    {
        if (name is "." or ".." || name.StartsWith("./", StringComparison.Ordinal) || name.StartsWith("../", StringComparison.Ordinal)) return Path.GetFullPath(name);
        if (!name.StartsWith('/') && Directory.Exists(name) && !Directory.Exists("/sys/module/zfs"))
            throw new SnapshotException($"'{text}' would be a dataset of ZFS, which this host does not have; the folder of that name is ./{name}");
        return name;
    }
}
