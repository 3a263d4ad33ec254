using System.Runtime.CompilerServices;
using Xunit;

namespace Varve.Tests;

/// <summary>
/// Holds printed output against a file beside the test: <c>Snapshots/CLASS.NAME.txt</c>. When they differ, what was
/// printed is written to <c>*.received.txt</c>; with <c>UPDATE_SNAPSHOTS=1</c> it becomes the new snapshot.
/// </summary>
internal static class Snapshot
{
    /// <param name="printed">What the program printed.</param>
    /// <param name="extension">How the file's name ends.</param>
    /// <param name="test">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    public static void Matches(string printed, string extension = "txt", [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        // Deterministic builds may rewrite the compiler's path; the class name and the checkout are enough.
        var folder = Path.Combine(Checkout.Root, "tests/Varve.Tests/Snapshots");
        var path = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(file)}.{test}.{extension}");
        var received = Path.ChangeExtension(path, $".received.{extension}");
        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (printed == expected)
        {
            File.Delete(received);
            return;
        }
        var update = Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1";
        Directory.CreateDirectory(folder);
        File.WriteAllText(update ? path : received, printed);
        if (!update) Assert.Equal(expected, printed);
    }
}
