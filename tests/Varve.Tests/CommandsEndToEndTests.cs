using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Varve.Tests;

/// <summary>The program as people and scripts meet it: standard streams, exit statuses, messages.</summary>
public sealed class CommandsEndToEndTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("varve-commands-").FullName;

    private sealed record Said(int Status, string Output, string Error);

    public CommandsEndToEndTests() => Directory.CreateDirectory(Work);

    private string Work => folder + "/work";

    public void Dispose()
    {
        using var removing = Process.Start("rm", ["-rf", folder]);
        removing.WaitForExit();
    }

    private Said Varve(params string[] words)
    {
        var start = new ProcessStartInfo(Checkout.Program, words) { WorkingDirectory = Work, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment["VARVE_HOME"] = folder + "/home";
        start.Environment["XDG_CONFIG_HOME"] = folder + "/config";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Said(process.ExitCode, output, error.Result);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(Work, name), text);

    private static string LastLine(string text) => text.TrimEnd('\n').Split('\n')[^1];

    [Fact]
    public void A_command_runs_then_is_reused_and_says_the_same_both_times()
    {
        Write("in", "hello\n");
        string[] words = ["exec", "--", "sh", "-c", "cat in; cp in out; echo careful >&2"];
        var first = Varve(words);
        Assert.Equal((0, "hello\n"), (first.Status, first.Output));
        Assert.StartsWith("careful\n", first.Error, StringComparison.Ordinal);
        Assert.Matches(@"^varve: ran \d+\.\d\d s, \d+ read, 1 written, step [0-9a-f]{12}$", LastLine(first.Error));

        File.Delete(Work + "/out");
        var second = Varve(words);
        Assert.Equal((0, "hello\n"), (second.Status, second.Output));
        Assert.StartsWith("careful\n", second.Error, StringComparison.Ordinal);
        Assert.Matches(@"^varve: reused \(saved \d+\.\d\d s\), step [0-9a-f]{12}$", LastLine(second.Error));
        Assert.Equal("hello\n", File.ReadAllText(Work + "/out"));
        Assert.Equal("careful\n", Varve(["exec", "--quiet", .. words[1..]]).Error);
    }

    [Theory]
    [InlineData(7, "exec", "--", "sh", "-c", "exit 7")]
    [InlineData(137, "exec", "--", "sh", "-c", "kill -9 $$")]
    [InlineData(127, "exec", "--", "no-such-program")]
    [InlineData(126, "exec", "--", "/etc/passwd")]
    [InlineData(125, "exec", "--bad-option", "true")]
    [InlineData(125, "exec", "--sealed", "true")]
    [InlineData(125, "exec", "--net", "elsewhere", "--", "true")]
    [InlineData(125, "exec", "--env", "nowhere", "--", "true")]
    [InlineData(125, "exec", "-C", "/nowhere", "--", "true")]
    [InlineData(125, "exec")]
    [InlineData(2)]
    [InlineData(2, "no-such-command")]
    [InlineData(125, "sh", "--norc")]
    [InlineData(2, "show", "no-such-thing")]
    [InlineData(2, "how", "no-such-file")]
    [InlineData(2, "run", "no-such-document.md")]
    [InlineData(2, "run")]
    [InlineData(2, "log", "-n", "many")]
    [InlineData(0, "log")]
    [InlineData(0, "sh")]
    [InlineData(0, "--version")]
    [InlineData(0, "--help")]
    [InlineData(0, "exec", "--help")]
    public void Exit_statuses(int status, params string[] words)
    {
        var said = Varve(words);
        Assert.Equal(status, said.Status);
        if (status is 2 or 125 or 126 or 127 && words.Length > 0) Assert.Matches("^varve: [^\n]+\n$", said.Error);
        Assert.DoesNotContain("   at ", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Exec_json_stands_on_standard_error_and_show_json_has_the_same_facts()
    {
        Write("a", "1");
        var said = Varve("exec", "--json", "--", "sh", "-c", "cat a >b; rm a; echo done");
        Assert.Equal("done\n", said.Output);
        using var exec = JsonDocument.Parse(said.Error);
        Assert.False(exec.RootElement.GetProperty("reused").GetBoolean());
        Assert.Equal("never ran", exec.RootElement.GetProperty("why").GetString());
        var execution = exec.RootElement.GetProperty("execution").GetString()!;

        using var show = JsonDocument.Parse(Varve("show", "--json", execution).Output);
        foreach (var name in (string[])["step", "execution", "command", "cwd", "environment", "exitCode", "reads", "absent", "listings", "writes", "deletes", "effects", "programs", "renames", "links", "modes", "peakBytes"])
            Assert.Equal(exec.RootElement.GetProperty(name).GetRawText(), show.RootElement.GetProperty(name).GetRawText());
        Assert.Contains(Work + "/a", show.RootElement.GetProperty("reads").EnumerateArray().Select(r => r.GetProperty("path").GetString()));
        Assert.Equal([Work + "/a"], show.RootElement.GetProperty("deletes").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal([Work + "/b"], show.RootElement.GetProperty("writes").EnumerateArray().Select(r => r.GetProperty("path").GetString()));

        var step = show.RootElement.GetProperty("step").GetString()!["sha256:".Length..];
        Assert.Equal(0, Varve("show", step[..12]).Status);
        Assert.Equal(0, Varve("show", "b").Status);
        Assert.Single(Varve("log", "--json").Output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Names_that_are_not_utf8_come_out_with_their_bytes()
    {
        var said = Varve("exec", "--json", "--", "sh", "-c", "echo x >\"$(printf 'caf\\351')\"");
        using var json = JsonDocument.Parse(said.Error);
        var written = Assert.Single(json.RootElement.GetProperty("writes").EnumerateArray());
        Assert.EndsWith("/caf\uFFFD", written.GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.Equal((byte)0xE9, written.GetProperty("pathBytes").GetBytesFromBase64()[^1]);
    }

    [Fact]
    public void Recompute_tells_a_step_that_makes_the_same_from_one_that_does_not()
    {
        Varve("exec", "--", "sh", "-c", "mkdir made; echo same >made/file");
        var same = Varve("recompute", "made/file");
        Assert.True(same.Status == 0, same.Error);
        Assert.StartsWith("same: 1 file ", same.Output, StringComparison.Ordinal);

        Varve("exec", "--", "sh", "-c", "cat /proc/sys/kernel/random/uuid >id");
        var before = File.ReadAllText(Work + "/id");
        var different = Varve("recompute", "id");
        Assert.Equal(1, different.Status);
        Assert.Contains("the first at ", different.Output, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(Work + "/id"));
    }

    [Fact]
    public void A_blob_that_was_damaged_is_found_set_aside_and_made_again()
    {
        Varve("exec", "--", "sh", "-c", "echo precious >file");
        Assert.Equal(0, Varve("verify").Status);
        var blob = Directory.EnumerateFiles(folder + "/home/store", "*", SearchOption.AllDirectories).First(f => File.ReadAllText(f) == "precious\n");
        File.SetUnixFileMode(blob, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(blob, "worthless");

        var verify = Varve("verify");
        Assert.Equal(5, verify.Status);
        Assert.StartsWith("damaged: sha256:", verify.Output, StringComparison.Ordinal);
        File.Delete(Work + "/file");
        Assert.Contains("varve: ran", Varve("exec", "--", "sh", "-c", "echo precious >file").Error, StringComparison.Ordinal);
        Assert.Equal("precious\n", File.ReadAllText(Work + "/file"));
        Assert.Equal(0, Varve("verify").Status);
    }

    [Fact]
    public void Collecting_lets_results_go_but_not_pinned_ones()
    {
        Varve("exec", "--", "sh", "-c", "echo one >one; head -c 100000 /dev/zero >big1");
        Varve("exec", "--", "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x >big2");
        Assert.Equal(0, Varve("pin", "big2").Status);
        var gc = Varve("gc", "--to", "0.0001K");
        Assert.Equal(2, gc.Status);
        gc = Varve("gc", "--to", "1K");
        Assert.True(gc.Status == 0, gc.Error);
        Assert.Contains("the results of 1 step", gc.Output, StringComparison.Ordinal);

        File.Delete(Work + "/big1");
        File.Delete(Work + "/big2");
        Assert.Contains("varve: reused", Varve("exec", "--", "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x >big2").Error, StringComparison.Ordinal);
        Assert.Contains("varve: ran", Varve("exec", "--", "sh", "-c", "echo one >one; head -c 100000 /dev/zero >big1").Error, StringComparison.Ordinal);

        Assert.Equal(0, Varve("pin", "--remove", "big2").Status);
        Thread.Sleep(20);
        Assert.Contains("3 executions forgotten", Varve("gc", "--older-than", "0.001s").Output, StringComparison.Ordinal);
        Assert.Equal("", Varve("log").Output);
        Assert.Empty(Directory.EnumerateFiles(folder + "/home/store", "*", SearchOption.AllDirectories));
        Assert.Equal(100000, new FileInfo(Work + "/big2").Length);
    }

    [Fact]
    public void A_mistake_in_the_settings_is_told_with_file_and_line()
    {
        Write("varve.toml", "jobs = 2\npas = ['X']\n");
        var said = Varve("exec", "--", "true");
        Assert.Equal(125, said.Status);
        Assert.StartsWith($"varve: {Work}/varve.toml:2: there is no setting 'pas'", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_from_the_future_is_refused_and_left_alone()
    {
        Varve("exec", "--", "true");
        var file = folder + "/home/lineage.db";
        foreach (var rest in Directory.GetFiles(folder + "/home", "lineage.db-*")) File.Delete(rest);
        var bytes = File.ReadAllBytes(file);
        bytes[63] = 99;
        File.WriteAllBytes(file, bytes);
        var said = Varve("log");
        Assert.Equal(5, said.Status);
        Assert.Contains("newer Varve", said.Error, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(file));
    }

    [Fact]
    public void A_run_prints_a_line_for_each_step_and_one_that_sums_up()
    {
        Write("p.md", "# P\n\n```sh name=one\necho 1 >one\n```\n\n```sh name=two\ncat one one >two\n```\n");
        var first = Varve("run", "p.md");
        Assert.True(first.Status == 0, first.Error);
        var lines = first.Error.TrimEnd('\n').Split('\n');
        Assert.Matches(@"^varve: one: ran \d+\.\d\d s, step [0-9a-f]{12}$", lines[0]);
        Assert.Matches(@"^varve: 2 steps: 2 ran, 0 reused; took .* s, saved 0\.00 s$", lines[^1]);
        var json = Varve("run", "p.md", "--json").Output.TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(["one", "two"], json.Select(j => j.GetProperty("block").GetString()));
        Assert.All(json, j => Assert.True(j.GetProperty("reused").GetBoolean()));

        Write("p.md", "# P\n\n```sh name=one\necho 1 >one\n```\n\n```sh name=two\necho oh no >&2; exit 9\n```\n");
        Assert.Contains("two: run: ", Varve("run", "p.md", "--dry-run").Output, StringComparison.Ordinal);
        var failed = Varve("run", "p.md");
        Assert.Equal(3, failed.Status);
        Assert.Contains("varve: two (p.md:7) failed with exit status 9", failed.Error.Replace(Work + "/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("  oh no\n", failed.Error, StringComparison.Ordinal);
    }
}
