using System.Diagnostics;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>The program as people have it, with a home of its own.</summary>
internal sealed class VarveProgram(string home)
{
    /// <summary>Variables of its environment; empty ones are removed.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["VARVE_KEY_FILE"] = "", ["VARVE_PASSPHRASE"] = "" };

    /// <summary>The folder of the checkout.</summary>
    public static string Checkout
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Varve.slnx"))) folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))!;
            return folder;
        }
    }

    /// <summary>The folder of the program.</summary>
    public static string Folder
    {
        get
        {
            var folder = Path.Combine(Checkout, "artifacts");
            Assert.SkipUnless(File.Exists(Path.Combine(folder, "varve")), "artifacts/varve is not built; ./test builds it");
            return folder;
        }
    }

    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo($"{Folder}/varve", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = home };
        start.Environment["XDG_CACHE_HOME"] = $"{home}/xdg";
        start.Environment["HOME"] = home;
        foreach (var (name, value) in Variables)
        {
            if (value.Length > 0) start.Environment[name] = value;
            else start.Environment.Remove(name);
        }
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    public (int Status, string Output, string Error) Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Runs it to an end that must be a good one; what it printed.</summary>
    public string Finish(params string[] arguments)
    {
        var (status, output, error) = Run(arguments);
        Assert.True(status == 0, $"varve {string.Join(' ', arguments)}: status {status}: {error}{output}");
        return output;
    }

    /// <summary>Runs it to an end that must be this one; what it said.</summary>
    public string Fail(int expected, params string[] arguments)
    {
        var (status, output, error) = Run(arguments);
        Assert.True(status == expected, $"varve {string.Join(' ', arguments)}: status {status}: {error}{output}");
        return error;
    }
}
