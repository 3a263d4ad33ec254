using Varve.Lineage;
using Varve.Linux;
using Varve.Store;

namespace Varve.Steps;

/// <summary>A step of a document that some process runs now.</summary>
/// <param name="Execution">What its execution will be called.</param>
/// <param name="Step">The step's id.</param>
/// <param name="Origin">Which block asked for it.</param>
/// <param name="Transcript">The file that what it says goes to meanwhile.</param>
/// <param name="Since">When it began.</param>
internal sealed record RunningStep(string Execution, Digest Step, Origin Origin, string Transcript, DateTimeOffset Since)
{
    private const string FileName = "origin";
    private const int ExecutionDigits = 32;

    /// <summary>Notes beside a running step who asked for it, so that other processes can tell.</summary>
    public static void Note(string scratch, Digest step, Origin origin) =>
        File.WriteAllBytes($"{scratch}/{FileName}", PathText.Encode($"{step.Hex}\0{origin.Document}\0{origin.Block}\0{origin.Element}"));

    /// <summary>The steps that run now on a home, the longest first.</summary>
    public static IReadOnlyList<RunningStep> All(VarveHome home)
    {
        var running = new List<RunningStep>();
        foreach (var entry in Files.List(home.RunningFolder) ?? [])
        {
            if (entry.Kind != FileKind.Directory || entry.Name.Length != ExecutionDigits) continue;
            var folder = $"{home.RunningFolder}/{entry.Name}";
            try
            {
                var stamp = Files.Look($"{folder}/{FileName}");
                if (stamp.Kind != FileKind.File || !Collection.IsAlive(folder)) continue;
                var parts = PathText.Decode(File.ReadAllBytes($"{folder}/{FileName}")).Split('\0');
                if (parts is [var step, var document, var block, var element] && Digest.TryParse(step, out var digest))
                    running.Add(new RunningStep(entry.Name, digest, new Origin(document, block, element), $"{folder}/transcript", DateTimeOffset.FromUnixTimeMilliseconds(stamp.ModifiedNs / 1_000_000)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at, or is another user's.
            }
        }
        return running;
    }
}
