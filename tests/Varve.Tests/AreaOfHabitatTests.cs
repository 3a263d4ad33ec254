using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Xunit;

namespace Varve.Tests;

/// <summary>
/// The flagship example on the real program: what runs, what is reused, what is said of it, and whether the numbers
/// are right. The first run is shared; each test leaves the folder as the first run left it.
/// </summary>
public sealed class AreaOfHabitatTests(AreaOfHabitatTests.FirstRun example) : IClassFixture<AreaOfHabitatTests.FirstRun>
{
    private const int Species = 64;
    private const int Blocks = 6;
    private static readonly string[] Published = ["results/richness.png", "results/richness.tif", "results/summary.csv"];

    [Fact]
    public void The_first_run_runs_one_step_for_each_species_and_publishes()
    {
        Assert.Equal(Species + Blocks, example.Steps.Count);
        Assert.All(example.Steps, step => Assert.False(step.Reused));
        Assert.Equal(Species, example.Steps.Count(step => step.Block == "aoh"));
        Assert.All(Published, name => Assert.True(File.Exists(example.At(name)), name));
        Assert.Equal(Species + 1, File.ReadAllLines(example.At("results/summary.csv")).Length);
    }

    [Fact]
    public void Nothing_runs_again()
    {
        var again = example.Run();
        Assert.Equal(Species + Blocks, again.Count);
        Assert.All(again, step => Assert.True(step.Reused, $"{step.Block} {step.Element} ran"));
    }

    [Fact]
    public void An_edited_limit_runs_that_species_and_what_depends_on_it()
    {
        var before = example.Digests(Published);
        var limits = File.ReadAllText(example.At("species.csv"));
        var edited = limits.Replace("syn10,Synthetic species 10,1410,1870,", "syn10,Synthetic species 10,1410,1920,", StringComparison.Ordinal);
        Assert.NotEqual(limits, edited);

        File.WriteAllText(example.At("species.csv"), edited);
        var ran = example.Run().Where(step => !step.Reused).Select(step => $"{step.Block} {step.Element}".Trim()).Order(StringComparer.Ordinal);
        Assert.Equal(["aoh syn10", "picture", "richness", "summary"], ran);
        Assert.All(before.Zip(example.Digests(Published)), pair => Assert.NotEqual(pair.First, pair.Second));

        File.WriteAllText(example.At("species.csv"), limits);
        Assert.All(example.Run(), step => Assert.True(step.Reused, $"{step.Block} {step.Element} ran after the edit was undone"));
        Assert.Equal(before, example.Digests(Published));
    }

    [Fact]
    public void Deleted_outputs_come_back_without_running()
    {
        string[] gone = ["aoh/syn05.tif", "grid/elevation.tif", "richness.tif", "results/richness.png"];
        var before = example.Digests(gone);
        foreach (var name in gone) File.Delete(example.At(name));
        Assert.All(example.Run(), step => Assert.True(step.Reused, $"{step.Block} {step.Element} ran"));
        Assert.Equal(before, example.Digests(gone));
    }

    [Fact]
    public void A_time_stamp_alone_runs_nothing()
    {
        File.SetLastWriteTimeUtc(example.At("data/srtm.tif"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.All(example.Run(), step => Assert.True(step.Reused, $"{step.Block} {step.Element} ran"));
    }

    [Fact]
    public void The_areas_are_those_of_another_route()
    {
        // One species of forest, one of rock and shrubs, one whose habitat hardly exists here.
        var check = Call("/usr/bin/python3", [example.At("check_areas.py"), "syn01", "syn08", "syn09"], example.Folder);
        Assert.True(check.Status == 0, check.Output + check.Error);
        Assert.Equal(6, check.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void How_names_the_chain_and_nothing_beside_it()
    {
        var all = example.Varve("how", "richness.tif").Output;
        foreach (var part in new[] { "gdalwarp", "scripts/extent.py", "scripts/richness.py", "id=syn01", "id=syn64" })
            Assert.Contains(part, all, StringComparison.Ordinal);
        Assert.DoesNotContain("scripts/legend.py", all, StringComparison.Ordinal);
        Assert.DoesNotContain("scripts/summary.py", all, StringComparison.Ordinal);

        var one = example.Varve("how", "aoh/syn07.csv").Output;
        Assert.Contains("id=syn07", one, StringComparison.Ordinal);
        Assert.DoesNotContain("id=syn08", one, StringComparison.Ordinal);
    }

    [Theory, InlineData("why"), InlineData("show")]
    public void A_published_file_is_asked_after_like_the_one_it_is_a_copy_of(string command) =>
        Assert.Equal(example.Varve(command, "--json", "richness.tif").Output, example.Varve(command, "--json", "results/richness.tif").Output);

    [Fact]
    public void How_as_a_script_makes_the_same_bytes_from_the_inputs_alone()
    {
        var script = example.Varve("how", "--as", "sh", "aoh/syn08.tif").Output;
        var folder = Directory.CreateDirectory(example.Beside("script")).FullName;
        var home = Directory.CreateDirectory(example.Beside("empty-home")).FullName;
        foreach (var name in Inputs(script)) Copy(example.At(name), Path.Combine(folder, name));
        Assert.False(File.Exists(Path.Combine(folder, "species.csv")), "one species' map does not need the table of all");
        File.WriteAllText(example.Beside("how.sh"), script);

        var made = Call("/usr/bin/env", ["-i", $"HOME={home}", "sh", example.Beside("how.sh")], folder);
        Assert.True(made.Status == 0, made.Output + made.Error);
        Assert.Equal(Digest(example.At("aoh/syn08.tif")), Digest(Path.Combine(folder, "aoh/syn08.tif")));
        Assert.Empty(Directory.GetFileSystemEntries(home));

        File.AppendAllText(Path.Combine(folder, "ranges/syn08.geojson"), " ");
        Assert.Contains("ranges/syn08.geojson", Call("/usr/bin/env", ["-i", $"HOME={home}", "sh", example.Beside("how.sh")], folder).Error, StringComparison.Ordinal);
    }

    /// <summary>The files such a script checks before it begins.</summary>
    private static IEnumerable<string> Inputs(string script) =>
        script.Split('\n').TakeWhile(line => !line.StartsWith("# 1:", StringComparison.Ordinal))
            .Where(line => line.StartsWith("have ", StringComparison.Ordinal))
            .Select(line => line.Split(' ', 3)[2].Replace("\"$root\"/", "", StringComparison.Ordinal));

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
    }

    private static string Digest(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private static (int Status, string Output, string Error) Call(string program, string[] arguments, string folder, string? home = null)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (home is not null) start.Environment["VARVE_HOME"] = home;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>A step as `run --json` tells it.</summary>
    public sealed record Step(string Block, string Element, bool Reused);

    /// <summary>The example in a folder of its own, run once.</summary>
    public sealed class FirstRun : IDisposable
    {
        private readonly string parent = Path.Combine(Checkout.Root, "artifacts", "aoh-test-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

        public FirstRun()
        {
            _ = Checkout.Program;
            foreach (var tool in new[] { "/usr/bin/gdalwarp", "/usr/bin/gdal_calc.py" })
                Assert.SkipUnless(File.Exists(tool), $"{tool} is not there: apt-get install gdal-bin python3-gdal");
            var example = Path.Combine(Checkout.Root, "examples/area-of-habitat");
            foreach (var part in new[] { "data", "ranges", "scripts" })
                foreach (var file in Directory.GetFiles(Path.Combine(example, part))) Copy(file, At($"{part}/{Path.GetFileName(file)}"));
            foreach (var file in new[] { "pipeline.md", "species.csv", "check_areas.py" }) Copy(Path.Combine(example, file), At(file));
            Steps = Run();
        }

        /// <summary>The steps of the first run.</summary>
        public IReadOnlyList<Step> Steps { get; }
        /// <summary>The document's folder.</summary>
        public string Folder => parent + "/example";

        public string At(string name) => Path.Combine(Folder, name);

        public string Beside(string name) => Path.Combine(parent, name);

        public string[] Digests(string[] names) => [.. names.Select(name => Digest(At(name)))];

        public IReadOnlyList<Step> Run() =>
            [.. Varve("run", "--json", "pipeline.md").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement)
                .Where(line => line.TryGetProperty("block", out _))
                .Select(line => new Step(line.GetProperty("block").GetString()!, line.GetProperty("element").GetString()!, line.GetProperty("reused").GetBoolean()))];

        /// <summary>Calls the program in the example's folder; it must end well.</summary>
        internal (int Status, string Output, string Error) Varve(params string[] arguments)
        {
            var call = Call(Checkout.Program, arguments, Folder, Beside("home"));
            Assert.True(call.Status == 0, $"varve {string.Join(' ', arguments)}: exit status {call.Status}: {call.Error}");
            return call;
        }

        public void Dispose()
        {
            if (Directory.Exists(parent)) Directory.Delete(parent, recursive: true);
        }
    }
}
