using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>A file that an execution left.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Digest">Its content.</param>
/// <param name="Execution">The execution that left it.</param>
public sealed record MadeFile(string Path, Digest Digest, string Execution);

/// <summary>
/// Everything that was made from a content: the executions that read it, what they left, and so on. A content is
/// followed whatever it is called, for files are moved and copied without Varve, too; one of a few bytes, which
/// turns up everywhere by chance, only under its own name.
/// </summary>
internal sealed class Downstream
{
    private const int FewBytes = 32;
    private readonly LineageDatabase lineage;
    private readonly Dictionary<Digest, List<(string Path, long Execution)>> outside = [];

    public Downstream(LineageDatabase lineage)
    {
        this.lineage = lineage;
        lineage.Ask(() =>
        {
            LoadOutside();
            return true;
        });
    }

    /// <summary>The executions, by number, that lie downstream of any of these contents, with the files they left.</summary>
    public (IReadOnlySet<string> Executions, IReadOnlyList<MadeFile> Files) Of(IEnumerable<NamedContent> roots) => lineage.Ask(() =>
    {
        var executions = new Dictionary<long, string>();
        var files = new List<MadeFile>();
        var seen = new HashSet<(string Path, Digest Digest)>();
        var open = new Queue<NamedContent>();
        void Follow(NamedContent content)
        {
            if (seen.Add((IsFew(content) ? content.Path : "", content.Digest))) open.Enqueue(content);
        }
        foreach (var root in roots) Follow(root);
        while (open.TryDequeue(out var content))
        {
            foreach (var number in Readers(content))
            {
                if (executions.ContainsKey(number)) continue;
                executions[number] = (string)lineage.Scalar("SELECT execution FROM executions WHERE number = $1", number)!;
                var made = new List<NamedContent>();
                using (var row = lineage.Query("SELECT path, digest, bytes FROM writes WHERE execution = $1 AND kind = 'file'", number))
                {
                    while (row.Read()) made.Add(new NamedContent(row.GetString(0), new Digest((byte[])row[1]), row.GetInt64(2)));
                }
                foreach (var file in made)
                {
                    files.Add(new MadeFile(file.Path, file.Digest, executions[number]));
                    Follow(file);
                }
            }
        }
        return ((IReadOnlySet<string>)executions.Values.ToHashSet(StringComparer.Ordinal), (IReadOnlyList<MadeFile>)files);
    });

    /// <summary>Whether a content is so short that it says nothing of where it came from.</summary>
    private static bool IsFew(NamedContent content) => content.Path.Length > 0 && content.Bytes is >= 0 and < FewBytes;

    private List<long> Readers(NamedContent content)
    {
        var found = new List<long>();
        using (var row = IsFew(content)
            ? lineage.Query("SELECT DISTINCT execution FROM reads WHERE digest = $1 AND path = $2", content.Digest.Bytes.ToArray(), content.Path)
            : lineage.Query("SELECT DISTINCT execution FROM reads WHERE digest = $1", content.Digest.Bytes.ToArray()))
        {
            while (row.Read()) found.Add(row.GetInt64(0));
        }
        foreach (var (path, execution) in outside.GetValueOrDefault(content.Digest, []))
            if (!IsFew(content) || path == content.Path) found.Add(execution);
        return found;
    }

    /// <summary>What the table of reads does not have: files outside the workspaces, and standard input.</summary>
    private void LoadOutside()
    {
        var sets = new Dictionary<Digest, List<long>>();
        using (var row = lineage.Query("SELECT number, host_set, outcome FROM executions"))
        {
            while (row.Read())
            {
                var name = new Digest((byte[])row[1]);
                if (!sets.TryGetValue(name, out var users)) sets[name] = users = [];
                users.Add(row.GetInt64(0));
                var input = TraceCodec.DecodeOutcome((byte[])row[2], References.Bare).Input;
                if (input.Bytes > 0) Add(input.Digest, "", row.GetInt64(0));
            }
        }
        foreach (var (name, users) in sets)
        {
            if (lineage.Scalar("SELECT data FROM sets WHERE digest = $1", name.Bytes.ToArray()) is not byte[] data) continue;
            foreach (var item in TraceCodec.DecodeSet(data))
                if (SnapshotInputs.NameOf(item) is var content && content != default && item.Kind is ObservationKind.Content or ObservationKind.Status)
                    foreach (var user in users) Add(content, LineageDatabase.Printable(item.Path), user);
        }
    }

    private void Add(Digest digest, string path, long execution)
    {
        if (!outside.TryGetValue(digest, out var list)) outside[digest] = list = [];
        list.Add((path, execution));
    }
}
