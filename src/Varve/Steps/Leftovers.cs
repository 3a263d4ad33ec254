using Varve.Lineage;
using Varve.Linux;
using Varve.Store;

namespace Varve.Steps;

/// <summary>
/// What steps left whose process was killed: their layers may be as large as all they wrote. Whoever runs a step next
/// removes them.
/// </summary>
internal static class Leftovers
{
    /// <summary>A folder this young may be one whose process has not taken its lock yet, or is about to remove it itself.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private const int ExecutionIdLength = 32;

    public static void Remove(VarveHome home)
    {
        var before = (DateTimeOffset.UtcNow - Fresh).ToUnixTimeMilliseconds() * 1_000_000;
        foreach (var entry in Files.List(home.RunningFolder) ?? [])
        {
            var path = $"{home.RunningFolder}/{entry.Name}";
            if (entry.Kind != FileKind.Directory || entry.Name.Length != ExecutionIdLength || Files.Look(path).ChangedNs >= before || Collection.IsAlive(path)) continue;
            try
            {
                Files.RemoveTree(path);
            }
            catch (IOException)
            {
                // Another user's, in a shared home, or being removed by another process at this moment.
            }
        }
    }
}
