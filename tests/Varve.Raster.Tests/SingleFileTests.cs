using System.Diagnostics;
using Varve.Tests;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>A script of a single file (<c>dotnet run map.cs</c>), over the checkout and over the package.</summary>
public sealed class SingleFileTests : IDisposable
{
    private static readonly Grid Place = new(312000, 4150000, 30, -30, 40, 30, Projection.OfEpsg(32612));
    private readonly string folder = Directory.CreateTempSubdirectory("varve-script-").FullName;

    public SingleFileTests()
    {
        Raster.FromArray<byte>([.. Enumerable.Range(0, 1200).Select(static i => (byte)(i % 3 == 0 ? 42 : 11))], PixelType.Byte, Place).Write(At("cover.tif"));
        Raster.FromArray<short>([.. Enumerable.Range(0, 1200).Select(static i => (short)(i < 600 ? 1500 : 2500))], PixelType.Int16, Place).Write(At("elevation.tif"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private static string Script => Path.Combine(Checkout.Root, "examples/rasters/map.cs");

    [Fact]
    public void The_example_runs_over_the_checkout_and_leaves_nothing_in_it()
    {
        var said = Dotnet("run", Script, At("cover.tif"), At("elevation.tif"), At("map.tif"));
        Assert.EndsWith("0.2 km2 of 400 pixels of habitat, 50% of them reachable\n", said, StringComparison.Ordinal);
        var map = Raster.Open(At("map.tif"));
        Assert.Equal((200, 1500, 1500), (map.Count(), map.Min(), map.Max()));
        Assert.Equal(["Directory.Build.props", "map.cs"], Directory.GetFileSystemEntries(Path.GetDirectoryName(Script)!).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact(Explicit = true)]
    public void The_example_runs_over_the_package()
    {
        var version = $"0.1.0-test.{Environment.ProcessId}";
        Dotnet("pack", Path.Combine(Checkout.Root, "src/Varve.Raster"), "-c", "Release", "-o", folder, $"-p:Version={version}");
        var script = File.ReadAllLines(Script).Select(line => line.StartsWith("#:project", StringComparison.Ordinal) ? $"#:package Varve.Raster@{version}" : line);
        File.WriteAllLines(At("map.cs"), script);
        File.WriteAllText(At("nuget.config"), $"""<configuration><packageSources><add key="here" value="{folder}" /></packageSources></configuration>""");
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");
        try
        {
            Assert.EndsWith("50% of them reachable\n", Dotnet("run", At("map.cs"), At("cover.tif"), At("elevation.tif"), At("map.tif")), StringComparison.Ordinal);
        }
        finally
        {
            if (Directory.Exists(Path.Combine(packages, "varve.raster", version))) Directory.Delete(Path.Combine(packages, "varve.raster", version), recursive: true);
        }
    }

    private string Dotnet(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = start.Environment["DOTNET_NOLOGO"] = start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach (var name in (string[])["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath"]) start.Environment.Remove(name);
        using var dotnet = Process.Start(start)!;
        var errors = dotnet.StandardError.ReadToEndAsync();
        var said = dotnet.StandardOutput.ReadToEnd();
        dotnet.WaitForExit();
        Assert.True(dotnet.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}:\n{said}{errors.Result}");
        return said;
    }
}
