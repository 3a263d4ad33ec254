using System.Globalization;
using System.Text;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Volumes;

/// <summary>
/// The calls of <see cref="IVolumes"/> as lines of text, for the <c>varve</c> of another host: a verb and its words come as
/// arguments, answers are rows with tabs between, streams are as they are.
/// </summary>
internal static class VolumesProtocol
{
    public const string Datasets = "datasets", Snapshots = "snapshots", Take = "take", Destroy = "destroy", Hold = "hold", Release = "release", Tags = "tags", Note = "note", Send = "send", Receive = "receive", Clear = "clear", Apply = "apply";

    /// <summary>Answers one call.</summary>
    /// <exception cref="SnapshotException">It failed, or makes no sense.</exception>
    public static void Serve(Func<string, IVolumes> volumesOf, IReadOnlyList<string> words, Stream input, Stream output)
    {
        if (words.Count < 2) throw new SnapshotException("a call needs a verb and a dataset");
        var volumes = volumesOf(words[1]);
        switch (words[0])
        {
            case Datasets: Write(output, volumes.Datasets(words[1], words is [_, _, "recursive"]).SelectMany(Rows)); break;
            case Snapshots: Write(output, volumes.Snapshots([.. words.Skip(1)]).Select(Row)); break;
            case Take: volumes.Take([.. Pairs(words)], children: false); break;
            case Destroy: volumes.Destroy(words[1], [.. words.Skip(2)]); break;
            case Hold: volumes.Hold(words[1], words[2], words[3]); break;
            case Release: volumes.Release(words[1], words[2], words[3]); break;
            case Tags:
                var asked = Pairs(words).ToHashSet();
                Write(output, volumes.Tags([.. volumes.Snapshots([.. asked.Select(static a => a.Dataset).Distinct(StringComparer.Ordinal)]).Where(s => asked.Contains((s.Dataset, s.Name)))]).Select(static t => $"{t.FullName}\t{t.Tag}"));
                break;
            case Note: volumes.SetNote(words[1], words[2], words.Count > 3 ? words[3] : ""); break;
            case Clear: volumes.Clear(words[1]); break;
            case Apply: volumes.Apply(VolumeChange.Read(words.Skip(2))); break;
            case Send:
                using (var end = volumes.Send(new SendRequest(words[1], words[2]) { Base = words.Count > 3 ? words[3] : null }))
                {
                    end.Bytes.CopyTo(output);
                    end.Complete();
                }
                break;
            case Receive:
                using (var end = volumes.Receive(new ReceiveRequest(words[1]) { Rollback = words is [_, _, "rollback"] }))
                {
                    input.CopyTo(end.Bytes);
                    end.Complete();
                }
                break;
            default: throw new SnapshotException($"no call is named '{words[0]}': the varve of the other host may be newer");
        }
        output.Flush();
    }

    private static IEnumerable<(string Dataset, string Name)> Pairs(IReadOnlyList<string> words)
    {
        for (var i = 1; i + 1 < words.Count; i += 2) yield return (words[i], words[i + 1]);
    }

    private static void Write(Stream output, IEnumerable<string> rows)
    {
        using var writer = new StreamWriter(output, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        foreach (var row in rows) writer.WriteLine(row);
    }

    private static IEnumerable<string> Rows(Dataset dataset) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"dataset\t{dataset.Name}\t{(int)dataset.Key}\t{dataset.UsedBytes}\t{dataset.AvailableBytes}\t{dataset.PoolPercent}"),
        .. dataset.Notes.Select(static n => $"note\t{n.Key}\t{Uri.EscapeDataString(n.Value)}"),
    ];

    private static string Row(Snapshot s) => string.Create(CultureInfo.InvariantCulture, $"{s.Dataset}\t{s.Name}\t{s.Guid}\t{s.CreatedAt}\t{s.Transaction}\t{s.Holds}\t{(s.IsMarked ? 1 : 0)}");

    /// <summary>What <see cref="Datasets"/> answered.</summary>
    public static IReadOnlyList<Dataset> ReadDatasets(string answer)
    {
        var datasets = new List<Dataset>();
        foreach (var row in Parted(answer))
        {
            if (row is ["dataset", var name, var key, var used, var available, var percent])
                datasets.Add(new Dataset(name) { Key = (KeyState)(int)Number(key), UsedBytes = Number(used), AvailableBytes = Number(available), PoolPercent = (int)Number(percent) });
            else if (row is ["note", var note, var value] && datasets.Count > 0)
                datasets[^1] = datasets[^1] with { Notes = new Dictionary<string, string>(datasets[^1].Notes, StringComparer.Ordinal) { [note] = Uri.UnescapeDataString(value) } };
        }
        return datasets;
    }

    /// <summary>What <see cref="Snapshots"/> answered.</summary>
    public static IEnumerable<Snapshot> ReadSnapshots(string answer) => Parted(answer).Where(static r => r.Length == 7)
        .Select(static r => new Snapshot(r[0], r[1], ulong.Parse(r[2], CultureInfo.InvariantCulture), Number(r[3]), ulong.Parse(r[4], CultureInfo.InvariantCulture)) { Holds = (int)Number(r[5]), IsMarked = r[6] == "1" });

    /// <summary>The rows of an answer.</summary>
    public static IEnumerable<string[]> Parted(string answer) => answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => l.Split('\t'));

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
