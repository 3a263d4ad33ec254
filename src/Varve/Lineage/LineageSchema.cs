using Microsoft.Data.Sqlite;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>The database is from a newer Varve, or is damaged (exit status 5).</summary>
public sealed class DamagedLineageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Opens lineage.db and sees that its tables are those this program knows (docs/lineage.md).</summary>
internal static class LineageSchema
{
    /// <summary>Schema 1. A new database gets these tables and then every upgrade, as an old one does.</summary>
    private const string Tables = """
        CREATE TABLE sets(digest BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE steps(step BLOB PRIMARY KEY, command TEXT NOT NULL, directory TEXT NOT NULL, key BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE executions(
            number INTEGER PRIMARY KEY, execution TEXT NOT NULL UNIQUE, step BLOB NOT NULL, started INTEGER NOT NULL,
            elapsed REAL NOT NULL, processor REAL NOT NULL, peak INTEGER NOT NULL, exit INTEGER NOT NULL, not_reusable TEXT NOT NULL,
            document TEXT, block TEXT, element TEXT, host_set BLOB NOT NULL, own_set BLOB NOT NULL, outcome BLOB NOT NULL);
        CREATE INDEX executions_step ON executions(step, number);
        CREATE TABLE latest(document TEXT NOT NULL, block TEXT NOT NULL, element TEXT NOT NULL, execution INTEGER NOT NULL, PRIMARY KEY(document, block, element)) WITHOUT ROWID;
        CREATE TABLE reads(execution INTEGER NOT NULL, path TEXT NOT NULL, digest BLOB NOT NULL);
        CREATE INDEX reads_digest ON reads(digest);
        CREATE TABLE writes(execution INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, digest BLOB, bytes INTEGER NOT NULL, mode INTEGER NOT NULL);
        CREATE INDEX writes_path ON writes(path);
        CREATE INDEX writes_digest ON writes(digest);
        CREATE TABLE uses(execution INTEGER NOT NULL, at INTEGER NOT NULL, document TEXT, block TEXT, element TEXT);
        CREATE INDEX uses_execution ON uses(execution);
        CREATE TABLE saved(path TEXT NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL);
        CREATE TABLE pins(digest BLOB PRIMARY KEY, path TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>What leads from each schema to the next, in order; an entry that was released is never changed.</summary>
    private static readonly string[] Upgrades =
    [
        // To 2: reuses are counted, for a document that is run a thousand times with nothing to do should not grow for it.
        """
        CREATE TABLE counted(
            execution INTEGER NOT NULL, document TEXT NOT NULL, block TEXT NOT NULL, element TEXT NOT NULL, times INTEGER NOT NULL, last INTEGER NOT NULL,
            PRIMARY KEY(execution, document, block, element)) WITHOUT ROWID;
        INSERT INTO counted SELECT execution, coalesce(document, ''), coalesce(block, ''), coalesce(element, ''), count(*), max(at) FROM uses GROUP BY 1, 2, 3, 4;
        DROP TABLE uses;
        ALTER TABLE counted RENAME TO uses;
        """,
        // To 3: the journal of each workspace, for undo and checkout.
        """
        CREATE TABLE acts(number INTEGER PRIMARY KEY, at INTEGER NOT NULL, workspace BLOB NOT NULL, kind TEXT NOT NULL, of TEXT NOT NULL);
        CREATE INDEX acts_workspace ON acts(workspace, number);
        CREATE TABLE moves(act INTEGER NOT NULL, path BLOB NOT NULL, was TEXT NOT NULL, was_digest BLOB, became TEXT NOT NULL, became_digest BLOB);
        CREATE INDEX moves_act ON moves(act);
        """,
        // To 4: what people say of contents: labels, and taints of those that turned out wrong.
        """
        CREATE TABLE labels(digest BLOB NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(digest, name)) WITHOUT ROWID;
        CREATE INDEX labels_name ON labels(name, value);
        CREATE TABLE taints(digest BLOB PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        """,
        // To 5: parts of steps, so that a script or a build of which a little changed runs that little.
        """
        CREATE TABLE parts(number INTEGER PRIMARY KEY, some BLOB NOT NULL, part BLOB NOT NULL, used INTEGER NOT NULL, seconds REAL NOT NULL, program TEXT NOT NULL, observed BLOB NOT NULL, outcome BLOB NOT NULL);
        CREATE INDEX parts_part ON parts(part, number);
        CREATE INDEX parts_some ON parts(some);
        """,
        // To 6: what came from the network, for steps with a recorded one.
        """
        CREATE TABLE fetches(
            request BLOB NOT NULL, body BLOB NOT NULL, method TEXT NOT NULL, url TEXT NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL,
            headers TEXT NOT NULL, at INTEGER NOT NULL, holds INTEGER NOT NULL, PRIMARY KEY(request, body)) WITHOUT ROWID;
        """,
    ];

    private static int Version => 1 + Upgrades.Length;

    /// <exception cref="DamagedLineageException">It cannot be used, and why.</exception>
    public static SqliteConnection Open(VarveHome home)
    {
        home.Make();
        var file = home.LineageFile;
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 60 }.ToString());
        try
        {
            connection.Open();
            var version = Scalar(connection, "PRAGMA user_version");
            if (version > Version)
                throw new DamagedLineageException($"{file} was written by a newer Varve (schema {version}, this one knows {Version}); use that version, or set VARVE_HOME to another folder");
            Run(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY");
            if (version < Version) Upgrade(connection);
            return connection;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw new DamagedLineageException($"{file} cannot be used: {e.Message}; move it aside (its files stay in the store, only what is known of them is lost) or bring it back from a copy", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Upgrade(SqliteConnection connection)
    {
        Run(connection, "BEGIN IMMEDIATE");
        // Another process may have been first.
        var version = (int)Scalar(connection, "PRAGMA user_version");
        if (version == 0) Run(connection, Tables);
        foreach (var upgrade in Upgrades.Skip(Math.Max(0, version - 1))) Run(connection, upgrade);
        Run(connection, $"PRAGMA user_version={Math.Max(version, Version)}");
        Run(connection, "COMMIT");
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
