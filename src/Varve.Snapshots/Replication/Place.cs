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
