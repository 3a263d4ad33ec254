using Microsoft.Data.Sqlite;

namespace Varve.Snapshots.Repository;

/// <summary>Where a chunk lies.</summary>
/// <param name="Pack">Name of the pack.</param>
/// <param name="Kind">Kind of its blob.</param>
/// <param name="Offset">Of the blob in the pack.</param>
/// <param name="Length">Of the blob, sealed.</param>
/// <param name="RawLength">Of the blob, opened.</param>
/// <param name="Start">Of the chunk in the opened blob.</param>
/// <param name="Size">Of the chunk.</param>
internal readonly record struct ChunkPlace(string Pack, BlobKind Kind, long Offset, int Length, int RawLength, int Start, int Size);

/// <summary>
/// Which chunk lies where: a database beside the one who asks, never the only place of anything. It follows the packs
/// that are there, and is made again from their directories when it is lost. Safe for several threads.
/// </summary>
internal sealed class ChunkIndex : IDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS packs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, duplicates INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS blobs (id INTEGER PRIMARY KEY, pack INTEGER NOT NULL, kind INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, raw INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS blobs_pack ON blobs (pack);
        CREATE TABLE IF NOT EXISTS chunks (id BLOB PRIMARY KEY, blob INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """;

    private readonly SqliteConnection connection;
    private readonly Lock gate = new();
    private readonly SqliteCommand find;
    private readonly SqliteParameter findId = new("$id", SqliteType.Blob);
    private readonly Dictionary<string, long> packs = new(StringComparer.Ordinal);
    private readonly Dictionary<long, string> names = [];

    private ChunkIndex(SqliteConnection connection)
    {
        this.connection = connection;
        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 60000; PRAGMA cache_size = -16000;");
        Execute(Schema);
        using (var reader = Command("SELECT name, id FROM packs").ExecuteReader())
        {
            while (reader.Read()) Know(reader.GetString(0), reader.GetInt64(1));
        }
        find = Command("SELECT b.pack, b.kind, b.offset, b.length, b.raw, c.start, c.size FROM chunks c JOIN blobs b ON b.id = c.blob WHERE c.id = $id");
        find.Parameters.Add(findId);
    }

    /// <summary>Opens the database, or makes it anew when it is damaged.</summary>
    public static ChunkIndex Open(string path)
    {
        try
        {
            return new ChunkIndex(Connect(path));
        }
        catch (SqliteException)
        {
            SqliteConnection.ClearAllPools();
            foreach (var end in (string[])["", "-wal", "-shm"]) File.Delete(path + end);
            return new ChunkIndex(Connect(path));
        }
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    /// <summary>The packs that it knows.</summary>
    public IReadOnlyCollection<string> Packs
    {
        get
        {
            lock (gate) return [.. packs.Keys];
        }
    }

    /// <summary>Whether it knows nothing at all.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (gate) return packs.Count == 0;
        }
    }

    /// <summary>Where the chunk lies, or null.</summary>
    public ChunkPlace? Find(ChunkId id)
    {
        lock (gate)
        {
            findId.Value = id.ToBytes();
            using var reader = find.ExecuteReader();
            return !reader.Read() ? null : new ChunkPlace(
                NameOf(reader.GetInt64(0)), (BlobKind)reader.GetByte(1), reader.GetInt64(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt32(5), reader.GetInt32(6));
        }
    }

    /// <summary>Adds packs, in one transaction. A chunk that is already somewhere stays there.</summary>
    public void Add(IEnumerable<(string Name, IReadOnlyList<PackedBlob> Blobs)> added)
    {
        lock (gate)
        {
            using var transaction = connection.BeginTransaction();
            using var addPack = Command("INSERT OR IGNORE INTO packs (name) VALUES ($name) RETURNING id");
            var name = addPack.Parameters.Add("$name", SqliteType.Text);
            using var addBlob = Command("INSERT INTO blobs (pack, kind, offset, length, raw) VALUES ($pack, $kind, $offset, $length, $raw) RETURNING id");
            var (pack, kind, offset, length, raw) = (addBlob.Parameters.Add("$pack", SqliteType.Integer), addBlob.Parameters.Add("$kind", SqliteType.Integer),
                addBlob.Parameters.Add("$offset", SqliteType.Integer), addBlob.Parameters.Add("$length", SqliteType.Integer), addBlob.Parameters.Add("$raw", SqliteType.Integer));
            using var addChunk = Command("INSERT OR IGNORE INTO chunks (id, blob, start, size) VALUES ($id, $blob, $start, $size)");
            var (id, blobId, start, size) = (addChunk.Parameters.Add("$id", SqliteType.Blob), addChunk.Parameters.Add("$blob", SqliteType.Integer),
                addChunk.Parameters.Add("$start", SqliteType.Integer), addChunk.Parameters.Add("$size", SqliteType.Integer));
            foreach (var command in (SqliteCommand[])[addPack, addBlob, addChunk]) command.Transaction = transaction;
            var buffer = new byte[ChunkId.Size];
            id.Value = buffer;
            var known = new List<(string, long)>();
            foreach (var (packName, blobs) in added)
            {
                if (packs.ContainsKey(packName)) continue;
                name.Value = packName;
                // Another process on this machine may have added it meanwhile.
                if (addPack.ExecuteScalar() is not long number) continue;
                pack.Value = number;
                var duplicates = 0;
                known.Add((packName, number));
                foreach (var blob in blobs)
                {
                    (kind.Value, offset.Value, length.Value, raw.Value) = ((long)blob.Kind, blob.Offset, blob.Length, blob.RawLength);
                    blobId.Value = (long)addBlob.ExecuteScalar()!;
                    var at = 0;
                    foreach (var member in blob.Members)
                    {
                        member.Id.Write(buffer);
                        (start.Value, size.Value) = (at, member.Length);
                        duplicates += 1 - addChunk.ExecuteNonQuery();
                        at += member.Length;
                    }
                }
                if (duplicates > 0) Execute($"UPDATE packs SET duplicates = {duplicates} WHERE id = {number}", transaction);
            }
            transaction.Commit();
            foreach (var (n, i) in known) Know(n, i);
        }
    }

    /// <summary>The packs with chunks that are found in others: when others go, they must be looked at again.</summary>
    public IReadOnlyCollection<string> WithDuplicates
    {
        get
        {
            lock (gate)
            {
                using var command = Command("SELECT name FROM packs WHERE duplicates > 0");
                using var reader = command.ExecuteReader();
                var found = new List<string>();
                while (reader.Read()) found.Add(reader.GetString(0));
                return found;
            }
        }
    }

    /// <summary>Forgets packs.</summary>
    public void Remove(IReadOnlyCollection<string> gone)
    {
        if (gone.Count == 0) return;
        lock (gate)
        {
            using var transaction = connection.BeginTransaction();
            Execute("CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY)", transaction);
            using (var add = Command("INSERT INTO gone VALUES ($id)"))
            {
                add.Transaction = transaction;
                var id = add.Parameters.Add("$id", SqliteType.Integer);
                foreach (var pack in gone)
                {
                    if (!packs.Remove(pack, out var number)) continue;
                    names.Remove(number);
                    id.Value = number;
                    add.ExecuteNonQuery();
                }
            }
            Execute("DELETE FROM chunks WHERE blob IN (SELECT id FROM blobs WHERE pack IN (SELECT id FROM gone)); DELETE FROM blobs WHERE pack IN (SELECT id FROM gone); DELETE FROM packs WHERE id IN (SELECT id FROM gone); DROP TABLE gone;", transaction);
            transaction.Commit();
        }
    }

    private string NameOf(long id)
    {
        if (names.TryGetValue(id, out var name)) return name;
        using var command = Command("SELECT name FROM packs WHERE id = $id");
        command.Parameters.AddWithValue("$id", id);
        Know(name = (string)command.ExecuteScalar()!, id);
        return name;
    }

    private void Know(string name, long id)
    {
        packs[name] = id;
        names[id] = name;
    }

    private SqliteCommand Command(string text)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        return command;
    }

    private void Execute(string text, SqliteTransaction? transaction = null)
    {
        using var command = Command(text);
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        find.Dispose();
        connection.Dispose();
    }
}
