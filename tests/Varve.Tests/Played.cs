using System.Diagnostics;
using Xunit;

namespace Varve.Tests;

/// <summary>A folder in which a test plays a person at a shell, with a home of its own; not below /tmp, which a step does not see.</summary>
internal sealed class Played : IDisposable
{
    private readonly string parent = Path.Combine(Checkout.Root, "artifacts", $"played-{Guid.NewGuid():N}");

    public Played()
    {
        _ = Checkout.Program;
        Directory.CreateDirectory(Folder);
    }

    /// <summary>What a program said.</summary>
    public sealed record Said(int Status, string Output, string Error);

    public string Folder => parent + "/here";

    public string At(string name) => Path.Combine(Folder, name);

    /// <summary>A path outside the folder.</summary>
    public string Beside(string name) => Path.Combine(parent, name);

    public void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    public string Read(string name) => File.ReadAllText(At(name));

    /// <summary>Varve, which must end well.</summary>
    public string Varve(params string[] words)
    {
        var said = Call(words, Folder, "home");
        Assert.True(said.Status == 0, $"varve {string.Join(' ', words)}: exit status {said.Status}: {said.Error}");
        return said.Output;
    }

    /// <summary>Varve with another folder and home, both beside the first.</summary>
    public Said Call(string[] words, string folder, string home) => Start(Checkout.Program, words, folder, home);

    public Said Start(string program, string[] words, string folder, string home)
    {
        var start = new ProcessStartInfo(program, words) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment["VARVE_HOME"] = Beside(home);
        start.Environment["XDG_CONFIG_HOME"] = Beside("config");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Said(process.ExitCode, output, error.Result);
    }

    public void Dispose()
    {
        using var removing = Process.Start("rm", ["-rf", parent]);
        removing.WaitForExit();
    }
}
