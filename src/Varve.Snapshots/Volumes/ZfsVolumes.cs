using System.Globalization;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Volumes;

/// <summary>ZFS, by its commands <c>zfs</c> and <c>zpool</c>; one call a listing, however many datasets.</summary>
public sealed class ZfsVolumes(Host host) : IVolumes
{
    private const string Space = "varve:", Mark = Space + "by", Marked = "policy";

    private static readonly System.Buffers.SearchValues<char> NotInSnapshots = System.Buffers.SearchValues.Create(",%@#\t\n");

    /// <inheritdoc/>
    public string Kind => "zfs";

    /// <inheritdoc/>
    public string Host => host.Name;

    /// <inheritdoc/>
    public Abilities Abilities => Abilities.Bookmarks | Abilities.Resume | Abilities.AtomicChildren | Abilities.RawStreams | Abilities.Intermediates;

    /// <inheritdoc/>
    public void ExpectStream() => host.ExpectStream();

    /// <inheritdoc/>
    public void Expect(Questions questions)
    {
        host.Expect(DatasetWords(questions.Root, questions.Recursive));
        host.Expect(CapacityWords(questions.Root));
        foreach (var root in Roots(questions.Listed)) host.Expect(SnapshotWords(root));
        if (HoldsWords(questions.Held) is [var held]) host.Expect(held);
    }

    private static string[] DatasetWords(string root, bool recursive)
    {
        // zfs get, since zfs list does not tell a note from one that is inherited.
        string[] properties = ["type", "used", "available", "keystatus", "encryption", "receive_resume_token", "recordsize", .. Notes.All.Select(static n => Space + n)];
        return ["zfs", "get", "-Hp", "-t", "filesystem,volume", "-o", "name,property,value,source", .. recursive ? (string[])["-r"] : [], string.Join(',', properties), Name(root)];
    }

    private static string[] CapacityWords(string dataset) => ["zpool", "list", "-Hp", "-o", "capacity", Name(dataset.Split('/')[0])];

    private static string[] SnapshotWords(string root) => ["zfs", "list", "-Hp", "-t", "snapshot", "-o", $"name,guid,creation,createtxg,userrefs,clones,used,ivsetguid,{Mark}", "-r", Name(root)];

    private static List<string[]> HoldsWords(IEnumerable<Snapshot> snapshots) =>
        [.. Volumes.Host.Batches(snapshots.Select(static s => $"{Name(s.Dataset)}@{s.Name}")).Select(static some => (string[])["zfs", "holds", "-H", .. some])];

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets(string root, bool recursive)
    {
        var datasets = new List<Dataset>();
        var keyed = false;
        foreach (var row in Rows(DatasetWords(root, recursive)))
        {
            if (datasets.Count == 0 || datasets[^1].Name != row[0])
            {
                keyed = false;
                datasets.Add(new Dataset(row[0]));
            }
            datasets[^1] = With(datasets[^1], row[1], row[2], row[3], ref keyed);
        }
        if (datasets.Count == 0) return [];
        var full = PoolPercent(root);
        return [.. datasets.Select(d => d with { PoolPercent = full })];
    }

    private static Dataset With(Dataset dataset, string property, string value, string source, ref bool keyed)
    {
        if (value is "-" or "") return dataset;
        switch (property)
        {
            case "type": return dataset with { IsDevice = value == "volume" };
            case "used": return dataset with { UsedBytes = Number(value) };
            case "available": return dataset with { AvailableBytes = Number(value) };
            case "recordsize": return dataset with { RecordSize = Number(value) };
            case "receive_resume_token": return dataset with { ResumeToken = value };
            case "keystatus":
                keyed = value == "available";
                return dataset;
            case "encryption": return value == "off" ? dataset : dataset with { Key = keyed ? KeyState.Available : KeyState.Unavailable };
        }
        var note = property[Space.Length..];
        // What is said of a dataset is not said of those below, except that the host holds no key.
        if (source != "local" && note != Notes.Keyless) return dataset;
        return dataset with { Notes = new Dictionary<string, string>(dataset.Notes, StringComparer.Ordinal) { [note] = value } };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets)
    {
        var wanted = datasets.ToHashSet(StringComparer.Ordinal);
        var found = new List<Snapshot>();
        foreach (var root in Roots(datasets))
        {
            foreach (var row in Rows(SnapshotWords(root)))
            {
                var (dataset, name) = Parted(row[0], '@');
                if (!wanted.TryGetValue(dataset, out var known)) continue;
                found.Add(new Snapshot(known, name, ulong.Parse(row[1], CultureInfo.InvariantCulture), Number(row[2]), ulong.Parse(row[3], CultureInfo.InvariantCulture))
                {
                    Holds = (int)Number(row[4]),
                    HasClones = row[5] is not ("-" or ""),
                    UniqueBytes = Number(row[6]),
                    RawId = ulong.TryParse(row[7], NumberStyles.None, CultureInfo.InvariantCulture, out var raw) ? raw : 0,
                    IsMarked = row[8] == Marked,
                });
            }
        }
        // They mostly come in this order, and to see that is quicker than to sort.
        if (!found.Zip(found.Skip(1), Order).All(static order => order <= 0)) found.Sort(Order);
        return found;
    }

    private static int Order(Snapshot a, Snapshot b)
    {
        var order = ReferenceEquals(a.Dataset, b.Dataset) ? 0 : string.CompareOrdinal(a.Dataset, b.Dataset);
        return order == 0 ? a.Transaction.CompareTo(b.Transaction) : order;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets)
    {
        var wanted = datasets.ToHashSet(StringComparer.Ordinal);
        var found = new List<Bookmark>();
        foreach (var root in Roots(datasets))
        {
            foreach (var row in Rows(["zfs", "list", "-Hp", "-t", "bookmark", "-o", "name,guid,creation,createtxg", "-r", Name(root)]))
            {
                var (dataset, name) = Parted(row[0], '#');
                if (wanted.Contains(dataset)) found.Add(new Bookmark(dataset, name, ulong.Parse(row[1], CultureInfo.InvariantCulture), Number(row[2]), ulong.Parse(row[3], CultureInfo.InvariantCulture)));
            }
        }
        return found;
    }

    /// <inheritdoc/>
    public void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children)
    {
        // One call is one transaction in each pool.
        foreach (var some in Volumes.Host.Batches(snapshots.Select(static s => $"{Name(s.Dataset)}@{s.Name}")))
            host.Run(["zfs", "snapshot", .. children ? (string[])["-r"] : [], "-o", $"{Mark}={Marked}", .. some]);
    }

    /// <inheritdoc/>
    public void Destroy(string dataset, IReadOnlyList<string> names)
    {
        foreach (var some in Volumes.Host.Batches(names)) host.Run(["zfs", "destroy", $"{Name(dataset)}@{string.Join(',', some.Select(Plain))}"]);
    }

    /// <inheritdoc/>
    public void Hold(string dataset, string name, string tag)
    {
        var (status, _, error) = host.Try(["zfs", "hold", tag, $"{Name(dataset)}@{name}"]);
        if (status != 0 && !error.Contains("tag already exists", StringComparison.Ordinal)) throw Volumes.Host.Failed(["zfs", "hold", tag, $"{dataset}@{name}"], status, error);
    }

    /// <inheritdoc/>
    public void Release(string dataset, string name, string tag)
    {
        var (status, _, error) = host.Try(["zfs", "release", tag, $"{Name(dataset)}@{name}"]);
        if (status != 0 && !error.Contains("no such tag", StringComparison.Ordinal) && !IsMissing(error)) throw Volumes.Host.Failed(["zfs", "release", tag, $"{dataset}@{name}"], status, error);
    }

    /// <inheritdoc/>
    public void MakeBookmark(string dataset, string name, string bookmark)
    {
        var (status, _, error) = host.Try(["zfs", "bookmark", $"{Name(dataset)}@{name}", $"{dataset}#{bookmark}"]);
        if (status != 0 && !error.Contains("bookmark exists", StringComparison.Ordinal)) throw Volumes.Host.Failed(["zfs", "bookmark", $"{dataset}@{name}", $"{dataset}#{bookmark}"], status, error);
    }

    /// <inheritdoc/>
    public void DestroyBookmark(string dataset, string bookmark)
    {
        var (status, _, error) = host.Try(["zfs", "destroy", $"{Name(dataset)}#{bookmark}"]);
        if (status != 0 && !IsMissing(error)) throw Volumes.Host.Failed(["zfs", "destroy", $"{dataset}#{bookmark}"], status, error);
    }

    /// <inheritdoc/>
    public void SetNote(string dataset, string note, string value) =>
        host.Run(value.Length == 0 ? ["zfs", "inherit", Space + note, Name(dataset)] : ["zfs", "set", $"{Space}{note}={value}", Name(dataset)]);

    // What is so already is no failure, as with one call for each.
    private const string ApplyScript = """
        but() { m=$1; shift; e=$("$@" 2>&1) || case $e in *"$m"* | *'does not exist'*) ;; *) printf '%s\n' "$e" >&2; false ;; esac; }
        while [ $# -gt 0 ]; do
            v=${4#=}
            case $1 in
            hold) e=$(zfs hold "$v" "$2@$3" 2>&1) || case $e in *'tag already exists'*) ;; *) printf '%s\n' "$e" >&2; exit 1 ;; esac ;;
            release) but 'no such tag' zfs release "$v" "$2@$3" || exit 1 ;;
            note) if [ -n "$v" ]; then zfs set "varve:$3=$v" "$2"; else zfs inherit "varve:$3" "$2"; fi || exit 1 ;;
            makebookmark) e=$(zfs bookmark "$2@$3" "$2#$v" 2>&1) || case $e in *'bookmark exists'*) ;; *) printf '%s\n' "$e" >&2; exit 1 ;; esac ;;
            destroybookmark) but 'could not find' zfs destroy "$2#$3" || exit 1 ;;
            destroy) zfs destroy "$2@$3" || exit 1 ;;
            esac
            shift 4
        done
        """;

    /// <inheritdoc/>
    public void Apply(IReadOnlyList<VolumeChange> changes)
    {
        foreach (var change in changes) Plain(Name(change.Dataset));
        foreach (var lot in VolumeChange.Lots(changes)) host.Script(ApplyScript, lot);
    }

    /// <inheritdoc/>
    public long? Estimate(SendRequest request) => Estimates([request])[0];

    // Each command is a count and as many words, which are taken by their numbers: none is read by the shell.
    private const string EstimateScript = """
        while [ $# -gt 0 ]; do
            n=$1 i=1 words=
            shift
            while [ $i -le $n ]; do words="$words \"\${$i}\"" i=$((i + 1)); done
            size=$(eval "$words" 2> /dev/null | sed -n 's/^size[[:space:]]*//p')
            printf '%s\n' "${size:--}"
            shift $n
        done
        """;

    /// <inheritdoc/>
    public IReadOnlyList<long?> Estimates(IReadOnlyList<SendRequest> requests) =>
        [.. Volumes.Host.Batches(requests.Select(EstimateWords)).SelectMany(some => host.Script(EstimateScript, some).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(static size => long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : (long?)null)];

    private static string[] EstimateWords(SendRequest request)
    {
        List<string> command = [.. SendCommand(request)];
        command.InsertRange(2, ["-n", "-P"]);
        return [command.Count.ToString(CultureInfo.InvariantCulture), .. command];
    }

    /// <inheritdoc/>
    public IEnd Send(SendRequest request) => new ProcessEnd(host, SendCommand(request), receives: false, request.Packing);

    /// <inheritdoc/>
    public IEnd Receive(ReceiveRequest request)
    {
        // Not mounted: a path of the source must not hide one of the receiver.
        List<string> command = ["zfs", "receive", "-u"];
        if (request.Resumable) command.Add("-s");
        if (request.Rollback) command.Add("-F");
        // Notes are said of one dataset, not of its copy.
        if (request.Properties) foreach (var note in Notes.All) command.AddRange(["-x", Space + note]);
        if (request.Properties && !request.IsDevice) command.AddRange(["-x", "mountpoint", "-o", "canmount=noauto"]);
        if (request.ReadOnly) command.AddRange(["-o", "readonly=on"]);
        command.AddRange(request.More);
        command.Add(Name(request.Dataset));
        return new ProcessEnd(host, command, receives: true, request.Packing, () => MarkReceived(request));
    }

    /// <summary>Streams without properties do not bring the marks.</summary>
    private void MarkReceived(ReceiveRequest request)
    {
        foreach (var some in Volumes.Host.Batches(request.Expected.Where(static s => s.IsMarked).Select(s => $"{request.Dataset}@{Plain(s.Name)}"))) host.Run(["zfs", "set", $"{Mark}={Marked}", .. some]);
    }

    /// <inheritdoc/>
    public void AbortReceive(string dataset)
    {
        var (status, _, error) = host.Try(["zfs", "receive", "-A", Name(dataset)]);
        if (status != 0 && !IsMissing(error) && !error.Contains("does not have any resumable receive state", StringComparison.Ordinal)) throw Volumes.Host.Failed(["zfs", "receive", "-A", dataset], status, error);
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots) =>
        [.. HoldsWords(snapshots).SelectMany(Rows).Select(static r => (r[0], r[1]))];

    /// <inheritdoc/>
    public void Clear(string dataset) => host.Run(["zfs", "destroy", "-r", Name(dataset)]);

    /// <inheritdoc/>
    public long? WrittenSince(string dataset, string name)
    {
        var (status, output, _) = host.Try(["zfs", "get", "-Hp", "-o", "value", $"written@{Plain(name)}", Name(dataset)]);
        return status == 0 && long.TryParse(output.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
    }

    internal static IReadOnlyList<string> SendCommand(SendRequest request)
    {
        if (request.ResumeToken.Length > 0) return ["zfs", "send", "-t", Plain(request.ResumeToken)];
        List<string> command = ["zfs", "send", "-L", "-e"];
        // Raw says -c by itself.
        command.Add(request.Raw ? "-w" : "-c");
        if (request.Properties) command.Add("-p");
        command.AddRange(request.More);
        if (request.Base is not null)
        {
            command.Add(request.Intermediates && !request.BaseIsBookmark ? "-I" : "-i");
            command.Add($"{(request.BaseIsBookmark ? '#' : '@')}{request.Base}");
        }
        command.Add($"{Name(request.Dataset)}@{request.Name}");
        return command;
    }

    private int PoolPercent(string dataset)
    {
        var (status, output, _) = host.Try(CapacityWords(dataset));
        return status == 0 && int.TryParse(output.Trim().TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent : 0;
    }

    private IEnumerable<string[]> Rows(IReadOnlyList<string> command)
    {
        var (status, output, error) = host.Try(command);
        if (status != 0) return IsMissing(error) ? [] : throw Volumes.Host.Failed(command, status, error);
        return RowsOf(output);
    }

    /// <summary>One at a time: of a million, all at once would be most of what a plan needs.</summary>
    private static IEnumerable<string[]> RowsOf(string output)
    {
        for (var at = 0; at < output.Length;)
        {
            var end = output.IndexOf('\n', at);
            if (end < 0) end = output.Length;
            if (end > at) yield return output[at..end].Split('\t');
            at = end + 1;
        }
    }

    private static bool IsMissing(string error) => error.Contains("does not exist", StringComparison.Ordinal) || error.Contains("could not find any snapshots", StringComparison.Ordinal);

    /// <summary>As few datasets as hold all of these, so that one listing a tree is enough.</summary>
    private static IEnumerable<string> Roots(IReadOnlyCollection<string> datasets)
    {
        // More than one tree of a pool: the whole pool is one call, and calls are dearer than rows.
        return datasets.GroupBy(static d => d.Split('/')[0], StringComparer.Ordinal).Select(static g => g.Count() == 1 ? g.First() : Common(g));
    }

    private static string Common(IEnumerable<string> datasets)
    {
        var shortest = datasets.MinBy(static d => d.Length)!;
        while (shortest.Contains('/', StringComparison.Ordinal) && !datasets.All(d => d == shortest || d.StartsWith(shortest + "/", StringComparison.Ordinal)))
            shortest = shortest[..shortest.LastIndexOf('/')];
        return shortest;
    }

    /// <summary>The name, which must not be taken for an option.</summary>
    private static string Name(string dataset) =>
        dataset.Length == 0 || dataset[0] == '-' ? throw new SnapshotException($"'{dataset}' is no name of a dataset") : dataset;

    private static string Plain(string word) =>
        word.AsSpan().ContainsAny(NotInSnapshots) ? throw new SnapshotException($"'{word}' is no name of a snapshot") : word;

    private static (string Before, string After) Parted(string name, char at)
    {
        var i = name.IndexOf(at, StringComparison.Ordinal);
        return (name[..i], name[(i + 1)..]);
    }

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
