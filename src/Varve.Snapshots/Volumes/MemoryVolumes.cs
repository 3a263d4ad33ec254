using System.Globalization;
using System.Text;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Volumes;

/// <summary>
/// Volumes that lie in memory: the model that the others are held against, and what tests of policies and transfers run
/// on. It behaves like ZFS where that makes a difference; the content of a dataset is one text.
/// </summary>
public sealed class MemoryVolumes(string host = "") : IVolumes
{
    private sealed class State
    {
        public Dictionary<string, string> Notes { get; } = new(StringComparer.Ordinal);
        public string Content { get; set; } = "";
        public List<Entry> Snapshots { get; } = [];
        public List<Bookmark> Bookmarks { get; } = [];
        public KeyState Key { get; set; }
    }

    private sealed record Entry(Snapshot Snapshot, string Content)
    {
        public HashSet<string> Tags { get; } = new(StringComparer.Ordinal);
        public bool IsCloned { get; set; }
        public Snapshot Seen => Snapshot with { Holds = Tags.Count, HasClones = IsCloned };
    }

    private readonly SortedDictionary<string, State> _datasets = new(StringComparer.Ordinal);
    private static ulong _guids;
    private ulong _transaction;

    /// <summary>The clock of the host, in seconds since 1970 UTC.</summary>
    public long Now { get; set; }

    /// <summary>The next transfer breaks after this many bytes; negative: none.</summary>
    public int BreakAfter { get; set; } = -1;

    /// <inheritdoc/>
    public string Kind => "memory";

    /// <inheritdoc/>
    public string Host => host;

    /// <inheritdoc/>
    public Abilities Abilities => Abilities.Bookmarks | Abilities.AtomicChildren | Abilities.Intermediates;

    /// <summary>Makes a dataset, or changes what is in it.</summary>
    public void Write(string dataset, string content) => Of(dataset, make: true).Content = content;

    /// <summary>What is in the dataset, or in a snapshot of it.</summary>
    public string Read(string dataset, string? name = null) => name is null ? Of(dataset).Content : Find(dataset, name).Content;

    /// <summary>Says that a clone is made from a snapshot, or no more.</summary>
    public void SetCloned(string dataset, string name, bool cloned) => Find(dataset, name).IsCloned = cloned;

    /// <summary>Encrypts a dataset, loads or unloads its key.</summary>
    public void SetKey(string dataset, KeyState key) => Of(dataset).Key = key;

    /// <inheritdoc/>
    public IReadOnlyList<Dataset> Datasets(string root, bool recursive) =>
        [.. _datasets.Where(d => d.Key == root || (recursive && d.Key.StartsWith(root + "/", StringComparison.Ordinal)))
            .Select(static d => new Dataset(d.Key) { Notes = new Dictionary<string, string>(d.Value.Notes, StringComparer.Ordinal), Key = d.Value.Key, WrittenBytes = d.Value.Snapshots.Count > 0 && d.Value.Snapshots[^1].Content == d.Value.Content ? 0 : d.Value.Content.Length })];

    /// <inheritdoc/>
    public IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets) =>
        [.. datasets.Distinct().Order(StringComparer.Ordinal).Where(_datasets.ContainsKey).SelectMany(d => _datasets[d].Snapshots.Select(static s => s.Seen))];

    /// <inheritdoc/>
    public IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets) => [.. datasets.Distinct().Where(_datasets.ContainsKey).SelectMany(d => _datasets[d].Bookmarks)];

    /// <inheritdoc/>
    public void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children)
    {
        _transaction++;
        foreach (var (root, name) in snapshots)
        {
            Of(root);
            foreach (var dataset in Datasets(root, children).Select(static d => d.Name))
            {
                var state = Of(dataset);
                if (state.Snapshots.Exists(s => s.Snapshot.Name == name)) throw new SnapshotException($"{dataset}@{name} is there already");
                state.Snapshots.Add(new Entry(new Snapshot(dataset, name, Interlocked.Increment(ref _guids), Now, _transaction) { IsMarked = true }, state.Content));
            }
        }
    }

    /// <inheritdoc/>
    public void Destroy(string dataset, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            var entry = Find(dataset, name);
            if (entry.Tags.Count > 0) throw new SnapshotException($"{dataset}@{name} is held");
            if (entry.IsCloned) throw new SnapshotException($"{dataset}@{name} has clones");
            Of(dataset).Snapshots.Remove(entry);
        }
    }

    /// <inheritdoc/>
    public void Hold(string dataset, string name, string tag) => Find(dataset, name).Tags.Add(tag);

    /// <inheritdoc/>
    public void Release(string dataset, string name, string tag)
    {
        if (_datasets.TryGetValue(dataset, out var state)) state.Snapshots.Find(s => s.Snapshot.Name == name)?.Tags.Remove(tag);
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots) =>
        [.. snapshots.SelectMany(s => Find(s.Dataset, s.Name).Tags.Order(StringComparer.Ordinal).Select(t => (s.FullName, t)))];

    /// <inheritdoc/>
    public void MakeBookmark(string dataset, string name, string bookmark)
    {
        var (state, snapshot) = (Of(dataset), Find(dataset, name).Snapshot);
        if (!state.Bookmarks.Exists(b => b.Name == bookmark)) state.Bookmarks.Add(new Bookmark(dataset, bookmark, snapshot.Guid, snapshot.CreatedAt, snapshot.Transaction));
    }

    /// <inheritdoc/>
    public void DestroyBookmark(string dataset, string bookmark) => Of(dataset).Bookmarks.RemoveAll(b => b.Name == bookmark);

    /// <inheritdoc/>
    public void SetNote(string dataset, string note, string value)
    {
        if (value.Length == 0) Of(dataset).Notes.Remove(note);
        else Of(dataset).Notes[note] = value;
    }

    /// <inheritdoc/>
    public long? Estimate(SendRequest request) => Stream(request).Length;

    /// <inheritdoc/>
    public IEnd Send(SendRequest request)
    {
        var bytes = Stream(request);
        var length = BreakAfter >= 0 ? Math.Min(BreakAfter, bytes.Length) : bytes.Length;
        BreakAfter = -1;
        return new End(new MemoryStream(bytes, 0, length), static () => { });
    }

    /// <inheritdoc/>
    public IEnd Receive(ReceiveRequest request)
    {
        var bytes = new MemoryStream();
        return new End(bytes, () => Put(request, Encoding.UTF8.GetString(bytes.ToArray())));
    }

    /// <inheritdoc/>
    public void AbortReceive(string dataset)
    {
    }

    /// <inheritdoc/>
    public void Clear(string dataset)
    {
        if (!_datasets.TryGetValue(dataset, out var state)) return;
        if (state.Snapshots.Find(static s => s.Tags.Count > 0 || s.IsCloned) is { } needed) throw new SnapshotException($"{needed.Snapshot.FullName} is held or has clones");
        _datasets.Remove(dataset);
    }

    /// <inheritdoc/>
    public long? WrittenSince(string dataset, string name) => Of(dataset).Content == Find(dataset, name).Content ? 0 : Of(dataset).Content.Length;

    /// <summary>Lines: the GUID of the base, then each snapshot with its content, then an end.</summary>
    private byte[] Stream(SendRequest request)
    {
        var state = Of(request.Dataset);
        var last = state.Snapshots.IndexOf(Find(request.Dataset, request.Name));
        var first = last;
        var from = 0ul;
        if (request.Base is not null)
        {
            from = request.BaseIsBookmark
                ? (state.Bookmarks.Find(b => b.Name == request.Base) ?? throw new SnapshotException($"{request.Dataset}#{request.Base} does not exist")).Guid
                : Find(request.Dataset, request.Base).Snapshot.Guid;
            if (request.Intermediates && !request.BaseIsBookmark) first = state.Snapshots.FindIndex(s => s.Snapshot.Guid == from) + 1;
        }
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"from {from}\n");
        foreach (var (snapshot, content) in state.Snapshots.Skip(first).Take(last - first + 1))
            text.Append(CultureInfo.InvariantCulture, $"{snapshot.Guid} {snapshot.CreatedAt} {(snapshot.IsMarked ? 1 : 0)} {Convert.ToBase64String(Encoding.UTF8.GetBytes(content))} {snapshot.Name}\n");
        return Encoding.UTF8.GetBytes(text.Append("end\n").ToString());
    }

    private void Put(ReceiveRequest request, string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines is not [.., "end"]) throw new SnapshotException($"{request.Dataset}: the stream ends too early");
        var from = ulong.Parse(lines[0].AsSpan(5), CultureInfo.InvariantCulture);
        if (from == 0 && _datasets.TryGetValue(request.Dataset, out var existing) && existing.Snapshots.Count > 0) throw new SnapshotException($"{request.Dataset} has snapshots already");
        var state = Of(request.Dataset, make: true);
        if (from != 0)
        {
            var at = state.Snapshots.FindIndex(s => s.Snapshot.Guid == from);
            if (at < 0) throw new SnapshotException($"{request.Dataset} does not have the base of the stream");
            if (at != state.Snapshots.Count - 1)
            {
                if (!request.Rollback) throw new SnapshotException($"{request.Dataset} has been modified since the base of the stream");
                state.Snapshots.RemoveRange(at + 1, state.Snapshots.Count - at - 1);
            }
        }
        foreach (var line in lines[1..^1])
        {
            var words = line.Split(' ', 5);
            var content = Encoding.UTF8.GetString(Convert.FromBase64String(words[3]));
            _transaction++;
            var snapshot = new Snapshot(request.Dataset, words[4], ulong.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture), _transaction) { IsMarked = words[2] == "1" };
            state.Snapshots.Add(new Entry(snapshot, content));
            state.Content = content;
        }
    }

    private State Of(string dataset, bool make = false)
    {
        if (_datasets.TryGetValue(dataset, out var state)) return state;
        if (!make) throw new SnapshotException($"{dataset} does not exist");
        return _datasets[dataset] = new State();
    }

    private Entry Find(string dataset, string name) => Of(dataset).Snapshots.Find(s => s.Snapshot.Name == name) ?? throw new SnapshotException($"{dataset}@{name} does not exist");

    private sealed class End(Stream bytes, Action complete) : IEnd
    {
        public Stream Bytes => bytes;
        public void Complete() => complete();
        public void Dispose() => bytes.Dispose();
    }
}
