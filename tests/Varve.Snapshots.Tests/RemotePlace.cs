using Varve.Snapshots.Remote;
using Varve.Snapshots.Volumes;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary>A source here, and a repository behind a real ssh, where a <c>varve</c> keeps all that comes to its input.</summary>
internal sealed class RemotePlace : IDisposable
{
    /// <summary>A name that a shell would make something of.</summary>
    public const string Name = "x;touch pwned $(touch pwned) 'y'";

    private Sshd _sshd;

    public RemotePlace(string folder = Name)
    {
        Here = new Place();
        There = Directory.CreateDirectory($"{Here.Root}/there").FullName;
        Store = $"{There}/{folder}";
        Heard = Directory.CreateDirectory($"{Here.Root}/heard").FullName;
        var bin = Directory.CreateDirectory($"{Here.Root}/bin").FullName;
        File.WriteAllText($"{bin}/varve", $"#!/bin/sh\ntee \"{Heard}/$$\" | {VarveProgram.Folder}/varve \"$@\"\n");
        File.SetUnixFileMode($"{bin}/varve", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _sshd = new Sshd(bin);
        Varve = new VarveProgram(Directory.CreateDirectory($"{Here.Root}/home").FullName);
        Varve.Variables["VARVE_KEY_FILE"] = Key;
        Varve.Variables["VARVE_SSH_CONFIG"] = _sshd.Config;
    }

    /// <summary>The source, and a repository of this host.</summary>
    public Place Here { get; }

    /// <summary>A folder of the other host.</summary>
    public string There { get; }

    /// <summary>The repository as the other host sees it.</summary>
    public string Store { get; }

    /// <summary>The folder with all that came to the programs of the other host.</summary>
    public string Heard { get; }

    public VarveProgram Varve { get; }

    public string Key => $"{Here.Root}/remote.key";

    /// <summary>The repository as it is typed here.</summary>
    public string Address => $"root@127.0.0.1:repo:{Store}";

    /// <summary>A further connection to the repository, as a program of ours would have it.</summary>
    public RemoteObjects Objects() => new(Host.Remote("root@127.0.0.1", new SshOptions { Arguments = ["-F", _sshd.Config] }), Store);

    public string Init(params string[] more) => Varve.Finish(["snap", "repo", "init", Address, "--new-key-file", Key, .. more]);

    public string Backup() => Varve.Finish("snap", "repo", "backup", Address, Here.Source);

    public string[] Words(string verb, params string[] more) => ["snap", "repo", verb, Address, .. more];

    /// <summary>Runs the program to its end at the other host, which has no key.</summary>
    public string OnTheOtherHost(params string[] words)
    {
        Varve.Variables["VARVE_KEY_FILE"] = "";
        var said = Varve.Finish(words);
        Varve.Variables["VARVE_KEY_FILE"] = Key;
        return said;
    }

    /// <summary><c>kill -9</c> for whatever runs at the other host for this place.</summary>
    public void KillThere()
    {
        foreach (var shell in Pids("-f", $"{Here.Root}/bin/varve"))
        {
            foreach (var child in Pids("-P", shell)) Host.Local.Try(["kill", "-9", child]);
            Host.Local.Try(["kill", "-9", shell]);
        }
    }

    private static string[] Pids(params string[] words) => Host.Local.Try(["pgrep", .. words]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public void Vanish() => _sshd.Vanish();

    /// <summary>The host is there again.</summary>
    public void ComeBack()
    {
        _sshd.Dispose();
        _sshd = new Sshd($"{Here.Root}/bin");
        Varve.Variables["VARVE_SSH_CONFIG"] = _sshd.Config;
    }

    public void Dispose()
    {
        _sshd.Dispose();
        Here.Dispose();
    }
}
