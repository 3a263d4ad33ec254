using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

/// <summary>
/// Runs the program as people have it, and ends it by <c>kill -9</c> at instants that a seed chooses: one time in two
/// after a share of its usual time, else when a thread of it is about to change the file system for the n-th time.
/// </summary>
internal sealed class Killing(string home, int seed)
{
    private const string Changes = "/^(rename|unlink|link|mkdir|fsync|fdatasync|syncfs|ftruncate|pwrite|write|utimensat|fchmodat)";
    private const int MostChanges = 40;
    private const string Strace = "/usr/bin/strace";
    private readonly Random random = new(seed);
    private readonly Dictionary<string, TimeSpan> usual = new(StringComparer.Ordinal);

    /// <summary>How many instants a suite tries.</summary>
    public static int Instants => Environment.GetEnvironmentVariable("VARVE_TEST_ALL") == "1" ? 200 : 4;

    /// <summary>The same where another host makes each dearer.</summary>
    public static int RemoteInstants => Environment.GetEnvironmentVariable("VARVE_TEST_ALL") == "1" ? 40 : 2;

    private const int MostInVain = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Whether another round is due: as many as a suite tries, and more, up to a limit, while no run was cut short yet.</summary>
    public bool GoesOn(int round, int rounds) => round <= rounds || (Killed == 0 && round <= MostInVain);

    /// <summary>Further variables of the program's environment.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether it has other programs change files for it, so that one of those may be what is ended.</summary>
    public bool StartsPrograms { get; init; }

    /// <summary>How many runs were really cut short.</summary>
    public int Killed { get; private set; }

    private static string Program
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Varve.slnx"))) folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))!;
            var program = Path.Combine(folder, "artifacts/varve");
            Assert.SkipUnless(File.Exists(program), "artifacts/varve is not built; ./test builds it");
            return program;
        }
    }

    /// <summary>Runs it to its end.</summary>
    public (int Status, string Output, string Error) Run(params string[] arguments)
    {
        var begin = Stopwatch.GetTimestamp();
        using var process = Start(Program, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        usual[arguments[2]] = Stopwatch.GetElapsedTime(begin);
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Runs it to its end, which must be a good one.</summary>
    public string Finish(params string[] arguments)
    {
        var (status, output, error) = Run(arguments);
        Assert.True(status == 0, $"varve {string.Join(' ', arguments)}: status {status}: {error}");
        return output;
    }

    /// <summary>Runs it, and ends what it began elsewhere by this, some time on the way: it has to say so, or to have ended before.</summary>
    public string Break(Action elsewhere, params string[] arguments)
    {
        var after = usual.GetValueOrDefault(arguments[2], TimeSpan.FromMilliseconds(150)) * random.NextDouble();
        using var process = Start(Program, arguments);
        var said = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(after)) elsewhere();
        process.WaitForExit();
        _ = said.Result;
        const int Refused = 2, Failed = 3;
        if (process.ExitCode is Refused or Failed) Killed++;
        else Assert.True(process.ExitCode == 0, $"varve {string.Join(' ', arguments)}: status {process.ExitCode}: {error.Result}");
        return $"seed {seed}, {arguments[2]} with the other side ended after {after.TotalMilliseconds} ms, status {process.ExitCode}";
    }

    /// <summary>Whether the next one ends by the other side.</summary>
    public bool NextIsElsewhere => random.Next(2) == 0;

    /// <summary>Runs it, and ends it on the way; what happened, for the message of a test that fails.</summary>
    public string Kill(params string[] arguments)
    {
        var byChange = random.Next(2) == 0 && File.Exists(Strace);
        var n = random.Next(1, MostChanges).ToString(CultureInfo.InvariantCulture);
        var after = usual.GetValueOrDefault(arguments[2], TimeSpan.FromMilliseconds(150)) * random.NextDouble();
        using var process = byChange
            ? Start(Strace, ["-f", "-qqq", "-e", "signal=none", "-e", $"trace={Changes}", "-e", $"inject={Changes}:signal=KILL:when={n}", "-o", "/dev/null", Program, .. arguments])
            : Start(Program, arguments);
        var said = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!byChange)
        {
            if (!process.WaitForExit(after)) process.Kill();
        }
        if (!process.WaitForExit(Patience))
        {
            // strace sometimes forgets a program whose parent it ended in that instant, and waits for it; varve itself must be gone by then.
            var left = byChange ? File.ReadAllText($"/proc/{process.Id}/task/{process.Id}/children") : "itself";
            process.Kill(entireProcessTree: true);
            Assert.True(left.Length == 0, $"varve {string.Join(' ', arguments)} did not end {(byChange ? $"at change {n}" : $"after {after.TotalMilliseconds} ms")}, seed {seed}");
            Killed++;
            return $"seed {seed}, {arguments[2]} at change {n}";
        }
        process.WaitForExit();
        _ = said.Result;
        const int BySignal = 128;
        // Where it is an ssh or a btrfs that was about to change something, that one is gone, and Varve says so.
        if (process.ExitCode > BySignal || (byChange && process.ExitCode != 0 && (StartsPrograms || Variables.Count > 0))) Killed++;
        else Assert.True(process.ExitCode == 0, $"varve {string.Join(' ', arguments)}: status {process.ExitCode}: {error.Result}");
        return $"seed {seed}, {arguments[2]} {(byChange ? $"at change {n}" : $"after {after.TotalMilliseconds} ms")}, status {process.ExitCode}";
    }

    private Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["XDG_CACHE_HOME"] = home + "/xdg";
        start.Environment["HOME"] = home;
        start.Environment.Remove("VARVE_KEY_FILE");
        start.Environment.Remove("VARVE_PASSPHRASE");
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}
