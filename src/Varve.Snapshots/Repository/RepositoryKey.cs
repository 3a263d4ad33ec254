using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace Varve.Snapshots.Repository;

/// <summary>What a person holds to open a repository: the content of a key file, or a passphrase.</summary>
public sealed class RepositoryKey
{
    private const string FileHead = "varve-repository-key:";

    private RepositoryKey(byte[] secret, bool isPassphrase)
    {
        Secret = secret;
        IsPassphrase = isPassphrase;
    }

    internal byte[] Secret { get; }

    internal bool IsPassphrase { get; }

    /// <summary>A passphrase; its key is derived by Argon2id.</summary>
    public static RepositoryKey OfPassphrase(string passphrase) => passphrase.Length > 0
        ? new RepositoryKey(Encoding.UTF8.GetBytes(passphrase), isPassphrase: true)
        : throw new SnapshotException("the passphrase is empty");

    /// <summary>The key in a file that <see cref="NewFile"/> made.</summary>
    /// <exception cref="SnapshotException">The file cannot be read, or holds no key.</exception>
    public static RepositoryKey OfFile(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"the key file {path} cannot be read: {e.Message}", e);
        }
        if (text.StartsWith(FileHead, StringComparison.Ordinal) && text.Length == FileHead.Length + 64 && Convert.FromHexString(text[FileHead.Length..]) is { } secret)
            return new RepositoryKey(secret, isPassphrase: false);
        throw new SnapshotException($"{path} holds no key of a repository; `varve snap repo init --new-key-file FILE` makes one");
    }

    /// <summary>The key that <c>VARVE_KEY_FILE</c> names, else the passphrase in <c>VARVE_PASSPHRASE</c>, else null.</summary>
    /// <exception cref="SnapshotException">The file cannot be read, or holds no key.</exception>
    public static RepositoryKey? OfEnvironment() =>
        Environment.GetEnvironmentVariable("VARVE_KEY_FILE") is { Length: > 0 } file ? OfFile(file)
            : Environment.GetEnvironmentVariable("VARVE_PASSPHRASE") is { Length: > 0 } passphrase ? OfPassphrase(passphrase) : null;

    /// <summary>
    /// Makes a key and writes it to a new file that only its owner may read, whole or not at all. A key that is there
    /// already, perhaps from a run that was interrupted, is taken.
    /// </summary>
    /// <exception cref="SnapshotException">Something else is there, or the file cannot be written.</exception>
    public static RepositoryKey NewFile(string path)
    {
        if (File.Exists(path)) return OfFile(path);
        var secret = RandomNumberGenerator.GetBytes(32);
        var unfinished = path + ".unfinished";
        try
        {
            ObjectFolder.TryDelete(unfinished);
            using (var file = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                file.Write(Encoding.ASCII.GetBytes($"{FileHead}{Convert.ToHexStringLower(secret)}\n"));
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, overwrite: false);
            ObjectFolder.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"the key file {path} cannot be made: {e.Message}", e);
        }
        return new RepositoryKey(secret, isPassphrase: false);
    }
}

/// <summary>What can be said of a key without having it.</summary>
/// <param name="Name">Of its file in the repository; 16 hexadecimal digits.</param>
/// <param name="Kind"><c>file</c> or <c>passphrase</c>.</param>
/// <param name="Created">When it was added (UTC).</param>
public sealed record KeyDescription(string Name, string Kind, DateTimeOffset Created);

/// <summary>
/// A file in <c>keys</c>: the master secret, wrapped under a person's key. Adding or removing a key rewrites nothing
/// else.
/// </summary>
internal static class WrappedKey
{
    private const int SaltSize = 16, MemoryKib = 128 * 1024, Passes = 3, MostMemoryKib = 4 * 1024 * 1024, MostPasses = 64;
    private const string Passphrase = "passphrase", InFile = "file";

    /// <summary>The file with the master wrapped.</summary>
    public static byte[] Wrap(RepositoryConfig config, byte[] master, RepositoryKey key, DateTimeOffset now)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltSize);
        using var codec = new BlobCodec(config.Cipher, Derive(key, salt, MemoryKib, Passes), 1);
        var wrapped = codec.Seal(master, config.About);
        return Checked.Write(json =>
        {
            json.WriteString("kind", key.IsPassphrase ? Passphrase : InFile);
            json.WriteString("created", now.UtcDateTime);
            json.WriteString("salt", Convert.ToHexStringLower(salt));
            if (key.IsPassphrase)
            {
                json.WriteString("derivation", "argon2id");
                json.WriteNumber("memoryKib", MemoryKib);
                json.WriteNumber("passes", Passes);
            }
            json.WriteString("wrapped", Convert.ToHexStringLower(wrapped));
        });
    }

    /// <summary>The master, when this is the file of that key; else null.</summary>
    /// <exception cref="SnapshotException">The file is damaged.</exception>
    public static byte[]? TryUnwrap(RepositoryConfig config, byte[] file, string name, RepositoryKey key)
    {
        using var json = Checked.Read(file, $"keys/{name}");
        var root = json.RootElement;
        try
        {
            if (root.GetProperty("kind").GetString() == Passphrase != key.IsPassphrase) return null;
            var (memory, passes) = key.IsPassphrase ? (root.GetProperty("memoryKib").GetInt32(), root.GetProperty("passes").GetInt32()) : (MemoryKib, Passes);
            if (memory is < 8 or > MostMemoryKib || passes is < 1 or > MostPasses) throw new SnapshotException($"keys/{name} asks for {memory} KiB of memory and {passes} passes, which no version of varve writes");
            using var codec = new BlobCodec(config.Cipher, Derive(key, Convert.FromHexString(root.GetProperty("salt").GetString()!), memory, passes), 1);
            return codec.Open(Convert.FromHexString(root.GetProperty("wrapped").GetString()!), config.About) is { Length: Secrets.MasterSize } master ? master : null;
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new SnapshotException($"keys/{name} makes no sense", e);
        }
    }

    /// <summary>What the file says to everyone.</summary>
    public static KeyDescription Describe(byte[] file, string name)
    {
        using var json = Checked.Read(file, $"keys/{name}");
        return new KeyDescription(name, json.RootElement.GetProperty("kind").GetString() ?? "", json.RootElement.GetProperty("created").GetDateTimeOffset());
    }

    private static byte[] Derive(RepositoryKey key, byte[] salt, int memoryKib, int passes) => key.IsPassphrase
        ? new Argon2id(new Argon2Parameters { DegreeOfParallelism = 1, MemorySize = memoryKib, NumberOfPasses = passes }).DeriveBytes(key.Secret, salt, 32)
        : HKDF.DeriveKey(System.Security.Cryptography.HashAlgorithmName.SHA256, key.Secret, 32, salt, "varve repository 1: key file"u8.ToArray());
}
