using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Tests;

/// <summary>Counts the calls that would be journeys if the volumes were on another host.</summary>
internal sealed class CountingVolumes(IVolumes inner) : IVolumes
{
    /// <summary>By name.</summary>
    public SortedDictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

    /// <summary>All but the streams themselves.</summary>
    public int Journeys => Calls.Where(static c => c.Key is not (nameof(Send) or nameof(Receive))).Sum(static c => c.Value);

    private IVolumes Counted(string what)
    {
        lock (Calls) Calls[what] = Calls.GetValueOrDefault(what) + 1;
        return inner;
    }

    public string Kind => inner.Kind;

    public string Host => inner.Host;

    public Abilities Abilities => inner.Abilities;

    public IReadOnlyList<Dataset> Datasets(string root, bool recursive) => Counted(nameof(Datasets)).Datasets(root, recursive);

    public IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets) => Counted(nameof(Snapshots)).Snapshots(datasets);

    public IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets) => Counted(nameof(Bookmarks)).Bookmarks(datasets);

    public void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children) => Counted(nameof(Take)).Take(snapshots, children);

    public void Destroy(string dataset, IReadOnlyList<string> names) => Counted(nameof(Destroy)).Destroy(dataset, names);

    public void Hold(string dataset, string name, string tag) => Counted(nameof(Hold)).Hold(dataset, name, tag);

    public void Release(string dataset, string name, string tag) => Counted(nameof(Release)).Release(dataset, name, tag);

    public IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots) => Counted(nameof(Tags)).Tags(snapshots);

    public void MakeBookmark(string dataset, string name, string bookmark) => Counted(nameof(MakeBookmark)).MakeBookmark(dataset, name, bookmark);

    public void DestroyBookmark(string dataset, string bookmark) => Counted(nameof(DestroyBookmark)).DestroyBookmark(dataset, bookmark);

    public void SetNote(string dataset, string note, string value) => Counted(nameof(SetNote)).SetNote(dataset, note, value);

    public void Apply(IReadOnlyList<VolumeChange> changes) => Counted(nameof(Apply)).Apply(changes);

    public long? Estimate(SendRequest request) => Counted(nameof(Estimate)).Estimate(request);

    public IReadOnlyList<long?> Estimates(IReadOnlyList<SendRequest> requests) => Counted(nameof(Estimates)).Estimates(requests);

    public IEnd Send(SendRequest request) => Counted(nameof(Send)).Send(request);

    public IEnd Receive(ReceiveRequest request) => Counted(nameof(Receive)).Receive(request);

    public void AbortReceive(string dataset) => Counted(nameof(AbortReceive)).AbortReceive(dataset);

    public void Clear(string dataset) => Counted(nameof(Clear)).Clear(dataset);

    public long? WrittenSince(string dataset, string name) => Counted(nameof(WrittenSince)).WrittenSince(dataset, name);
}
