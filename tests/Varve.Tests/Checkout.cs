using Xunit;
namespace Varve.Tests;

/// <summary>Where the checkout lies that these tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>The program as people run it (NativeAOT); a test that needs it is skipped where it is not built.</summary>
    public static string Program
    {
        get
        {
            var program = Path.Combine(Root, "artifacts/varve");
            Assert.SkipUnless(File.Exists(program), "artifacts/varve is not built; ./test builds it");
            return program;
        }
    }

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Varve.slnx")) ? folder : Find(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) ?? throw new InvalidOperationException("the tests do not lie in a checkout"));
}
