using Varve.Steps;
using Xunit;

namespace Varve.Tests;

/// <summary>What `varve.toml` and `config.toml` may say.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("varve-settings-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public void A_file_may_say_everything_that_there_is_to_say()
    {
        var file = Write("varve.toml", """
            # a comment
            pass = ["OMP_NUM_THREADS", "GDAL_CACHEMAX"]
            trust = "/data/archive"
            write = ["scratch", "../shared"]
            jobs = 4
            [environments]
            debian = { root = "roots/debian" }
            [environments.alpine]
            root = "/srv/alpine/"
            """);
        var settings = SettingsFile.Read(file, new Settings { Pass = ["A"], Jobs = 9 });
        Assert.Equal(["A", "OMP_NUM_THREADS", "GDAL_CACHEMAX"], settings.Pass);
        Assert.Equal(["/data/archive"], settings.Trust);
        Assert.Equal([folder + "/scratch", Path.GetDirectoryName(folder) + "/shared"], settings.Write);
        Assert.Equal(4, settings.Jobs);
        Assert.Equal(folder + "/roots/debian", settings.Environments["debian"]);
        Assert.Equal("/srv/alpine", settings.Environments["alpine"]);
    }

    [Theory]
    [InlineData("jobs = 1\ntrace = true", 2, "there is no setting 'trace'")]
    [InlineData("\n\njobs = 'many'", 3, "'jobs' must be a number")]
    [InlineData("jobs = 0", 1, "'jobs' must be a number")]
    [InlineData("pass = 3", 1, "'pass' must be a list of texts")]
    [InlineData("pass = ['A', 3]", 1, "'pass' must be text")]
    [InlineData("[environments]\nx = '/'", 2, "there is no setting 'environments.x'")]
    [InlineData("jobs = [", 1, "")]
    [InlineData("jobs = 1\njobs = 2", 2, "")]
    public void A_mistake_is_told_with_file_and_line(string text, int line, string says)
    {
        var file = Write("varve.toml", text);
        var error = Assert.Throws<SettingsException>(() => SettingsFile.Read(file, new Settings()));
        Assert.StartsWith($"{file}:{line}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_workspace_is_the_nearest_folder_with_a_varve_toml_else_the_folder_itself()
    {
        var inside = Directory.CreateDirectory(Path.Combine(folder, "a/b")).FullName;
        Assert.Equal(inside, Settings.WorkspaceOf(inside));
        Write("varve.toml", "");
        Assert.Equal(folder, Settings.WorkspaceOf(inside));
        Write("a/varve.toml", "");
        Assert.Equal(folder + "/a", Settings.WorkspaceOf(inside));
    }

    [Fact]
    public void An_unknown_environment_is_told_with_those_that_exist()
    {
        var settings = new Settings { Environments = new Dictionary<string, string>(StringComparer.Ordinal) { ["debian"] = "/nowhere" } };
        Assert.Equal("there is no environment 'debain'; varve.toml has: debian, host", Assert.Throws<SettingsException>(() => settings.RootLayers("debain")).Message);
        Assert.Contains("/nowhere is not a folder", Assert.Throws<SettingsException>(() => settings.Identity("debian")).Message, StringComparison.Ordinal);
        Assert.Equal("host", settings.Identity("host"));
    }
}
