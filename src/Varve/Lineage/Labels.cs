using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>Something a person said of a content; it stays with the bytes, whatever they are called.</summary>
/// <param name="Digest">The content.</param>
/// <param name="Name">The label's name.</param>
/// <param name="Value">Its value; may be empty.</param>
/// <param name="Path">The file it was when it was labelled.</param>
/// <param name="At">When it was labelled, UTC.</param>
public sealed record Label(Digest Digest, string Name, string Value, string Path, DateTimeOffset At);

/// <summary>A file as a person names it: a content, and where it lies or lay.</summary>
/// <param name="Path">Absolute path; empty when only the digest was given and nobody knows a name.</param>
/// <param name="Digest">Its content.</param>
/// <param name="Bytes">Its size; -1 when it is not known.</param>
internal readonly record struct NamedContent(string Path, Digest Digest, long Bytes)
{
    private const int ShortestHex = 8, Digits = 64;

    /// <summary>The content of a file as it is now, or of a digest or the beginning of one that the lineage knows.</summary>
    /// <param name="lineage">Where digests are looked up.</param>
    /// <param name="name">What was said.</param>
    /// <param name="path">The same as an absolute path.</param>
    /// <exception cref="NotKnownException">There is no such file and no such content.</exception>
    public static NamedContent Of(LineageDatabase lineage, string name, string path)
    {
        var stamp = Files.Look(path);
        if (stamp.Kind == FileKind.File)
        {
            using var file = Files.OpenRead(path);
            return new NamedContent(path, BlobStore.HashOf(file), stamp.Size);
        }
        if (stamp.Kind == FileKind.Directory) throw new NotKnownException($"{path} is a folder; name a file in it");
        var hex = (name.StartsWith("sha256:", StringComparison.Ordinal) ? name[7..] : name).ToLowerInvariant();
        if (hex.Length is < ShortestHex or > Digits || !hex.All(char.IsAsciiHexDigitLower)) throw new NotKnownException($"there is no file {path}; name a file as it is now, or a digest (sha256:...)");
        var found = lineage.Ask(() =>
        {
            var contents = new List<NamedContent>();
            using var row = lineage.Query("""
                SELECT digest, path, bytes FROM (
                    SELECT digest, path, bytes FROM writes UNION ALL SELECT digest, path, -1 FROM reads UNION ALL SELECT digest, path, -1 FROM labels UNION ALL SELECT digest, path, bytes FROM taints)
                WHERE digest BETWEEN $1 AND $2 GROUP BY digest LIMIT 5
                """, Convert.FromHexString(hex.PadRight(Digits, '0')), Convert.FromHexString(hex.PadRight(Digits, 'f')));
            while (row.Read()) contents.Add(new NamedContent(row.GetString(1), new Digest((byte[])row[0]), row.GetInt64(2)));
            return contents;
        });
        if (found.Count > 1) throw new NotKnownException($"{name} is the beginning of several digests: {string.Join(", ", found.Select(f => f.Digest.Hex[..16]))}; give more of it");
        if (found.Count == 1) return found[0];
        return Digest.TryParse("sha256:" + hex, out var whole) ? new NamedContent("", whole, -1) : throw new NotKnownException($"no content is known whose digest begins with {name}");
    }
}

/// <summary>What people said of contents.</summary>
internal sealed class Labels(LineageDatabase lineage)
{
    /// <summary>All of them, by path and name.</summary>
    public IReadOnlyList<Label> All() => Read("");

    /// <summary>Those of one content, by name.</summary>
    public IReadOnlyList<Label> Of(Digest digest) => Read("WHERE digest = $1", digest.Bytes.ToArray());

    /// <summary>Those of a name, and of a value if one is given.</summary>
    public IReadOnlyList<Label> Named(string name, string? value) =>
        value is null ? Read("WHERE name = $1", name) : Read("WHERE name = $1 AND value = $2", name, value);

    /// <summary>Labels a content; another value of the same name is replaced.</summary>
    public Label Set(NamedContent content, string name, string value)
    {
        var label = new Label(content.Digest, name, value, LineageDatabase.Printable(content.Path), DateTimeOffset.UtcNow);
        lineage.Ask(() =>
        {
            lineage.Run("INSERT OR REPLACE INTO labels VALUES($1, $2, $3, $4, $5)", label.Digest.Bytes.ToArray(), name, value, label.Path, label.At.ToUnixTimeMilliseconds());
            return true;
        });
        return label;
    }

    /// <summary>Takes a label away.</summary>
    /// <exception cref="NotKnownException">The content has no label of that name.</exception>
    public Label Remove(NamedContent content, string name)
    {
        var label = Of(content.Digest).FirstOrDefault(l => l.Name == name) ?? throw new NotKnownException($"{content.Path} ({content.Digest.Short}) has no label {name}; `varve label PATH` lists those it has");
        lineage.Ask(() =>
        {
            lineage.Run("DELETE FROM labels WHERE digest = $1 AND name = $2", content.Digest.Bytes.ToArray(), name);
            return true;
        });
        return label;
    }

    private IReadOnlyList<Label> Read(string condition, params object?[] values) => lineage.Ask(() =>
    {
        var labels = new List<Label>();
        using var row = lineage.Query($"SELECT digest, name, value, path, at FROM labels {condition} ORDER BY path, name", values);
        while (row.Read()) labels.Add(new Label(new Digest((byte[])row[0]), row.GetString(1), row.GetString(2), row.GetString(3), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4))));
        return labels;
    });
}
