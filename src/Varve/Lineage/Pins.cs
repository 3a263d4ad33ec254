using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>A content that is kept whatever is collected, with what made it.</summary>
/// <param name="Digest">The content.</param>
/// <param name="Path">The file it was when it was pinned.</param>
/// <param name="At">When it was pinned, UTC.</param>
public sealed record Pin(Digest Digest, string Path, DateTimeOffset At);

/// <summary>What a person wants to keep.</summary>
internal sealed class Pins(VarveHome home, LineageDatabase lineage, BlobStore store)
{
    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<Pin> All() => lineage.Ask(() =>
    {
        var pins = new List<Pin>();
        using var row = lineage.Query("SELECT digest, path, at FROM pins ORDER BY at, path");
        while (row.Read()) pins.Add(new Pin(new Digest((byte[])row[0]), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))));
        return pins;
    });

    /// <summary>Keeps a file as it is now; one that no step wrote is copied into the store.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Pin Add(string path)
    {
        using var recording = StoreLock.Share(home);
        var pin = new Pin(store.PutFile(path), path, DateTimeOffset.UtcNow);
        lineage.Ask(() =>
        {
            lineage.Run("INSERT OR REPLACE INTO pins VALUES($1, $2, $3)", pin.Digest.Bytes.ToArray(), LineageDatabase.Printable(path), pin.At.ToUnixTimeMilliseconds());
            return 0;
        });
        return pin;
    }

    /// <summary>Lets go what was pinned under a path, or as it is now.</summary>
    /// <exception cref="NotKnownException">Nothing was.</exception>
    public IReadOnlyList<Pin> Remove(string path)
    {
        var present = default(Digest);
        if (Files.Look(path).Kind == FileKind.File)
        {
            using var file = Files.OpenRead(path);
            present = BlobStore.HashOf(file);
        }
        var name = LineageDatabase.Printable(path);
        var gone = All().Where(p => p.Path == name || p.Digest == present).ToList();
        if (gone.Count == 0) throw new NotKnownException($"{path} is not pinned; `varve pin` lists what is");
        foreach (var pin in gone)
        {
            lineage.Ask(() =>
            {
                lineage.Run("DELETE FROM pins WHERE digest = $1", pin.Digest.Bytes.ToArray());
                return 0;
            });
        }
        return gone;
    }
}
