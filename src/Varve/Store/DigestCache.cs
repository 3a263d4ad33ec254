using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Varve.Linux;

namespace Varve.Store;

/// <summary>
/// The digest of a file by its stat signature, so that a file is read once for each time it changes. As git does it,
/// a file that was modified within two seconds of being read is not trusted later: it could have changed again
/// without a trace. The table lies in stamps.db, which may be deleted at any time.
/// </summary>
internal sealed class DigestCache(VarveHome home) : IDisposable
{
    private const long RacyNs = 2_000_000_000;
    private const int BatchSize = 4096;
    private readonly ConcurrentDictionary<string, (FileStamp Stamp, Digest Digest)> known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (FileStamp Stamp, Digest Digest)> unsaved = new(StringComparer.Ordinal);
    private readonly Lock opening = new();
    private bool loaded;

    /// <summary>Reads what is known on another thread, while this one has something else to do.</summary>
    public void LoadAside() => new Thread(() =>
    {
        try
        {
            Load();
        }
        catch (IOException)
        {
            // Whoever needs a digest loads again, and fails where it can be told.
        }
    })
    { IsBackground = true, Name = "digests" }.Start();

    /// <summary>The digest of a file's bytes, from memory when the stamp is the known one.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Digest Of(string path, in FileStamp stamp)
    {
        Load();
        if (known.TryGetValue(path, out var entry) && entry.Stamp.SameContent(stamp)) return entry.Digest;
        Digest digest;
        FileStamp after;
        using (var file = Files.OpenRead(path))
        {
            digest = BlobStore.HashOf(file);
            after = Files.Look((int)file.DangerousGetHandle());
        }
        if (after.SameContent(stamp)) Learn(path, stamp, digest, settled: false);
        return digest;
    }

    /// <summary>Notes a digest that is known.</summary>
    /// <param name="settled">The file was put in place by this process with these bytes; its stamp is what that left.</param>
    public void Learn(string path, in FileStamp stamp, Digest digest, bool settled)
    {
        Load();
        if (!settled && Files.CoarseNow() - Math.Max(stamp.ModifiedNs, stamp.ChangedNs) < RacyNs) return;
        known[path] = (stamp, digest);
        unsaved[path] = (stamp, digest);
        if (unsaved.Count >= BatchSize) Save();
    }

    private SqliteConnection Open()
    {
        Files.MakeDirectories(home.Folder);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = home.StampsFile, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;
            CREATE TABLE IF NOT EXISTS stamps(path TEXT PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER, modified INTEGER, changed INTEGER, digest BLOB) WITHOUT ROWID;
            """;
        command.ExecuteNonQuery();
        return connection;
    }

    private void Load()
    {
        if (Volatile.Read(ref loaded)) return;
        lock (opening)
        {
            if (loaded) return;
            try
            {
                if (File.Exists(home.StampsFile)) ReadAll();
            }
            catch (SqliteException)
            {
                // A cache that cannot be read is begun anew.
                foreach (var suffix in new[] { "", "-wal", "-shm" }) File.Delete(home.StampsFile + suffix);
                known.Clear();
            }
            Volatile.Write(ref loaded, true);
        }
    }

    private void ReadAll()
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT path, device, inode, size, modified, changed, digest FROM stamps";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var stamp = new FileStamp(FileKind.File, 0, (ulong)reader.GetInt64(1), (ulong)reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), 0, 0);
            known[reader.GetString(0)] = (stamp, new Digest(reader.GetFieldValue<byte[]>(6)));
        }
    }

    /// <summary>Writes down what is not yet written.</summary>
    public void Save()
    {
        lock (opening)
        {
            if (unsaved.IsEmpty) return;
            try
            {
                using var connection = Open();
                using var transaction = connection.BeginTransaction();
                using var command = connection.CreateCommand();
                command.CommandText = "INSERT OR REPLACE INTO stamps VALUES ($p, $d, $i, $s, $m, $c, $x)";
                var parameters = "pdismcx".Select(c => command.Parameters.Add(new SqliteParameter("$" + c, null))).ToArray();
                foreach (var (path, (stamp, digest)) in unsaved.ToArray())
                {
                    unsaved.TryRemove(path, out _);
                    // The cache's text is UTF-8; a name that is not goes without.
                    if (PathText.HasEscapes(path)) continue;
                    object[] values = [path, (long)stamp.Device, (long)stamp.Inode, stamp.Size, stamp.ModifiedNs, stamp.ChangedNs, digest.Bytes.ToArray()];
                    for (var i = 0; i < values.Length; i++) parameters[i].Value = values[i];
                    command.ExecuteNonQuery();
                }
                transaction.Commit();
            }
            catch (SqliteException)
            {
                // Only a cache: what was not written is digested again next time.
                unsaved.Clear();
            }
        }
    }

    public void Dispose() => Save();
}
