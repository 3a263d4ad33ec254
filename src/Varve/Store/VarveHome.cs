using Varve.Linux;

namespace Varve.Store;

/// <summary>
/// Where Varve keeps things: <c>VARVE_HOME</c>, else <c>$XDG_DATA_HOME/varve</c>, else <c>~/.local/share/varve</c>.
/// <code>
/// store/ab/cdef...      a blob, named by its SHA-256
/// lineage.db            the lineage database (SQLite)
/// stamps.db             digests by path and stat signature; a cache that may be deleted
/// running/EXECUTION/    what a running step writes, removed when it ends or when its process is gone
/// failed/EXECUTION/     what a failed step of a document wrote, for inspection
/// fetching/REQUEST.*    what has come so far of a download, to be gone on with
/// authority-USER.pem    the certificate authority for steps whose network is recorded, and its key
/// environments/DIGEST/  root file systems and layers
/// </code>
/// </summary>
public sealed record VarveHome(string Folder)
{
    /// <summary>Blobs.</summary>
    public string StoreFolder => Folder + "/store";
    /// <summary>The lineage database.</summary>
    public string LineageFile => Folder + "/lineage.db";
    /// <summary>The cache of digests by stat signature.</summary>
    public string StampsFile => Folder + "/stamps.db";
    /// <summary>One folder for each running step.</summary>
    public string RunningFolder => Folder + "/running";
    /// <summary>One folder for each failed step of a document.</summary>
    public string FailedFolder => Folder + "/failed";
    /// <summary>What has come so far of downloads that are not complete.</summary>
    public string FetchingFolder => Folder + "/fetching";
    /// <summary>Root file systems and layers.</summary>
    public string EnvironmentsFolder => Folder + "/environments";

    /// <summary>Makes the folder, if it is not there.</summary>
    /// <exception cref="IOException">It cannot be made; the message says what to do.</exception>
    internal void Make()
    {
        try
        {
            Files.MakeDirectories(Folder);
        }
        catch (IOException e)
        {
            throw new IOException($"Varve's home {Folder} cannot be made: {e.Message}; set VARVE_HOME to a folder you may write", e);
        }
    }

    /// <summary>The home that the process's environment names.</summary>
    public static VarveHome FromEnvironment()
    {
        if (System.Environment.GetEnvironmentVariable("VARVE_HOME") is { Length: > 0 } home) return new(Path.GetFullPath(home));
        if (System.Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data) return new(Path.GetFullPath(data) + "/varve");
        var user = System.Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } folder ? folder : "/root";
        return new(Path.GetFullPath(user) + "/.local/share/varve");
    }
}
