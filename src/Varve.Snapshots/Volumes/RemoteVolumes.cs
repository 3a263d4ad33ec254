using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Volumes;

/// <summary>Plain folders of another host, through the <c>varve</c> that is there; see <see cref="VolumesProtocol"/>.</summary>
internal sealed class RemoteVolumes(Host host) : IVolumes
{
    public string Kind => "plain";

    public string Host => host.Name;

    public Abilities Abilities => Abilities.None;

    private static IReadOnlyList<string> Command(string verb, IEnumerable<string> words) => ["varve", "snap", "volumes", verb, "--", .. words];

    private string Call(string verb, params IEnumerable<string> words)
    {
        var command = Command(verb, words);
        var (status, output, error) = host.Try(command);
        if (status == 0) return output;
        var said = error.Trim();
        const string Prefix = "varve: ";
        throw new SnapshotException($"{host.Name}: {(said.StartsWith(Prefix, StringComparison.Ordinal) ? said[Prefix.Length..] : said.Length > 0 ? said : $"varve ended with status {status}")}");
    }

    private static string[] DatasetWords(string root, bool recursive) => recursive ? [root, "recursive"] : [root];

    public void ExpectStream() => host.ExpectStream();

    public void Expect(Questions questions)
    {
        host.Expect(Command(VolumesProtocol.Datasets, DatasetWords(questions.Root, questions.Recursive)));
        if (Lots(questions.Listed) is [var listed]) host.Expect(Command(VolumesProtocol.Snapshots, listed));
        if (questions.Held.Count > 0) host.Expect(Command(VolumesProtocol.Tags, TagsWords(questions.Held)));
    }

    private static List<List<string>> Lots(IEnumerable<string> datasets) => [.. Volumes.Host.Batches(datasets.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))];

    private static IEnumerable<string> TagsWords(IEnumerable<Snapshot> snapshots) => snapshots.SelectMany(static s => (string[])[s.Dataset, s.Name]);

    public IReadOnlyList<Dataset> Datasets(string root, bool recursive) => VolumesProtocol.ReadDatasets(Call(VolumesProtocol.Datasets, DatasetWords(root, recursive)));

    public IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets) =>
        [.. Lots(datasets).SelectMany(some => VolumesProtocol.ReadSnapshots(Call(VolumesProtocol.Snapshots, some)))];

    public IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets) => [];

    public void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children)
    {
        if (children) throw new SnapshotException("folders cannot be snapshotted with those below them in one instant; use recursive = yes");
        Call(VolumesProtocol.Take, snapshots.SelectMany(static s => (string[])[s.Dataset, s.Name]));
    }

    public void Destroy(string dataset, IReadOnlyList<string> names) => Call(VolumesProtocol.Destroy, [dataset, .. names]);

    public void Hold(string dataset, string name, string tag) => Call(VolumesProtocol.Hold, dataset, name, tag);

    public void Release(string dataset, string name, string tag) => Call(VolumesProtocol.Release, dataset, name, tag);

    public IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots) => snapshots.Count == 0 ? [] :
        [.. VolumesProtocol.Parted(Call(VolumesProtocol.Tags, TagsWords(snapshots))).Select(static r => (r[0], r[1]))];

    public void MakeBookmark(string dataset, string name, string bookmark) => throw new SnapshotException("folders have no bookmarks; the snapshot must stay as long as a peer needs it");

    public void DestroyBookmark(string dataset, string bookmark)
    {
    }

    public void SetNote(string dataset, string note, string value) => Call(VolumesProtocol.Note, dataset, note, value);

    public void Apply(IReadOnlyList<VolumeChange> changes)
    {
        // The dataset of the first says of which back end they are.
        foreach (var lot in VolumeChange.Lots(changes)) Call(VolumesProtocol.Apply, [lot[1], .. lot]);
    }

    public long? Estimate(SendRequest request) => null;

    public IEnd Send(SendRequest request) =>
        new ProcessEnd(host, Command(VolumesProtocol.Send, request.Base is null ? [request.Dataset, request.Name] : [request.Dataset, request.Name, request.Base]), receives: false, request.Packing);

    public IEnd Receive(ReceiveRequest request) =>
        new ProcessEnd(host, Command(VolumesProtocol.Receive, request.Rollback ? [request.Dataset, "rollback"] : [request.Dataset]), receives: true, request.Packing);

    public void AbortReceive(string dataset)
    {
        // As with folders of this host: the next receive counts on what came.
    }

    public void Clear(string dataset) => Call(VolumesProtocol.Clear, dataset);

    public long? WrittenSince(string dataset, string name) => null;
}
