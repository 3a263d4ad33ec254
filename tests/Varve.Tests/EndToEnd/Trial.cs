using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>
/// One trial of the real program: a workspace and a VARVE_HOME of its own, a person it runs as, and what came of each
/// call. Removed when disposed.
/// </summary>
internal sealed class Trial : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static int count;
    private readonly string folder;
    private readonly Person person;

    /// <param name="who">As whom; one of <see cref="People"/>.</param>
    /// <param name="place">The folder it all lies in; by default one outside /tmp and /var/tmp, which a step has of its own.</param>
    /// <param name="test">Filled in by the compiler.</param>
    public Trial(string who = People.Me, string? place = null, [CallerMemberName] string test = "")
    {
        person = People.Named(who);
        folder = $"{place ?? Grounds.Folder}/{Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture)}-{Shorten(test)}";
        Workspace = folder + "/work";
        Home = folder + "/home";
        Host = folder + "/host";
        foreach (var each in new[] { folder, Workspace, Home, Host })
        {
            Directory.CreateDirectory(each);
            person.Own(each);
        }
    }

    /// <summary>The folder the steps work in.</summary>
    public string Workspace { get; }
    /// <summary>VARVE_HOME.</summary>
    public string Home { get; }
    /// <summary>A folder beside the workspace: to a step it is part of the host.</summary>
    public string Host { get; }
    /// <summary>Variables of the person's that the program is called with.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>`varve exec --json -- COMMAND`.</summary>
    public Outcome Exec(params string[] command) => Varve(["exec", "--json", "--", .. command]);

    /// <summary>`varve exec --json -- sh -c SCRIPT`.</summary>
    public Outcome Sh(string script) => Exec("sh", "-c", script);

    /// <summary>The program with these arguments, from the workspace.</summary>
    public Outcome Varve(params string[] arguments) => Await(Start(arguments));

    /// <summary>The program with these arguments and this standard input.</summary>
    public Outcome VarveWithInput(byte[] input, params string[] arguments) => Await(Start(arguments, input));

    /// <summary>A command as the same person, without the program.</summary>
    public Outcome Plain(string directory, params string[] command) => Await(Begin(command, directory, []));

    /// <summary>Starts the program and does not wait.</summary>
    public Running Start(string[] arguments, byte[]? input = null) => Begin([Grounds.Program, .. arguments], Workspace, input);

    /// <summary>Starts any command as the same person, with the program's variables, and does not wait.</summary>
    public Running Begin(string[] command, string directory, byte[]? input)
    {
        // Whoever started the tests in the background may have had interrupts ignored, and the runtime ignores broken pipes: children inherit both.
        string[] words = ["/usr/bin/env", "--default-signal=INT,QUIT,TERM,HUP,PIPE", .. person.Prefix, .. command];
        // The end of a pipe comes when it comes, and until then the program must take it for one that brings something.
        if (input is null) words = ["/bin/sh", "-c", "exec \"$@\" < /dev/null", "sh", .. words];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            UseShellExecute = false,
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in new[] { "PWD", "OLDPWD", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "LD_LIBRARY_PATH", "PYTHONPATH" }) start.Environment.Remove(name);
        start.Environment["VARVE_HOME"] = Home;
        start.Environment["PWD"] = directory;
        start.Environment["HOME"] = Host;
        start.Environment["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        return new Running(Process.Start(start)!, input);
    }

    /// <summary>Waits for the end.</summary>
    public static Outcome Await(Running running) => running.End(Patience);

    /// <summary>A path in the workspace.</summary>
    public string At(string name) => $"{Workspace}/{name}";

    /// <summary>Writes a file of the workspace (or, for an absolute name, any file) as the person.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Workspace, name);
        var above = Path.GetDirectoryName(path)!;
        while (!Directory.Exists(above))
        {
            var top = above;
            while (!Directory.Exists(Path.GetDirectoryName(top))) top = Path.GetDirectoryName(top)!;
            Directory.CreateDirectory(top);
            person.Own(top);
        }
        File.WriteAllText(path, text);
        person.Own(path);
        return path;
    }

    /// <summary>Writes a program the host has and the workspace has not.</summary>
    public string WriteTool(string name, string script)
    {
        var path = Write($"{Host}/{name}", script);
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
        return path;
    }

    /// <summary>The text of a file of the workspace.</summary>
    public string Read(string name) => File.ReadAllText(At(name));

    /// <summary>The folders of steps that run, or that a crash left.</summary>
    public string[] LeftRunning() => Directory.Exists(Home + "/running") ? Directory.GetDirectories(Home + "/running") : [];

    public void Dispose()
    {
        // Steps may leave folders that even their owner cannot enter.
        using var chmod = Process.Start("chmod", ["-R", "u+rwX", folder]);
        chmod.WaitForExit();
        using var remove = Process.Start("rm", ["-rf", folder]);
        remove.WaitForExit();
    }

    private static string Shorten(string test) => test.Length <= 40 ? test : test[..40];
}

/// <summary>A process under way.</summary>
internal sealed class Running
{
    private readonly Task<string> output, error;

    public Running(Process process, byte[]? input)
    {
        Process = process;
        output = process.StandardOutput.ReadToEndAsync();
        error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.BaseStream.Write(input ?? []);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Whoever ends without reading its input closes the pipe.
        }
    }

    public Process Process { get; }

    public Outcome End(TimeSpan patience)
    {
        if (!Process.WaitForExit(patience))
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
            Assert.Fail($"{Process.StartInfo.FileName} {string.Join(' ', Process.StartInfo.ArgumentList)}: no end in {patience.TotalSeconds} s; it said: {error.Result}");
        }
        var outcome = new Outcome(Process.ExitCode, output.Result, error.Result);
        Process.Dispose();
        return outcome;
    }
}
