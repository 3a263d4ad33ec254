using System.Globalization;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Volumes;

/// <summary>
/// btrfs, by its command. A dataset is a folder, a subvolume where snapshots are to be taken of it. Its snapshots are the
/// read-only subvolumes in <c>.varve-snapshots</c> inside it, which lies in no snapshot itself; what btrfs has
/// no place for (holds, marks, notes, the time at the source) lies beside them in <c>.meta</c>.
/// </summary>
public sealed class BtrfsVolumes(Host host) : IVolumes
{
    /// <summary>The folder of the snapshots inside a dataset.</summary>
    public const string Folder = ".varve-snapshots";

    private const string ListScript = """
        for d; do
            s="$d/.varve-snapshots"
            [ -d "$s" ] || continue
            printf 'dataset\t%s\n' "$d"
            btrfs subvolume list -o -r -c -u -q -R "$s" || exit
            for p in "$s"/*; do
                [ -d "$p" ] || continue
                n=${p##*/}
                m="$s/.meta/$n"
                created=; [ -f "$m/created" ] && read -r created < "$m/created"
                [ -n "$created" ] || created=$(stat -c %Y "$p")
                mark=; [ -f "$m/mark" ] && mark=1
                holds=0; for h in "$m"/hold-*; do [ -e "$h" ] && holds=$((holds+1)); done
                printf 'snapshot\t%s\t%s\t%s\t%s\t%s\n' "$(btrfs inspect-internal rootid "$p")" "$n" "$created" "$mark" "$holds"
            done
        done
        """;

    private const string DatasetScript = """
        d=$1
        [ -d "$d" ] || exit 0
        [ "$(stat -f -c %T "$d")" = btrfs ] || { echo "$d is not on btrfs" >&2; exit 1; }
        one() {
            printf 'dataset\t%s\t%s\n' "$1" "$(stat -f -c '%b	%f	%a	%S' "$1")"
            for f in "$1"/.varve-snapshots/.notes/*; do
                [ -f "$f" ] && printf 'note\t%s\t%s\n' "${f##*/}" "$(cat "$f")"
            done
            return 0
        }
        below() {
            top=$(btrfs subvolume show "$1" | head -n 1)
            btrfs subvolume list -o "$1" | sed 's/^ID [0-9]* gen [0-9]* top level [0-9]* path //' | sort | while read -r p; do
                case "/$p/" in */.varve-snapshots/*) continue ;; esac
                one "$1/${p#"$top"/}"
                ( below "$1/${p#"$top"/}" )
            done
        }
        one "$d"
        [ "$2" = recursive ] || exit 0
        if [ "$(stat -c %i "$d")" = 256 ]; then
            below "$d"
        else
            find "$d" -mindepth 2 -maxdepth 9 -type d -name .varve-snapshots -prune -print | while read -r p; do
                p=${p%/.varve-snapshots}
                [ "$p" = "$d" ] || one "$p"
            done
        fi
        """;

    // What is known of a snapshot is written before it is there, so that it never lacks its mark.
    private const string TakeScript = """
        set -e
        while [ $# -gt 0 ]; do
            s="$1/.varve-snapshots"
            [ "$(stat -c %i "$1")" = 256 ] || { echo "$1 is no subvolume; make it one with btrfs subvolume create" >&2; exit 1; }
            [ ! -e "$s/$2" ] || { echo "$1@$2 is there already" >&2; exit 1; }
            mkdir -p -m 700 "$s"
            mkdir -p "$s/.meta/$2"
            date +%s > "$s/.meta/$2/created"
            : > "$s/.meta/$2/mark"
            btrfs subvolume snapshot -r "$1" "$s/$2" > /dev/null
            shift 2
        done
        """;

    // A receive that was interrupted leaves a subvolume that can be written.
    private const string ReceiveScript = """
        s="$1/.varve-snapshots"
        m=$2
        mkdir -p -m 700 "$s" || exit
        shift 2
        while [ $# -gt 0 ]; do
            mkdir -p "$s/.meta/$1" && echo "$2" > "$s/.meta/$1/created" || exit
            [ "$3" != 1 ] || : > "$s/.meta/$1/mark"
            shift 3
        done
        flock -w 30 "$s" true || { echo "another receive into $s is under way" >&2; exit 1; }
        exec flock -w 30 "$s" sh -c '
            for p in "$1"/*; do
                [ -d "$p" ] && [ "$(btrfs property get -ts "$p" ro)" = ro=false ] && { btrfs subvolume delete "$p" > /dev/null || exit; }
            done
            [ "$2" = clean ] || exec btrfs receive "$1"' sh "$s" "$m"
        """;

    private const string ApplyScript = """
        while [ $# -gt 0 ]; do
            s="$2/.varve-snapshots"
            v=${4#=}
            case $1 in
            hold) [ -d "$s/$3" ] || { echo "$s/$3 does not exist" >&2; exit 1; }; mkdir -p "$s/.meta/$3" && : > "$s/.meta/$3/hold-$v" ;;
            release) rm -f "$s/.meta/$3/hold-$v" ;;
            note) mkdir -p -m 700 "$s" && mkdir -p "$s/.notes" && if [ -n "$v" ]; then printf '%s\n' "$v" > "$s/.notes/.new.$$" && mv "$s/.notes/.new.$$" "$s/.notes/$3"; else rm -f "$s/.notes/$3"; fi ;;
            makebookmark) echo "btrfs has no bookmarks; the snapshot must stay as long as a peer needs it" >&2; exit 1 ;;
            destroy)
                for h in "$s/.meta/$3"/hold-*; do
                    [ ! -e "$h" ] || { echo "$s/$3 is held (${h##*/hold-})" >&2; exit 1; }
                done
                [ -d "$s/$3" ] || { echo "$s/$3 does not exist" >&2; exit 1; }
                btrfs subvolume delete "$s/$3" > /dev/null && rm -rf "$s/.meta/$3" ;;
            esac || exit 1
            shift 4
        done
        """;

    private const string TagsScript = """
        while [ $# -gt 0 ]; do
            for h in "$1/.varve-snapshots/.meta/$2"/hold-*; do [ -e "$h" ] && printf '%s@%s\t%s\n' "$1" "$2" "${h##*/hold-}"; done
            shift 2
        done
        exit 0
        """;

    /// <inheritdoc/>
    public string Kind => "btrfs";

    /// <inheritdoc/>
    public string Host => host.Name;

    /// <inheritdoc/>
    public Abilities Abilities => Abilities.None;

    /// <inheritdoc/>
    public void ExpectStream() => host.ExpectStream();

    /// <inheritdoc/>
    public void Expect(Questions questions)
    {
        host.ExpectScript(DatasetScript, DatasetWords(questions.Root, questions.Recursive));
        if (questions.Listed.Count > 0) host.ExpectScript(ListScript, [.. questions.Listed.Select(Path)]);
        if (questions.Held.Count > 0) host.ExpectScript(TagsScript, TagsWords(questions.Held));
    }

    private static string[] DatasetWords(string root, bool recursive) => [Path(root), recursive ? "recursive" : ""];

    private static string[] TagsWords(IEnumerable<Snapshot> snapshots) => [.. snapshots.SelectMany(static s => (string[])[Path(s.Dataset), Name(s.Name)])];

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets(string root, bool recursive)
    {
        var datasets = new List<Dataset>();
        foreach (var row in Rows(host.Script(DatasetScript, DatasetWords(root, recursive))))
        {
            if (row is ["dataset", var name, var blocks, var free, var available, var size])
            {
                var (all, unused) = (Number(blocks), Number(free));
                datasets.Add(new Dataset(name) { AvailableBytes = Number(available) * Number(size), UsedBytes = (all - unused) * Number(size), PoolPercent = all == 0 ? 0 : (int)((all - unused) * 100 / all) });
            }
            else if (row is ["note", var note, var value])
            {
                datasets[^1] = datasets[^1] with { Notes = new Dictionary<string, string>(datasets[^1].Notes, StringComparer.Ordinal) { [note] = value } };
            }
        }
        return datasets;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets)
    {
        var found = new List<Snapshot>();
        var (dataset, subvolumes) = ("", new Dictionary<string, (ulong Guid, ulong Generation)>(StringComparer.Ordinal));
        foreach (var line in Volumes.Host.Batches(datasets.Select(Path)).SelectMany(some => host.Script(ListScript, some).Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            var row = line.Split('\t');
            if (row[0] == "dataset") (dataset, subvolumes) = (row[1], new Dictionary<string, (ulong, ulong)>(StringComparer.Ordinal));
            else if (row[0] != "snapshot") Subvolume(line, subvolumes);
            // One that can be written is no snapshot: a receive is under way, or was interrupted.
            else if (subvolumes.TryGetValue(row[1], out var subvolume))
                found.Add(new Snapshot(dataset, row[2], subvolume.Guid, Number(row[3]), subvolume.Generation) { IsMarked = row[4].Length > 0, Holds = (int)Number(row[5]) });
        }
        return [.. found.OrderBy(static s => s.Dataset, StringComparer.Ordinal).ThenBy(static s => s.Transaction)];
    }

    /// <summary><c>ID 258 gen 9 cgen 9 top level 5 parent_uuid - received_uuid - uuid 5f... path ...</c></summary>
    private static void Subvolume(string line, Dictionary<string, (ulong Guid, ulong Generation)> subvolumes)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string After(string word) => Array.IndexOf(words, word) is var i and >= 0 && i + 1 < words.Length ? words[i + 1] : "";
        var received = After("received_uuid");
        var id = Guid.TryParse(received, out var uuid) || Guid.TryParse(After("uuid"), out uuid) ? uuid : throw new SnapshotException($"btrfs lists '{line}', which has no uuid");
        var bytes = id.ToByteArray();
        var folded = BitConverter.ToUInt64(bytes, 0) ^ BitConverter.ToUInt64(bytes, 8);
        subvolumes[After("ID")] = (folded, (ulong)Number(After("cgen")));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets) => [];

    /// <inheritdoc/>
    public void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children)
    {
        if (children) throw new SnapshotException("btrfs cannot snapshot datasets and those below them in one instant; use recursive = yes");
        foreach (var lot in Volumes.Host.Batches(snapshots.Select(static s => (string[])[Path(s.Dataset), Name(s.Name)]))) host.Script(TakeScript, lot);
    }

    /// <inheritdoc/>
    public void Destroy(string dataset, IReadOnlyList<string> names) => Apply([.. names.Select(n => new VolumeChange(ChangeKind.Destroy, dataset, n))]);

    /// <inheritdoc/>
    public void Apply(IReadOnlyList<VolumeChange> changes)
    {
        foreach (var lot in VolumeChange.Lots([.. changes.Where(static c => c.Kind != ChangeKind.DestroyBookmark).Select(static c => c with { Dataset = Path(c.Dataset), Name = Name(c.Name), Value = c.Kind is ChangeKind.Hold or ChangeKind.Release ? Name(c.Value) : c.Value })])) host.Script(ApplyScript, lot);
    }

    /// <inheritdoc/>
    public void Hold(string dataset, string name, string tag) => Apply([new VolumeChange(ChangeKind.Hold, dataset, name, tag)]);

    /// <inheritdoc/>
    public void Release(string dataset, string name, string tag) => Apply([new VolumeChange(ChangeKind.Release, dataset, name, tag)]);

    /// <inheritdoc/>
    public IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots) =>
        snapshots.Count == 0 ? [] : [.. Rows(host.Script(TagsScript, TagsWords(snapshots))).Select(static r => (r[0], r[1]))];

    /// <inheritdoc/>
    public void MakeBookmark(string dataset, string name, string bookmark) => throw new SnapshotException("btrfs has no bookmarks; the snapshot must stay as long as a peer needs it");

    /// <inheritdoc/>
    public void DestroyBookmark(string dataset, string bookmark)
    {
    }

    /// <inheritdoc/>
    public void SetNote(string dataset, string note, string value) => Apply([new VolumeChange(ChangeKind.Note, dataset, note, value)]);

    /// <inheritdoc/>
    public long? Estimate(SendRequest request) => null;

    /// <inheritdoc/>
    public IEnd Send(SendRequest request)
    {
        List<string> command = ["btrfs", "send", "-q"];
        var folder = $"{Path(request.Dataset)}/{Folder}";
        if (request.Base is not null) command.AddRange(["-p", $"{folder}/{Name(request.Base)}"]);
        return new ProcessEnd(host, [.. command, $"{folder}/{Name(request.Name)}"], receives: false, request.Packing);
    }

    /// <inheritdoc/>
    public IEnd Receive(ReceiveRequest request)
    {
        var meta = request.Expected.SelectMany(static s => (string[])[Name(s.Name), s.CreatedAt.ToString(CultureInfo.InvariantCulture), s.IsMarked ? "1" : "0"]);
        return new ProcessEnd(host, ["sh", "-c", ReceiveScript, "sh", Path(request.Dataset), "receive", .. meta], receives: true, request.Packing);
    }

    /// <inheritdoc/>
    public void AbortReceive(string dataset) => host.Script(ReceiveScript, Path(dataset), "clean");

    /// <inheritdoc/>
    public void Clear(string dataset)
    {
        AbortReceive(dataset);
        if (Snapshots([dataset]) is { Count: > 0 } all) Destroy(dataset, [.. all.Select(static s => s.Name)]);
    }

    /// <inheritdoc/>
    public long? WrittenSince(string dataset, string name) => null;

    private static string Path(string dataset) =>
        dataset.StartsWith('/') && !dataset.AsSpan().ContainsAny('\n', '\t') ? dataset.Length > 1 ? dataset.TrimEnd('/') : dataset : throw new SnapshotException($"'{dataset}' is no dataset of btrfs: it must be an absolute folder, without tabs and line feeds");

    private static string Name(string name) =>
        name.Length > 0 && name[0] is not ('.' or '-') && !name.AsSpan().ContainsAny('/', '\n', '\t') ? name : throw new SnapshotException($"'{name}' is no name of a snapshot");

    private static IEnumerable<string[]> Rows(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => l.Split('\t'));

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
