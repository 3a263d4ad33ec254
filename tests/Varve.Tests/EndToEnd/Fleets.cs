using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Several hosts on one machine: each an sshd of its own on a port of the loopback, with a state folder and a disk of its own.</summary>
internal sealed class Fleets : IDisposable
{
    private static int count;
    private readonly string folder = $"{Grounds.Folder}/fleet{Interlocked.Increment(ref count)}";
    private readonly Dictionary<string, (Process Daemon, int Port)> hosts = new(StringComparer.Ordinal);

    public Fleets(params string[] names)
    {
        People.RequireRoot("an sshd for each host needs root");
        Assert.SkipUnless(File.Exists("/usr/sbin/sshd"), "sshd is not installed (apt-get install openssh-server)");
        Directory.CreateDirectory("/run/sshd");
        Directory.CreateDirectory(folder);
        Tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{folder}/key");
        File.Copy($"{folder}/key.pub", $"{folder}/authorized");
        foreach (var name in names) Start(name);
        File.WriteAllText($"{folder}/ssh", string.Concat(hosts.Select(h => $"""
            Host {h.Key}
                HostName 127.0.0.1
                Port {h.Value.Port}

            """)) + $"""
            Host *
                User root
                IdentityFile {folder}/key
                StrictHostKeyChecking no
                UserKnownHostsFile /dev/null
                LogLevel ERROR

            """);
        foreach (var name in names) On(name, "data", "host", name).Succeeded();
    }

    /// <summary>A folder of a host's own.</summary>
    public string Disk(string host) => $"{folder}/{host}/disk";

    /// <summary>Its state folder.</summary>
    public string State(string host) => $"{folder}/{host}/state";

    /// <summary>The program as if typed on a host.</summary>
    public Outcome On(string host, params string[] arguments) => Begin(host, arguments).End(TimeSpan.FromMinutes(2));

    /// <summary>Starts it.</summary>
    public Running Begin(string host, params string[] arguments)
    {
        var start = new ProcessStartInfo(Grounds.Program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Disk(host) };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in Variables(host)) start.Environment[name] = value;
        start.Environment["VARVE_SSH_CONFIG"] = $"{folder}/ssh";
        return new Running(Process.Start(start)!, []);
    }

    /// <summary>From now on a host sends no more than so many megabytes a second.</summary>
    public void Throttle(string host, int megabytes) => WriteProgram(host, $$"""
        #!/bin/sh
        [ "$1 $2" = "data peer" ] || exec {{Grounds.Program}} "$@"
        {{Grounds.Program}} "$@" | exec python3 -c 'import sys, time
        started, sent = time.time(), 0
        while True:
            piece = sys.stdin.buffer.read1(1 << 18)
            if not piece: break
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            sent += len(piece)
            time.sleep(max(0, sent / ({{megabytes}} << 20) - (time.time() - started)))'
        """);

    /// <summary>Ends a host at once, with all that runs for others on it.</summary>
    public void Kill(string host)
    {
        var daemon = hosts[host].Daemon;
        foreach (var process in (int[])[daemon.Id, .. Below(daemon.Id)])
        {
            using var end = Process.Start("kill", ["-KILL", process.ToString(CultureInfo.InvariantCulture)]);
            end.WaitForExit();
        }
        daemon.WaitForExit();
    }

    /// <summary>Starts it again.</summary>
    public void Start(string host)
    {
        var port = hosts.TryGetValue(host, out var before) ? before.Port : FreePort();
        Directory.CreateDirectory(Disk(host));
        if (!File.Exists($"{folder}/{host}/bin/varve")) WriteProgram(host, $"#!/bin/sh\nexec {Grounds.Program} \"$@\"\n");
        if (!File.Exists($"{folder}/{host}/key")) Tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{folder}/{host}/key");
        File.WriteAllText($"{folder}/{host}/sshd", $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {folder}/{host}/key
            PidFile none
            AuthorizedKeysFile {folder}/authorized
            StrictModes no
            UsePAM no
            PermitRootLogin yes
            SetEnv {string.Join(' ', Variables(host).Select(static v => $"{v.Name}={v.Value}"))}

            """);
        var daemon = Process.Start(new ProcessStartInfo("/usr/sbin/sshd", ["-D", "-f", $"{folder}/{host}/sshd"]) { UseShellExecute = false, RedirectStandardError = true })!;
        hosts[host] = (daemon, port);
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (tries < 100)
            {
                Assert.False(daemon.HasExited, daemon.HasExited ? daemon.StandardError.ReadToEnd() : "");
                Thread.Sleep(50);
            }
        }
    }

    public void Dispose()
    {
        foreach (var name in hosts.Keys) Kill(name);
    }

    private (string Name, string Value)[] Variables(string host) =>
        [("VARVE_STATE", State(host)), ("XDG_CACHE_HOME", $"{folder}/{host}/cache"), ("PATH", $"{folder}/{host}/bin:/usr/sbin:/usr/bin:/sbin:/bin")];

    private void WriteProgram(string host, string script)
    {
        Directory.CreateDirectory($"{folder}/{host}/bin");
        File.WriteAllText($"{folder}/{host}/bin/varve.new", script);
        File.SetUnixFileMode($"{folder}/{host}/bin/varve.new", (UnixFileMode)0x1ED);
        File.Move($"{folder}/{host}/bin/varve.new", $"{folder}/{host}/bin/varve", overwrite: true);
    }

    private static IEnumerable<int> Below(int process)
    {
        var (_, said) = Tools.Run("ps", "-o", "pid=", "--ppid", process.ToString(CultureInfo.InvariantCulture));
        foreach (var line in said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(line, CultureInfo.InvariantCulture, out var child)) continue;
            foreach (var deeper in Below(child)) yield return deeper;
            yield return child;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Tool(string program, params string[] arguments)
    {
        var (code, said) = Tools.Run(program, arguments);
        Assert.True(code == 0, said);
    }
}
