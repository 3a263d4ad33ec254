using System.Text;
using Varve.Linux;
using Varve.Lineage;

namespace Varve.Web.Documents;

/// <summary>A document of the workspace.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Title">Its first heading, else its name.</param>
/// <param name="Blocks">How many fences of it look like steps.</param>
/// <param name="LastRun">When a step of it last started to run.</param>
internal sealed record ListedDocument(string Path, string Title, int Blocks, DateTimeOffset? LastRun);

/// <summary>Finds the documents of a workspace: Markdown with fences that are steps.</summary>
internal static class DocumentList
{
    private const int Deepest = 4, MostLooked = 5000, MostDocuments = 200;
    private const long LargestDocument = 4L << 20;

    public static IReadOnlyList<ListedDocument> Of(Visit visit)
    {
        var site = visit.Site;
        var lastRuns = LastRuns(visit.Lineage);
        var found = new List<ListedDocument>();
        var folders = new Queue<(string Relative, int Depth)>([("", 0)]);
        var looked = 0;
        while (folders.TryDequeue(out var folder) && found.Count < MostDocuments)
        {
            if (Beneath.Open(site.Workspace, folder.Relative) is not { } opened) continue;
            using var handle = opened.Handle;
            foreach (var entry in Files.List($"/proc/self/fd/{(int)handle.DangerousGetHandle()}") ?? [])
            {
                if (++looked > MostLooked) break;
                if (entry.Name.StartsWith('.') || entry.Name is "node_modules") continue;
                var relative = folder.Relative.Length == 0 ? entry.Name : $"{folder.Relative}/{entry.Name}";
                if (entry.Kind == FileKind.Directory && folder.Depth < Deepest) folders.Enqueue((relative, folder.Depth + 1));
                else if (entry.Kind == FileKind.File && entry.Name.EndsWith(".md", StringComparison.Ordinal) && Text(site, relative) is { } text && Blocks(text) is var blocks and > 0)
                    found.Add(new ListedDocument(site.Absolute(relative), Title(text) ?? relative, blocks, lastRuns.TryGetValue(site.Absolute(relative), out var at) ? at : null));
            }
        }
        return [.. found.OrderByDescending(static d => d.LastRun ?? DateTimeOffset.MinValue).ThenBy(static d => d.Path, StringComparer.Ordinal)];
    }

    /// <summary>The text of a document; null when there is none, or it is too large for one.</summary>
    public static string? Text(Site site, string relative)
    {
        if (Beneath.Open(site.Workspace, relative) is not { } opened) return null;
        using var handle = opened.Handle;
        if (opened.Stamp.Kind != FileKind.File || opened.Stamp.Size > LargestDocument) return null;
        var bytes = new byte[opened.Stamp.Size];
        var length = RandomAccess.Read(handle, bytes, 0);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static int Blocks(string text) => text.Split('\n').Count(static l => l.TrimStart() is var line && (line.StartsWith("```sh ", StringComparison.Ordinal) || line.StartsWith("```shark-", StringComparison.Ordinal)));

    private static string? Title(string text) =>
        text.Split('\n').FirstOrDefault(static l => l.StartsWith("# ", StringComparison.Ordinal)) is { } line && line[2..].Trim() is { Length: > 0 } title ? title : null;

    private static Dictionary<string, DateTimeOffset> LastRuns(LineageDatabase lineage) => lineage.Ask(() =>
    {
        var runs = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        using var row = lineage.Query("SELECT document, max(started) FROM executions WHERE document IS NOT NULL GROUP BY document");
        while (row.Read()) runs[row.GetString(0)] = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1));
        return runs;
    });
}
