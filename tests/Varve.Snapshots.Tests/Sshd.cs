using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>An sshd of its own on the loopback, with keys of its own, and an <c>ssh</c> that counts how often it is called.</summary>
internal sealed class Sshd : IDisposable
{
    private const string Program = "/usr/sbin/sshd";
    private readonly string _folder = Directory.CreateTempSubdirectory("varve-sshd-").FullName;
    private readonly int _port;
    private readonly Process _process;

    /// <summary>Starts it.</summary>
    /// <param name="path">Folders that programs behind it are looked for in first; empty for none.</param>
    public Sshd(string path = "")
    {
        if (!File.Exists(Program)) Assert.Skip("sshd is not installed (apt-get install openssh-server)");
        if (Environment.UserName != "root") Assert.Skip("an sshd that lets root in must be started by root");
        Directory.CreateDirectory("/run/sshd");
        foreach (var key in (string[])["host", "id"]) Host.Local.Run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{_folder}/{key}"]);
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        string[] words =
        [
            "-D", "-e", "-f", "/dev/null", "-h", $"{_folder}/host", "-p", _port.ToString(CultureInfo.InvariantCulture), "-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=no", "-o", "StrictModes=no",
            "-o", $"AuthorizedKeysFile={_folder}/id.pub", "-o", "PidFile=none", "-o", "PermitRootLogin=yes", "-o", "MaxSessions=50", .. path.Length > 0 ? (string[])["-o", $"SetEnv=PATH={path}:/usr/local/bin:/usr/bin:/bin"] : [],
        ];
        _process = Process.Start(new ProcessStartInfo(Program, words) { UseShellExecute = false, RedirectStandardError = true })!;
        _process.BeginErrorReadLine();
        File.WriteAllText($"{_folder}/ssh", $"#!/bin/sh\necho call >> {_folder}/calls\nexec /usr/bin/ssh \"$@\"\n");
        File.SetUnixFileMode($"{_folder}/ssh", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        for (var tries = 0; tries < 100 && !IsUp; tries++) Thread.Sleep(50);
    }

    private bool IsUp
    {
        get
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", _port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    /// <summary>Options of <c>varve sync</c> with which it is reached.</summary>
    public string[] Options => ["--sshkey", $"{_folder}/id", "--sshport", _port.ToString(CultureInfo.InvariantCulture), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];

    /// <summary>A file for ssh's <c>-F</c>, or for <c>VARVE_SSH_CONFIG</c>, with which it is reached.</summary>
    public string Config
    {
        get
        {
            File.WriteAllText($"{_folder}/config", $"Host *\n  Port {_port.ToString(CultureInfo.InvariantCulture)}\n  IdentityFile {_folder}/id\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n");
            return $"{_folder}/config";
        }
    }

    /// <summary>A PATH with the <c>ssh</c> that counts.</summary>
    public string PathWithCount => $"{_folder}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

    /// <summary>How often <c>ssh</c> was called since the last look.</summary>
    public int Calls()
    {
        if (!File.Exists($"{_folder}/calls")) return 0;
        var calls = File.ReadAllLines($"{_folder}/calls").Length;
        File.Delete($"{_folder}/calls");
        return calls;
    }

    /// <summary>The host vanishes, and what it was doing with it.</summary>
    public void Vanish()
    {
        foreach (var child in Host.Local.Try(["pgrep", "-P", _process.Id.ToString(CultureInfo.InvariantCulture)]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Host.Local.Try(["kill", "-9", child]);
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) Vanish();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
