using System.Diagnostics;
using System.Globalization;
using Varve.Linux;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Where trials lie, with a copy of the program and of the test programs that every user can reach.</summary>
internal static class Grounds
{
    private static readonly string[] Parts = ["varve", "varve-launch", "libe_sqlite3.so", "libsodium.so"];
    private static readonly Lock Making = new();
    private static string? folder;

    /// <summary>Outside /tmp and /var/tmp, which every step has of its own.</summary>
    public static string Folder
    {
        get
        {
            lock (Making) return folder ??= Make();
        }
    }

    /// <summary>The program under trial.</summary>
    public static string Program => Folder + "/bin/varve";

    /// <summary>Long suites run whole when this is set, else a seeded sample of them.</summary>
    public static bool All { get; } = Environment.GetEnvironmentVariable("VARVE_TEST_ALL") == "1";

    private static string Make()
    {
        var varve = Environment.GetEnvironmentVariable("VARVE_BINARY") is { Length: > 0 } named ? named : Checkout.Program;
        var parent = Libc.geteuid() == 0 && Directory.Exists("/srv") ? "/srv" : Path.Combine(Checkout.Root, "artifacts");
        var made = $"{parent}/varve-trials-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
        Directory.CreateDirectory(made + "/bin");
        foreach (var part in Parts)
        {
            var source = Path.Combine(Path.GetDirectoryName(varve)!, part);
            Assert.SkipUnless(File.Exists(source), $"{source} is not built; ./test builds it");
            File.Copy(source, $"{made}/bin/{part}");
            File.SetUnixFileMode($"{made}/bin/{part}", (UnixFileMode)0x1ED);
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            using var remove = Process.Start("rm", ["-rf", made]);
            remove.WaitForExit();
        };
        return made;
    }
}

/// <summary>The small adversarial programs of tests/programs, compiled when first needed.</summary>
internal static class Programs
{
    private static readonly Dictionary<string, string> Built = new(StringComparer.Ordinal);
    private static readonly Lock Building = new();

    /// <summary>The path of the program; the test is skipped where it cannot be compiled.</summary>
    /// <param name="name">Its source, without the ending.</param>
    /// <param name="options">Options of the compiler, such as -static; each set of them is a program of its own.</param>
    public static string Path(string name, params string[] options)
    {
        var key = name + string.Concat(options).Replace('/', '_');
        lock (Building)
        {
            if (Built.TryGetValue(key, out var known)) return known;
            var source = $"{Checkout.Root}/tests/programs/{name}.c";
            var result = $"{Grounds.Folder}/bin/{key}";
            var (code, said) = Tools.Run("gcc", ["-O1", "-Wall", .. options, source, "-o", result]);
            Assert.SkipUnless(code == 0, $"gcc cannot compile {name}.c with [{string.Join(' ', options)}]: {said}");
            return Built[key] = result;
        }
    }
}

/// <summary>Programs of the host that tests make use of.</summary>
internal static class Tools
{
    private static readonly string[] Folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"];

    public static bool Has(string name) => Array.Exists(Folders, folder => File.Exists($"{folder}/{name}"));

    /// <summary>Skips the test, and says which package helps, where a program is missing.</summary>
    public static void Require(string name, string package) =>
        Assert.SkipUnless(Has(name), $"{name} is missing (Debian package {package})");

    /// <summary>Runs a command to its end; status 127 when there is no such program.</summary>
    public static (int Code, string Said) Run(string program, params string[] arguments)
    {
        if (!Has(program)) return (127, $"{program} is not installed");
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said + errors.Result);
    }
}
