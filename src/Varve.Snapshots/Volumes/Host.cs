using System.Diagnostics;
using System.Text;

namespace Varve.Snapshots.Volumes;

/// <summary>How to reach a host.</summary>
public sealed record SshOptions
{
    /// <summary>The program, and options before the host's name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The program itself.</summary>
    public string Program { get; init; } = "ssh";

    /// <summary>Whether programs there are run by <c>sudo -n</c>.</summary>
    public bool Sudo { get; init; }

    /// <summary>The file that the environment names for ssh's <c>-F</c>: <c>VARVE_SSH_CONFIG</c>; null when none.</summary>
    public static string? UsualConfig => Environment.GetEnvironmentVariable("VARVE_SSH_CONFIG") is { Length: > 0 } file ? file : null;

    /// <summary>As the environment says; a host that does not answer is given up after ten seconds.</summary>
    public static SshOptions Usual => new() { Arguments = [.. UsualConfig is { } file ? (string[])["-F", file] : [], "-o", "ConnectTimeout=10"] };

    /// <summary>As usual, but a host that vanishes is given up after fifteen to twenty seconds, for another may hold the same.</summary>
    public static SshOptions OfMany => Usual with { AliveSeconds = 5 };

    /// <summary>A host that was silent, and did not answer three questions so many seconds apart, is gone.</summary>
    public int AliveSeconds { get; init; } = 15;
}

/// <summary>
/// Runs programs here, or on another host through one shared connection of the system's <c>ssh</c>. Here no shell is
/// between; there the words are quoted for the shell that sshd starts, each by itself.
/// </summary>
public sealed class Host : IDisposable
{
    private readonly SshOptions? _ssh;
    private readonly string _control = "";
    private readonly Lock _shells = new();
    private HostShell? _shell;
    private Process? _spare;
    private bool _isDisposed;
    private readonly LocalAnswers _ahead = new();

    private Host(string name, SshOptions? ssh)
    {
        (Name, _ssh) = (name, ssh);
        if (ssh is not null) _control = Directory.CreateTempSubdirectory("varve-ssh-").FullName;
    }

    /// <summary>This host.</summary>
    public static Host Local { get; } = new("", ssh: null);

    /// <summary><c>user@host</c>, or empty for this one.</summary>
    public string Name { get; }

    /// <summary>Runs a script of the shell on that host; what it is about are its arguments, never its text.</summary>
    /// <exception cref="SnapshotException">It failed; the message has its own words.</exception>
    public string Script(string script, params IReadOnlyList<string> arguments)
    {
        var (status, output, error) = Try(["sh", "-c", script, "sh", .. arguments]);
        return status == 0 ? output : throw new SnapshotException($"{(Name.Length > 0 ? Name + ": " : "")}{(error.Trim() is { Length: > 0 } words ? words : $"exit status {status}")}");
    }

    /// <summary>Whether programs run here.</summary>
    public bool IsLocal => _ssh is null;

    /// <summary>Another host.</summary>
    /// <exception cref="SnapshotException">The name could be taken for an option of ssh.</exception>
    public static Host Remote(string name, SshOptions options) =>
        name.Length == 0 || name[0] == '-' || name.AsSpan().ContainsAny(NotInHosts) ? throw new SnapshotException($"'{name}' is no name of a host") : new Host(name, options);

    /// <summary>Runs a program to its end; its output.</summary>
    /// <exception cref="SnapshotException">It failed; the message has its own words.</exception>
    public string Run(IReadOnlyList<string> command, string input = "")
    {
        var (status, output, error) = Try(command, input);
        return status == 0 ? output : throw Failed(command, status, error);
    }

    /// <summary>Runs a program to its end; its exit status, output and words.</summary>
    /// <exception cref="SnapshotException">It could not be started, or the host not be reached.</exception>
    public (int Status, string Output, string Error) Try(IReadOnlyList<string> command, string input = "")
    {
        if (input.Length == 0 && Shell(command) is { } shell)
        {
            if (shell.Ask(command) is { } answer) return answer;
            var (ended, words) = shell.End();
            throw new SnapshotException(ended == SshFailed ? Unreachable(words) : $"{Name}: {(words.Length > 0 ? words : $"its shell ended with status {ended}")}");
        }
        if (IsLocal && _ahead.Of(command) is { } known) return known;
        return Through(command, input);
    }

    private (int Status, string Output, string Error) Through(IReadOnlyList<string> command, string input)
    {
        using var process = Started(IsLocal ? command : ["sh", "-c", NotAsSsh, "sh", .. command], readsInput: input.Length > 0);
        var error = process.StandardError.ReadToEndAsync();
        if (input.Length > 0)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (!IsLocal && process.ExitCode == SshFailed) throw new SnapshotException(Unreachable(error.Result.Trim()));
        return (process.ExitCode, output, error.Result);
    }

    private string Unreachable(string words) => $"{Name}: the host cannot be reached: {(words.Length > 0 ? words : "the connection ended")}";

    /// <summary>The shell that stays on another host, when it is free to answer.</summary>
    private HostShell? Shell(IReadOnlyList<string> command)
    {
        if (IsLocal) return null;
        lock (_shells)
        {
            if (_shell is { IsAlive: false })
            {
                _shell.Dispose();
                _shell = null;
            }
            // A session of its own: Ctrl-C is for the program at the terminal, which has calls to make before it ends.
            _shell ??= HostShell.Start(words => Started(words, readsInput: true, ownSession: true));
            return _shell.IsBusy && !_shell.Expects(command) ? null : _shell;
        }
    }

    /// <summary>Asks already for what will be asked next, so that several answers take one journey, and those of this host its time. Nothing that changes anything is asked so.</summary>
    internal void Expect(IReadOnlyList<string> command)
    {
        if (IsLocal) _ahead.Expect(command, () => Through(command, ""));
        else Shell(command)?.Expect(command);
    }

    /// <summary>The same for <see cref="Script"/>.</summary>
    internal void ExpectScript(string script, params IReadOnlyList<string> arguments) => Expect(["sh", "-c", script, "sh", .. arguments]);

    /// <summary>Lets a channel to another host stand ready for the next stream, as soon as the host is reached.</summary>
    public void ExpectStream()
    {
        if (IsLocal) return;
        if (IsReached)
        {
            MakeSpare();
            return;
        }
        _ = Task.Run(() =>
        {
            // Before the shared connection is there, ssh would make one of its own.
            while (!IsReached && Volatile.Read(ref _shell) is { IsAlive: true }) Thread.Sleep(PatienceForConnection);
            if (IsReached) MakeSpare();
        });
    }

    private static readonly TimeSpan PatienceForConnection = TimeSpan.FromMilliseconds(5);

    private bool IsReached => File.Exists(Path.Combine(_control, "c"));

    private void MakeSpare()
    {
        lock (_shells)
        {
            if (!_isDisposed) _spare ??= Started(HostShell.Waiting, readsInput: true);
        }
    }

    private Process? Spare(IReadOnlyList<string> command, bool readsInput)
    {
        Process? process;
        lock (_shells)
        {
            _shell?.Forget();
            (process, _spare) = (_spare, null);
        }
        if (process is not { HasExited: false }) return null;
        try
        {
            var stream = process.StandardInput.BaseStream;
            stream.Write(HostShell.Request(command));
            stream.Flush();
            if (!readsInput) stream.Close();
            return process;
        }
        catch (IOException)
        {
            process.Dispose();
            return null;
        }
    }

    /// <summary>The status that ssh itself ends with when it fails, and what keeps programs from ending with it.</summary>
    private const int SshFailed = 255;
    private const string Session = "setsid";
    private const string NotAsSsh = """ "$@"; s=$?; [ $s = 255 ] && s=254; exit $s """;

    /// <summary>Starts a program whose streams the caller reads and writes.</summary>
    /// <exception cref="SnapshotException">It could not be started.</exception>
    public Process Start(IReadOnlyList<string> command, bool readsInput)
    {
        _ahead.Forget();
        return Spare(command, readsInput) ?? Started(command, readsInput);
    }

    private Process Started(IReadOnlyList<string> command, bool readsInput, bool ownSession = false)
    {
        var words = _ssh is null ? command : [.. ownSession && Found(Session) is { } session ? (string[])[session] : [], InPath(_ssh.Program), .. Control, .. _ssh.Arguments, "--", Name, There(command)];
        var start = new ProcessStartInfo(InPath(words[0]))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = readsInput,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var word in words.Skip(1)) start.ArgumentList.Add(word);
        // What the programs say is read by Varve.
        start.Environment["LC_ALL"] = "C.UTF-8";
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new SnapshotException($"{words[0]} cannot be started: {e.Message}; is it installed?", e);
        }
    }

    /// <summary>The line for the shell that sshd starts: it may know only the folders of an ordinary user, and any language.</summary>
    private string There(IReadOnlyList<string> command) =>
        $"{(_ssh!.Sudo ? "sudo -n " : "")}env PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\" LC_ALL=C.UTF-8 {string.Join(' ', command.Select(Quoted))}";

    /// <summary>Arguments of one call stay below what a kernel takes for a whole line behind ssh.</summary>
    internal const int MostArgumentBytes = 60_000;

    /// <summary>Words in as few lots as calls take.</summary>
    internal static IEnumerable<List<string>> Batches(IEnumerable<string> words) => Batches(words.Select(static w => (string[])[w]));

    /// <summary>Groups of words, which stay together, in as few lots as calls take.</summary>
    internal static IEnumerable<List<string>> Batches(IEnumerable<string[]> groups)
    {
        var (batch, bytes) = (new List<string>(), 0);
        foreach (var group in groups)
        {
            var length = group.Sum(static w => w.Length + 3);
            if (batch.Count > 0 && bytes + length > MostArgumentBytes)
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }
            batch.AddRange(group);
            bytes += length;
        }
        if (batch.Count > 0) yield return batch;
    }

    /// <summary>The program of that name in <c>PATH</c>: the runtime would take one that lies in the current folder first.</summary>
    private static string InPath(string program) => program.Contains('/') ? program : Found(program) ?? throw new SnapshotException($"{program} is in no folder of PATH; is it installed?");

    private static string? Found(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Where(static f => f.StartsWith('/')).Select(f => Path.Combine(f, program)).FirstOrDefault(static f => File.Exists(f) && (File.GetUnixFileMode(f) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    /// <summary>A word that a POSIX shell reads back as exactly these characters.</summary>
    public static string Quoted(string word) =>
        word.Length > 0 && !word.AsSpan().ContainsAnyExcept(Harmless) ? word : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>Ends the shared connection.</summary>
    public void Dispose()
    {
        if (_ssh is null || !Directory.Exists(_control)) return;
        lock (_shells)
        {
            _isDisposed = true;
            // One whose channel does not stand yet would make a connection of its own when the shared one ends.
            if (_spare is { HasExited: false }) _spare.Kill();
            _spare?.Dispose();
        }
        if (IsReached)
        {
            using var process = Process.Start(new ProcessStartInfo(InPath(_ssh.Program), [.. Control, "-O", "exit", "--", Name]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true });
            process?.WaitForExit();
        }
        // It ended with the connection.
        _shell?.Dispose();
        (_shell, _spare) = (null, null);
        Directory.Delete(_control, recursive: true);
    }

    internal static SnapshotException Failed(IReadOnlyList<string> command, int status, string error)
    {
        var words = error.Trim();
        // A script of Varve's own tells nobody anything.
        if (command is ["sh", "-c", ..]) return new SnapshotException(words.Length > 0 ? words : $"exit status {status}");
        return new SnapshotException($"{string.Join(' ', command.Take(6).Select(Quoted))}{(command.Count > 6 ? " ..." : "")}: {(words.Length > 0 ? words : $"exit status {status}")}");
    }

    private IEnumerable<string> Control =>
    [
        "-o", "ControlMaster=auto", "-o", $"ControlPath={Path.Combine(_control, "c")}", "-o", "ControlPersist=60", "-o", "BatchMode=yes", "-o", $"ServerAliveInterval={_ssh?.AliveSeconds}",
    ];

    private static readonly System.Buffers.SearchValues<char> NotInHosts = System.Buffers.SearchValues.Create(" \t\n'\"$`;&|<>()\\");
    private static readonly System.Buffers.SearchValues<char> Harmless = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=");
}
