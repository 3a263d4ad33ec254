using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Varve.Raster.Habitat;

/// <summary>
/// Which species of a folder are finished, and from what: a line for each, added when its files are in place. Who holds
/// it holds the folder: two runs at once would write the same files.
/// </summary>
internal sealed class Ledger : IDisposable
{
    private const string Name = ".varve-aoh";
    private readonly Dictionary<string, (string Key, long MapBytes)> known = new(StringComparer.Ordinal);
    private readonly FileStream file;
    private readonly string folder;
    private readonly Lock gate = new();

    /// <exception cref="RasterException">Another run works in the folder, or it cannot be written.</exception>
    public Ledger(string folder)
    {
        this.folder = folder;
        try
        {
            Directory.CreateDirectory(folder);
            file = new FileStream(Path.Combine(folder, Name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException($"{folder}: it cannot be worked in: {e.Message}", e);
        }
        var text = new StreamReader(file, Encoding.UTF8).ReadToEnd();
        // What a crash cut short is no line.
        var whole = text[..(text.LastIndexOf('\n') + 1)];
        foreach (var line in whole.Split('\n'))
            if (line.Split('\t') is [var name, var key, var bytes] && long.TryParse(bytes, CultureInfo.InvariantCulture, out var length)) known[name] = (key, length);
        file.SetLength(Encoding.UTF8.GetByteCount(whole));
        file.Seek(0, SeekOrigin.End);
        RemoveLeft();
    }

    /// <summary>Whether a species' files are there, made from what the key stands for.</summary>
    public bool Has(string name, string key)
    {
        lock (gate)
            return known.TryGetValue(name, out var old) && old.Key == key && old.MapBytes == MapBytes(name) && File.Exists(Path.Combine(folder, name + ".json"));
    }

    private long MapBytes(string name) => new FileInfo(Path.Combine(folder, name + ".tif")) is { Exists: true } map ? map.Length : -1;

    /// <summary>Its files are about to change.</summary>
    public void Forget(string name)
    {
        lock (gate)
            if (known.ContainsKey(name)) Add(name, "-");
    }

    /// <summary>Its files are in place.</summary>
    public void Finished(string name, string key)
    {
        lock (gate) Add(name, key);
    }

    private void Add(string name, string key)
    {
        var bytes = MapBytes(name);
        known[name] = (key, bytes);
        file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\t{key}\t{bytes}\n")));
        file.Flush();
    }

    /// <summary>What stands for a species' file, everything asked of it, and the maps it is made from, as they are now.</summary>
    public static string KeyOf(string speciesFile, string question, IEnumerable<string> maps)
    {
        var text = new StringBuilder("1\n").Append(question).Append('\n').AppendJoin('\n', maps.Select(Signature)).Append('\n');
        using var stream = File.OpenRead(speciesFile);
        text.Append(Convert.ToHexString(SHA256.HashData(stream)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    /// <summary>Maps may have terabytes: their size and time stand for them, as in git.</summary>
    private static string Signature(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}") : $"{file.FullName} -";
    }

    /// <summary>What a run that was killed had not finished.</summary>
    private void RemoveLeft()
    {
        foreach (var left in Directory.EnumerateFiles(folder, ".*.part"))
        {
            var process = Path.GetFileName(left).Split('.')[^2].Split('-')[0];
            if (int.TryParse(process, CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId && !Directory.Exists($"/proc/{id}")) File.Delete(left);
        }
    }

    public void Dispose() => file.Dispose();
}
