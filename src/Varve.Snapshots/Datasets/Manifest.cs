using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Datasets;

/// <summary>A name in a snapshot.</summary>
/// <param name="Path">From the dataset; bytes, without a slash at either end.</param>
/// <param name="Kind"><c>f</c> a file, <c>d</c> a directory, <c>l</c> a symbolic link.</param>
/// <param name="Mode">Permission and set-id bits.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Size">Bytes of a file, else 0.</param>
/// <param name="ModifiedNs">Nanoseconds since 1970 (UTC).</param>
/// <param name="Target">Of a symbolic link; else empty.</param>
public sealed record FileRow(byte[] Path, char Kind, uint Mode, uint Uid, uint Gid, long Size, long ModifiedNs, byte[] Target)
{
    /// <summary>The path for people.</summary>
    public string Shown => Posix.Show(Path);
}

/// <summary>
/// What a snapshot holds: its directories, files and links, sorted by the bytes of their paths, so that directories come before
/// what they hold. Two hosts that hold one snapshot have the same manifest.
/// </summary>
public sealed class Manifest
{
    private Manifest(IReadOnlyList<FileRow> rows, byte[] bytes) => (Rows, Bytes, Digest) = (rows, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));

    /// <summary>The rows.</summary>
    public IReadOnlyList<FileRow> Rows { get; }

    /// <summary>As it is sent: for each row kind, mode, owner, group, size and time with blanks between, then path and target, each with a zero after it.</summary>
    public byte[] Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>, in hexadecimal.</summary>
    public string Digest { get; }

    /// <summary>Of these rows.</summary>
    public static Manifest Of(IEnumerable<FileRow> rows)
    {
        var sorted = rows.ToArray();
        Array.Sort(sorted, static (a, b) => a.Path.AsSpan().SequenceCompareTo(b.Path));
        using var bytes = new MemoryStream();
        foreach (var row in sorted)
        {
            bytes.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{row.Kind} {row.Mode} {row.Uid} {row.Gid} {row.Size} {row.ModifiedNs}")));
            bytes.WriteByte(0);
            bytes.Write(row.Path);
            bytes.WriteByte(0);
            bytes.Write(row.Target);
            bytes.WriteByte(0);
        }
        return new Manifest(sorted, bytes.ToArray());
    }

    /// <summary>Reads what another host sent. A path that would lead out of the target is refused.</summary>
    /// <exception cref="SnapshotException">It makes no sense.</exception>
    public static Manifest Read(byte[] bytes)
    {
        var rows = new List<FileRow>();
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            var words = Encoding.ASCII.GetString(Field(ref rest)).Split(' ');
            var (path, target) = (Field(ref rest).ToArray(), Field(ref rest).ToArray());
            if (words is not [{ Length: 1 } kind, var mode, var uid, var gid, var size, var modified] || kind[0] is not ('f' or 'd' or 'l') || !IsInside(path)
                || !uint.TryParse(mode, CultureInfo.InvariantCulture, out var bits) || bits > 0xFFF || !uint.TryParse(uid, CultureInfo.InvariantCulture, out var owner) || !uint.TryParse(gid, CultureInfo.InvariantCulture, out var group)
                || !long.TryParse(size, CultureInfo.InvariantCulture, out var length) || length < 0 || !long.TryParse(modified, CultureInfo.InvariantCulture, out var ns)
                || (rows.Count > 0 && rows[^1].Path.AsSpan().SequenceCompareTo(path) >= 0))
                throw new SnapshotException($"what the host says the snapshot holds makes no sense at row {rows.Count + 1}; is its varve of the same version?");
            rows.Add(new FileRow(path, kind[0], bits, owner, group, length, ns, target));
        }
        return new Manifest(rows, bytes);
    }

    private static bool IsInside(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty) return false;
        foreach (var range in path.Split((byte)'/'))
            if (path[range] is [] or [(byte)'.'] or [(byte)'.', (byte)'.']) return false;
        return true;
    }

    private static ReadOnlySpan<byte> Field(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)0);
        if (end < 0) throw new SnapshotException("what the host says the snapshot holds ends too early");
        var field = rest[..end];
        rest = rest[(end + 1)..];
        return field;
    }

    /// <summary>Whether a row is one of these paths, below one of them, or a directory above one.</summary>
    public static bool IsWanted(FileRow row, IReadOnlyList<byte[]> paths)
    {
        foreach (var path in paths)
        {
            if (path.Length == 0 || IsBelow(row.Path, path) || (row.Kind == 'd' && IsBelow(path, row.Path))) return true;
        }
        return false;
    }

    private static bool IsBelow(ReadOnlySpan<byte> path, ReadOnlySpan<byte> folder) => path.StartsWith(folder) && (path.Length == folder.Length || path[folder.Length] == '/');
}
