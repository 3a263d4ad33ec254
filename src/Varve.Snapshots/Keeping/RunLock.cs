namespace Varve.Snapshots.Keeping;

/// <summary>Sees to it that one run of <c>varve snap</c> at a time changes snapshots of this host. Gone with the process, however it ends.</summary>
public sealed class RunLock : IDisposable
{
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>The lock, or null while another run has it.</summary>
    /// <param name="folder">Where the file of the lock lies; made when it is not there.</param>
    public static RunLock? Take(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return new RunLock(new FileStream(Path.Combine(folder, "snap.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary><c>/run/varve</c> for root, else the user's own folder for such files.</summary>
    public static string UsualFolder =>
        Environment.IsPrivilegedProcess ? "/run/varve" : Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } own ? own : Path.GetTempPath(), $"varve-{Environment.UserName}");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
