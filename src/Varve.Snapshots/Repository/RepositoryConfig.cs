using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Varve.Snapshots.Repository;

/// <summary>What a repository says of itself to everyone: the file <c>config</c>. It never changes.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Cipher">How it seals.</param>
/// <param name="Master">The master secret of a repository that is not encrypted; else null.</param>
internal sealed record RepositoryConfig(string Id, RepositoryCipher Cipher, byte[]? Master)
{
    public const string FileName = "config";
    private const int Format = 1;

    private static readonly (RepositoryCipher Cipher, string Name)[] Ciphers =
        [(RepositoryCipher.None, "none"), (RepositoryCipher.Aes, "xaes-256-gcm"), (RepositoryCipher.ChaCha, "xchacha20-poly1305")];

    /// <summary>The name that the file has for a cipher.</summary>
    public static string NameOf(RepositoryCipher cipher) => Array.Find(Ciphers, c => c.Cipher == cipher).Name;

    /// <summary>A new repository.</summary>
    public static RepositoryConfig New(RepositoryCipher cipher) => new(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), cipher,
        cipher == RepositoryCipher.None ? RandomNumberGenerator.GetBytes(Secrets.MasterSize) : null);

    /// <summary>What a wrapped key is bound to: it opens no repository that claims another cipher.</summary>
    public byte[] About => Encoding.ASCII.GetBytes($"varve key {Format} {Id} {NameOf(Cipher)}");

    /// <summary>The file.</summary>
    public byte[] ToBytes() => Checked.Write(json =>
    {
        json.WriteString("kind", "varve repository");
        json.WriteNumber("format", Format);
        json.WriteString("id", Id);
        json.WriteString("cipher", NameOf(Cipher));
        if (Master is not null) json.WriteString("secret", Convert.ToHexStringLower(Master));
    });

    /// <summary>Reads the file.</summary>
    /// <param name="bytes">Of the file.</param>
    /// <param name="path">Of the repository, for messages.</param>
    /// <exception cref="SnapshotException">It is damaged, or of a later format.</exception>
    public static RepositoryConfig Parse(byte[] bytes, string path)
    {
        using var json = Checked.Read(bytes, $"config in {path}");
        var root = json.RootElement;
        try
        {
            if (root.GetProperty("format").GetInt32() is var format and not Format)
                throw new SnapshotException($"{path} has format {format}; this version of varve knows format {Format}: take a later version");
            var name = root.GetProperty("cipher").GetString();
            var index = Array.FindIndex(Ciphers, c => c.Name == name);
            if (index < 0) throw new SnapshotException($"{path} is sealed with '{name}', which this version of varve does not know");
            var master = root.TryGetProperty("secret", out var secret) ? Convert.FromHexString(secret.GetString()!) : null;
            var id = root.GetProperty("id").GetString()!;
            var cipher = Ciphers[index].Cipher;
            if (id.Length != 32 || id.AsSpan().ContainsAnyExcept(Hex) || (cipher == RepositoryCipher.None) != (master is { Length: Secrets.MasterSize }))
                throw new SnapshotException($"config in {path} makes no sense");
            return new RepositoryConfig(id, cipher, master);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new SnapshotException($"config in {path} makes no sense", e);
        }
    }

    private static readonly System.Buffers.SearchValues<char> Hex = System.Buffers.SearchValues.Create("0123456789abcdef");
}

/// <summary>Small JSON files whose last field, <c>check</c>, is the SHA-256 of all before it: damage shows without a key.</summary>
internal static class Checked
{
    private const string Field = ",\"check\":\"";

    /// <summary>The file with these fields.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        var body = buffer.GetBuffer().AsSpan(0, (int)buffer.Length - 1);
        return [.. body, .. Encoding.ASCII.GetBytes($"{Field}{Convert.ToHexStringLower(SHA256.HashData(body))}\"}}\n")];
    }

    /// <summary>Whether the file is as it was written.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes)
    {
        var at = bytes.LastIndexOf(Encoding.ASCII.GetBytes(Field));
        return at > 0 && bytes[at..].SequenceEqual(Encoding.ASCII.GetBytes($"{Field}{Convert.ToHexStringLower(SHA256.HashData(bytes[..at]))}\"}}\n"));
    }

    /// <summary>The fields of the file.</summary>
    /// <param name="bytes">Of the file.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <param name="remedy">What helps when it is damaged.</param>
    /// <exception cref="SnapshotException">It is damaged.</exception>
    public static JsonDocument Read(byte[] bytes, string what, string remedy = "; `varve snap repo verify --repair-from` takes it from another copy")
    {
        if (!IsWhole(bytes)) throw new SnapshotException($"{what} is damaged: its bytes are not those that were written{remedy}");
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw new SnapshotException($"{what} is damaged", e);
        }
    }
}
