using System.Globalization;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Keeping;

/// <summary>What is known, by the notes on a dataset, of which snapshot each peer has.</summary>
public static class PeerNotes
{
    /// <summary>GUID by peer.</summary>
    public static IReadOnlyDictionary<string, ulong> Of(Dataset dataset)
    {
        var peers = new SortedDictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var part in dataset.Note(Notes.Peers).Split(',', StringSplitOptions.RemoveEmptyEntries))
            if (part.Split(' ') is [var guid, var peer] && ulong.TryParse(guid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) peers[Uri.UnescapeDataString(peer)] = number;
        return peers;
    }

    /// <summary>Whether a peer that a policy names is among these: by its host, by a dataset above, or as a whole.</summary>
    public static bool IsKnown(IEnumerable<string> peers, string named)
    {
        if (named.StartsWith('/') || (named.Contains('/', StringComparison.Ordinal) && !named.Contains(':', StringComparison.Ordinal))) named = $"{Environment.MachineName}:{named}";
        return peers.Any(p => p == named || (p.StartsWith(named, StringComparison.Ordinal) && (p[named.Length] is ':' or '/')));
    }

    /// <summary>The note with one peer's snapshot in it.</summary>
    public static string With(Dataset dataset, string peer, ulong guid)
    {
        var peers = new SortedDictionary<string, ulong>(Of(dataset).ToDictionary(), StringComparer.Ordinal) { [peer] = guid };
        return string.Join(',', peers.Select(static p => string.Create(CultureInfo.InvariantCulture, $"{p.Value} {Uri.EscapeDataString(p.Key)}")));
    }
}
