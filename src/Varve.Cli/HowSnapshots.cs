using Varve.Snapshots.Datasets;
using Varve.Snapshots.Repository;

namespace Varve.Cli;

/// <summary>What <c>varve how</c> says of a file that no step of Varve is known to have made: between which snapshots it came to be.</summary>
internal static class HowSnapshots
{
    private const int MostNamed = 20;

    /// <summary>Says it; false when there are no snapshots that could tell.</summary>
    public static bool Tell(CommonOptions common, string path, string? repository, bool json)
    {
        using var interrupt = new Interrupt(static () => { });
        FileHistory? history;
        if (repository is not null)
        {
            var store = RepositoryOptions.StoreAt(repository);
            var opened = SnapshotRepository.Open(store, SnapshotRepository.IsEncrypted(store) ? RepositoryKey.OfEnvironment() ?? RepositoryOptions.Asked($"Passphrase of {store.Path}: ") : null, SnapshotRepository.UsualCacheFolder);
            history = FileHistories.Of(opened, path, interrupt.Token);
        }
        else
        {
            history = FileHistories.Of(path, interrupt.Token);
        }
        if (history is null) return false;
        if (json || common.Json) Json(history);
        else foreach (var line in Lines(history, common.Verbose)) Console.Out.WriteLine(Words.Line(line));
        return true;
    }

    private static IEnumerable<string> Lines(FileHistory h, bool all)
    {
        yield return $"{h.Path} ({h.Digest[..12]}) was made by no step that Varve knows; snapshots of {h.Source} tell:";
        if (h.LastWithout is { } without) yield return $"  last {(h.WasThere ? "different" : "absent   ")}  {Words.When(without.At)} UTC  {without.Name}";
        if (h.FirstWith is { } with) yield return $"  first so        {Words.When(with.At)} UTC  {with.Name}{(h.SnapshotsWith > 1 ? $", and in each of the {h.SnapshotsWith - 1} since" : "")}";
        yield return "  " + (h.LastWithout, h.FirstWith) switch
        {
            (null, _) => "the oldest snapshot has it already: it is older than that",
            (_, null) => $"no snapshot has it: it was {Verb(h)} after the newest of them",
            _ => $"so it was {Verb(h)} between these two",
        } + $"; its own time is {Words.When(h.ModifiedAt)} UTC";
        if (h.LastWithout is null || h.FirstWith is null) yield break;
        yield return h.Others.Count == 0 ? "  nothing else changed in that time" : $"  in that time {Words.Count(h.Others.Count, "other file")} changed, too{(h.Others.Count > MostNamed && !all ? $", of them the first {MostNamed} (--verbose lists all)" : "")}:";
        foreach (var (change, path) in all ? h.Others : h.Others.Take(MostNamed)) yield return $"    {Name(change),-7}  {path}";
    }

    private static string Verb(FileHistory h) => h.WasThere ? "changed" : "made";

    private static string Name(FileChange change) => change switch { FileChange.Made => "made", FileChange.Changed => "changed", _ => "removed" };

    private static void Json(FileHistory h)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("path", TraceJson.Safe(h.Path));
            json.WriteString("digest", h.Digest);
            json.WriteString("snapshotsOf", TraceJson.Safe(h.Source));
            json.WriteString("modified", h.ModifiedAt);
            foreach (var (name, instant) in ((string, Instant?)[])[("lastWithout", h.LastWithout), ("firstWith", h.FirstWith)])
            {
                if (instant is null) continue;
                json.WriteStartObject(name);
                json.WriteString("snapshot", TraceJson.Safe(instant.Name));
                json.WriteString("at", instant.At);
                json.WriteEndObject();
            }
            json.WriteBoolean("wasThere", h.WasThere);
            json.WriteNumber("snapshotsWith", h.SnapshotsWith);
            json.WriteStartArray("others");
            foreach (var (change, path) in h.Others)
            {
                json.WriteStartObject();
                json.WriteString("change", Name(change));
                json.WriteString("path", TraceJson.Safe(path));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }
}
