using System.Globalization;
using System.Text.Json;

namespace Varve.Snapshots.Repository;

/// <summary>What a snapshot says of itself.</summary>
/// <param name="Name">64 hexadecimal digits: the digest of its object.</param>
/// <param name="Taken">When the backup began.</param>
/// <param name="Host">On which host.</param>
/// <param name="Path">Of which folder; bytes that are not UTF-8 as \xNN.</param>
/// <param name="Label">A name that a person or a policy gave; empty without.</param>
/// <param name="Files">How many files.</param>
/// <param name="Directories">How many directories.</param>
/// <param name="Bytes">Size of all files.</param>
/// <param name="AddedBytes">What the repository grew by.</param>
public sealed record SnapshotDescription(
    string Name, DateTimeOffset Taken, string Host, string Path, string Label, long Files, long Directories, long Bytes, long AddedBytes)
{
    /// <summary>The same on every host that has this snapshot; no other has it.</summary>
    public ulong Guid { get; init; }

    /// <summary>Whether a policy took it.</summary>
    public bool IsMarked { get; init; }

    internal static ulong NewGuid() => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8)) | 1;
}

/// <summary>A snapshot object: what it says of itself, and the entry of the folder that was saved.</summary>
internal sealed record RepositorySnapshot(SnapshotDescription Description, byte[] PathBytes, TreeEntry Root)
{
    private static ReadOnlySpan<byte> Magic => "VARVESN1"u8;

    private static ReadOnlySpan<byte> About => "varve snapshot"u8;

    /// <summary>The object.</summary>
    public byte[] ToBytes(BlobCodec codec)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("taken", Description.Taken);
            json.WriteString("host", Description.Host);
            json.WriteBase64String("path", PathBytes);
            json.WriteString("label", Description.Label);
            json.WriteNumber("files", Description.Files);
            json.WriteNumber("directories", Description.Directories);
            json.WriteNumber("bytes", Description.Bytes);
            json.WriteNumber("addedBytes", Description.AddedBytes);
            json.WriteString("guid", Description.Guid.ToString("x16", CultureInfo.InvariantCulture));
            if (Description.IsMarked) json.WriteBoolean("marked", true);
            json.WriteBase64String("root", Root.Encode());
            json.WriteEndObject();
        }
        return [.. Magic, .. codec.Seal(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), About)];
    }

    /// <summary>Reads an object.</summary>
    /// <exception cref="SnapshotException">It was sealed with another key, or makes no sense.</exception>
    public static RepositorySnapshot Parse(byte[] bytes, string name, BlobCodec codec)
    {
        if (!bytes.AsSpan().StartsWith(Magic) || codec.Open(bytes.AsSpan(Magic.Length), About) is not { } plain)
            throw new SnapshotException($"snapshots/{name} was not written by a holder of the key: the host has changed it");
        try
        {
            using var json = JsonDocument.Parse(plain);
            var root = json.RootElement;
            var path = root.GetProperty("path").GetBytesFromBase64();
            var reader = new ByteReader(root.GetProperty("root").GetBytesFromBase64());
            return new RepositorySnapshot(
                new SnapshotDescription(name, root.GetProperty("taken").GetDateTimeOffset(), root.GetProperty("host").GetString()!, Posix.Show(path),
                    root.GetProperty("label").GetString()!, root.GetProperty("files").GetInt64(), root.GetProperty("directories").GetInt64(),
                    root.GetProperty("bytes").GetInt64(), root.GetProperty("addedBytes").GetInt64())
                {
                    // A snapshot of an earlier version has none: its name tells it from others as well.
                    Guid = ulong.Parse(root.TryGetProperty("guid", out var guid) ? guid.GetString()! : name[..16], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                    IsMarked = root.TryGetProperty("marked", out var marked) && marked.GetBoolean(),
                },
                path, TreeEntry.Decode(ref reader));
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or JsonException or InvalidDataException)
        {
            throw new SnapshotException($"snapshots/{name} makes no sense", e);
        }
    }
}
