using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>`varve serve` over a trial's workspace, until it is disposed.</summary>
internal sealed class Served : IDisposable
{
    private readonly Process process;

    public Served(Trial trial, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(Grounds.Program, ["serve", "--port", "0", "--json"]) { UseShellExecute = false, WorkingDirectory = trial.Workspace, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["VARVE_HOME"] = trial.Home;
        // As the trial's runs: a variable that differs would be a reason to run again.
        start.Environment["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        foreach (var (name, value) in variables) start.Environment[name] = value;
        process = Process.Start(start)!;
        var line = process.StandardOutput.ReadLine();
        if (line is null) Assert.Fail($"varve serve ended: {process.StandardError.ReadToEnd()}");
        Address = new Uri(JsonDocument.Parse(line).RootElement.GetProperty("address").GetString()!);
        Token = Address.Query["?token=".Length..];
    }

    /// <summary>The address with the token, as it was printed.</summary>
    public Uri Address { get; }
    public string Token { get; }
    public string Origin => $"http://127.0.0.1:{Address.Port}";
    public Process Process => process;

    /// <summary>The answer to a request that is sent exactly so, with the token's cookie unless told otherwise: head and body.</summary>
    public string Ask(string target, bool withToken = true, string? host = null)
    {
        using var client = new TcpClient("127.0.0.1", Address.Port);
        using var stream = client.GetStream();
        var cookie = withToken ? $"Cookie: varve-{Address.Port}={Token}\r\n" : "";
        stream.Write(Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: {host ?? $"127.0.0.1:{Address.Port}"}\r\n{cookie}Connection: close\r\n\r\n"));
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return Encoding.UTF8.GetString(all.ToArray());
    }

    /// <summary>The page at an address, which must be there.</summary>
    public string Page(string target)
    {
        var answer = Ask(target);
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        return answer;
    }

    /// <summary>Ends it as Ctrl-C does.</summary>
    public int End()
    {
        using (var kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) kill.WaitForExit();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)), "varve serve did not end on Ctrl-C");
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
