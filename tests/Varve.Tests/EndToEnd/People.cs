using System.Diagnostics;
using Varve.Linux;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>As whom a trial runs.</summary>
/// <param name="Name">For the test's name.</param>
/// <param name="Prefix">What stands before a command to run it as that person.</param>
internal sealed record Person(string Name, string[] Prefix)
{
    public bool IsRoot => Prefix.Length == 0 && Libc.geteuid() == 0;

    /// <summary>Gives a file or folder to the person.</summary>
    public void Own(string path)
    {
        if (Prefix.Length == 0) return;
        using var chown = Process.Start("chown", ["-h", $"{People.Nobody}:{People.Nobody}", path]);
        chown.WaitForExit();
    }
}

/// <summary>The people trials run as: the one who runs the tests, and when that is root, an ordinary user too.</summary>
internal static class People
{
    public const string Me = "me", Ordinary = "ordinary";
    /// <summary>The user and group number that have nothing anywhere.</summary>
    public const int Nobody = 65534;

    public static TheoryData<string> All => Libc.geteuid() == 0 ? [Me, Ordinary] : [Me];

    public static Person Named(string name) => name == Me
        ? new Person(Me, [])
        : new Person(Ordinary, ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--"]);

    /// <summary>Whether trials of that name run without root's powers.</summary>
    public static bool IsOrdinary(string name) => !Named(name).IsRoot;

    public static void RequireRoot(string why) => Assert.SkipUnless(Libc.geteuid() == 0, why);
}
