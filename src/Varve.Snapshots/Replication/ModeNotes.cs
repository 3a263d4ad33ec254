using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>How streams go to each peer, by the note <see cref="Notes.Mode"/> of a dataset that is sent.</summary>
internal static class ModeNotes
{
    /// <summary><c>raw</c>, <c>plain</c>, or empty when nothing was sent to that peer yet.</summary>
    public static string Of(Dataset dataset, string peer) => All(dataset).GetValueOrDefault(peer, "");

    /// <summary>Mode by peer; on a replica that was never sent on there is none.</summary>
    public static SortedDictionary<string, string> All(Dataset dataset)
    {
        var modes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in dataset.Note(Notes.Mode).Split(',', StringSplitOptions.RemoveEmptyEntries))
            if (part.Split(' ') is [var mode, var peer]) modes[Uri.UnescapeDataString(peer)] = mode;
        return modes;
    }

    /// <summary>The mode in which the dataset itself came; empty for one that did not come from elsewhere.</summary>
    public static string Own(Dataset dataset) => dataset.Note(Notes.Mode).Split(',').FirstOrDefault(static p => !p.Contains(' ', StringComparison.Ordinal), "");

    /// <summary>The note with one peer's mode in it.</summary>
    public static string With(Dataset dataset, string peer, string mode)
    {
        var modes = All(dataset);
        modes[peer] = mode;
        return Joined(Own(dataset), modes);
    }

    /// <summary>The note with the dataset's own mode in it.</summary>
    public static string WithOwn(Dataset dataset, string mode) => Joined(mode, All(dataset));

    private static string Joined(string own, SortedDictionary<string, string> modes) =>
        string.Join(',', (own.Length > 0 ? (string[])[own] : []).Concat(modes.Select(static m => $"{m.Value} {Uri.EscapeDataString(m.Key)}")));
}
