using Varve.Linux;
using Varve.Store;

namespace Varve.Tests;

/// <summary>A home and a folder beside it, gone when the test ends.</summary>
internal sealed class TemporaryHome : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("varve-test-").FullName;

    public TemporaryHome()
    {
        Home = new VarveHome(folder + "/home");
        Directory.CreateDirectory(Work);
    }

    public VarveHome Home { get; }

    /// <summary>Where a test's own files lie.</summary>
    public string Work => folder + "/work";

    public string At(string name) => $"{Work}/{name}";

    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    public void Dispose() => Files.RemoveTree(folder);
}
