using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Varve.Tests;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>The tests of the Python module (<c>python/tests</c>), each counted as one here; they run once, all together, in Debian's Python.</summary>
public sealed partial class PythonModuleTests(PythonModuleTests.Ran ran) : IClassFixture<PythonModuleTests.Ran>
{
    private const string Python = "/usr/bin/python3";

    [GeneratedRegex(@"^class (?<class>\w+)|^    def (?<test>test_\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Definition();

    /// <summary>As they stand in the files, so that one that never ran is missed.</summary>
    public static TheoryData<string> Tests()
    {
        var tests = new TheoryData<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(Checkout.Root, "python/tests"), "test_*.py").Order(StringComparer.Ordinal))
        {
            var name = "";
            foreach (Match found in Definition().Matches(File.ReadAllText(file)))
            {
                if (found.Groups["class"].Success) name = found.Groups["class"].Value;
                else tests.Add($"{Path.GetFileNameWithoutExtension(file)}.{name}.{found.Groups["test"].Value}");
            }
        }
        return tests;
    }

    [Theory]
    [MemberData(nameof(Tests))]
    public void It_passes(string test)
    {
        Assert.SkipUnless(ran.WhyNot is null, ran.WhyNot ?? "");
        Assert.True(ran.Outcomes.TryGetValue(test, out var outcome), $"{test} did not run; the suite said:\n{ran.Errors}");
        Assert.SkipUnless(outcome.How != "skipped", outcome.Message);
        Assert.True(outcome.How == "passed", outcome.Message);
    }

    [Fact]
    public void The_suite_ends_well_and_has_no_test_that_is_not_counted()
    {
        Assert.SkipUnless(ran.WhyNot is null, ran.WhyNot ?? "");
        Assert.True(ran.Status == 0, ran.Errors);
        Assert.Empty(ran.Outcomes.Keys.Except(Tests().Select(static t => t.Data)));
    }

    [Fact]
    public void Its_hints_of_types_agree_with_its_code()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/mypy"), "mypy is not installed");
        using var mypy = Process.Start(new ProcessStartInfo("/usr/bin/mypy", ["--strict", "--python-version", "3.9", "--cache-dir", "/dev/null", "-p", "varve.raster"])
        {
            WorkingDirectory = Path.Combine(Checkout.Root, "python"),
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var said = mypy.StandardOutput.ReadToEnd();
        mypy.WaitForExit();
        Assert.True(mypy.ExitCode == 0, said);
    }

    /// <summary>How a test went.</summary>
    /// <param name="How">passed, failed or skipped.</param>
    /// <param name="Message">Why.</param>
    public sealed record Outcome(string How, string Message);

    /// <summary>One run of all.</summary>
    public sealed class Ran
    {
        public Ran()
        {
            if (!File.Exists(Python)) WhyNot = "python3 is not installed";
            else if (!File.Exists("/usr/lib/python3/dist-packages/numpy/__init__.py")) WhyNot = "python3-numpy is not installed";
            else if (!File.Exists(Path.Combine(Checkout.Root, "artifacts/libvarve_raster.so"))) WhyNot = "artifacts/libvarve_raster.so is not built; ./test builds it";
            if (WhyNot is not null) return;
            using var suite = Process.Start(new ProcessStartInfo(Python, ["-B", "-W", "error::ResourceWarning", Path.Combine(Checkout.Root, "python/tests/run.py")]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var errors = suite.StandardError.ReadToEndAsync();
            while (suite.StandardOutput.ReadLine() is { } line)
            {
                var told = JsonDocument.Parse(line).RootElement;
                Outcomes[told.GetProperty("test").GetString()!] = new Outcome(told.GetProperty("outcome").GetString()!, told.GetProperty("message").GetString()!);
            }
            suite.WaitForExit();
            (Status, Errors) = (suite.ExitCode, errors.Result);
        }

        public string? WhyNot { get; }
        public int Status { get; }
        public string Errors { get; } = "";
        public Dictionary<string, Outcome> Outcomes { get; } = [];
    }
}
