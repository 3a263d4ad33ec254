using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>One thing that is not as an earlier execution found it.</summary>
/// <param name="Path">The path, as the step sees it.</param>
/// <param name="Kind">What the execution had learnt of it.</param>
/// <param name="Before">What it had found: a digest, a link's target, a mode, or in words.</param>
/// <param name="Now">What is there now.</param>
internal sealed record Mismatch(string Path, ObservationKind Kind, string Before, string Now)
{
    public override string ToString() => Kind switch
    {
        ObservationKind.Absent => $"{Path} was looked for and not found; now it is there",
        ObservationKind.Listing => $"the listing of {Path} changed: {Now}",
        ObservationKind.Link => $"the link {Path} pointed to {Before}, now {Now}",
        _ => $"input {Path} changed: {Before} to {Now}",
    };
}

/// <summary>
/// Whether what an execution observed holds now. A path that it wrote itself without reading what was there also
/// holds as it left it, or as any other execution of the same step left it, or gone: those are its own traces, not
/// somebody's input.
/// </summary>
/// <param name="store">Where listings are kept.</param>
/// <param name="digests">What files hold now.</param>
/// <param name="lineage">What the network last answered; null where nobody asks it.</param>
internal sealed class StateCheck(BlobStore store, DigestCache digests, ILineage? lineage = null)
{
    private const long HeldForMs = 2000;
    private static readonly StringComparer ByBytes = StringComparer.Ordinal;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Digest, long> heldLately = new();

    /// <summary>Makes the next look compare everything.</summary>
    public void ForgetWhatHeld() => heldLately.Clear();

    /// <summary>The first thing that does not hold, or null when all does.</summary>
    /// <param name="trace">The execution in question.</param>
    /// <param name="places">Where its paths lie.</param>
    /// <param name="own">What this step's executions left; see <see cref="OwnTraces"/>.</param>
    /// <param name="notMine">Paths that listings are compared without.</param>
    public Mismatch? FirstMismatch(Trace trace, Places places, OwnTraces own, Func<string, bool> notMine)
    {
        if (trace.Observations is not SplitObservations split) return FirstMismatch(trace.Observations, trace, places, own, notMine);
        return FirstMismatch(split.Own.Items, trace, places, own, notMine) ?? FirstHostMismatch(split.Host, trace, places, own, notMine);
    }

    /// <summary>
    /// What thousands of steps share, programs and libraries above all, is compared once for all of them that are asked
    /// about within a moment.
    /// </summary>
    private Mismatch? FirstHostMismatch(ObservationSet host, Trace trace, Places places, OwnTraces own, Func<string, bool> notMine)
    {
        if (heldLately.TryGetValue(host.Name, out var at) && System.Environment.TickCount64 - at < HeldForMs) return null;
        var mismatch = FirstMismatch(host.Items, trace, places, own, notMine);
        if (mismatch is null) heldLately[host.Name] = System.Environment.TickCount64;
        return mismatch;
    }

    private Mismatch? FirstMismatch(IReadOnlyList<Observation> observations, Trace trace, Places places, OwnTraces own, Func<string, bool> notMine)
    {
        HashSet<string>? readBefore = null;
        foreach (var observation in observations)
        {
            if (Compare(observation, places, own, notMine) is not { } mismatch) continue;
            if (WouldReplace(observation, trace, places)) continue;
            if (own.Wrote(trace, observation.Path))
            {
                readBefore ??= observations.Where(o => o.Kind == ObservationKind.Content).Select(o => o.Path).ToHashSet(ByBytes);
                if (!readBefore.Contains(observation.Path) && IsOwnTrace(places.Outside(observation.Path), own.Left(observation.Path))) continue;
            }
            return mismatch;
        }
        return null;
    }

    /// <summary>
    /// Makes the files that an execution read, and that hold something else now, newer than what it left. Steps are told
    /// apart by content, `make` goes by time stamps: a file that was put back with an old stamp would fool it.
    /// </summary>
    public void Freshen(Trace last, Places places)
    {
        var end = (last.StartedAt + last.Elapsed).ToUnixTimeMilliseconds() * 1_000_000;
        foreach (var item in last.Observations)
        {
            if (item.Kind is not (ObservationKind.Content or ObservationKind.Status) || item.Digest == default || !View.IsWithin(item.Path, last.Key.Workspace)) continue;
            var outside = places.Outside(item.Path);
            var stamp = Files.Look(outside);
            if (stamp.Kind != FileKind.File || stamp.ModifiedNs > end || DigestOf(outside, stamp) is not { } digest || digest == item.Digest) continue;
            if (last.Changes.Any(c => c.Path == item.Path)) continue;
            try
            {
                Files.SetModified(outside, Files.CoarseNow());
            }
            catch (IOException)
            {
                // Somebody else's file: its stamp is not ours to set, and `make` would be as fooled without Varve.
            }
        }
    }

    /// <summary>
    /// Whether the step would replace what stands there now as it made the file then: without a look at it, and with the
    /// same permissions, which a file that is emptied keeps. Other names of the file would change with it.
    /// </summary>
    private static bool WouldReplace(in Observation observation, Trace trace, Places places)
    {
        if (observation is not { Kind: ObservationKind.Absent, Detail: Observation.ReplacedUnseen }) return false;
        var stamp = Files.Look(places.Outside(observation.Path));
        if (stamp is not { Kind: FileKind.File, Links: 1 }) return false;
        foreach (var change in trace.Changes)
            if (change.Path == observation.Path) return change.Kind == ChangeKind.File && change.Permissions == stamp.Permissions;
        return false;
    }

    private bool IsOwnTrace(string outside, IReadOnlyList<Change> left)
    {
        var stamp = Files.Look(outside);
        if (stamp.Kind == FileKind.Absent) return true;
        foreach (var change in left)
            if (IsInPlace(change, outside, stamp)) return true;
        return false;
    }

    /// <summary>Whether what a change left stands there now.</summary>
    public bool IsInPlace(Change change, string outside, in FileStamp stamp) => change.Kind switch
    {
        ChangeKind.Deleted => stamp.Kind == FileKind.Absent,
        ChangeKind.Directory => stamp.Kind == FileKind.Directory && stamp.Permissions == change.Permissions,
        ChangeKind.Link => stamp.Kind == FileKind.Link && Files.LinkTarget(outside) == change.Target,
        ChangeKind.Fifo => stamp.Kind == FileKind.Special && (stamp.Mode & 0xF000) == 0x1000,
        _ => stamp.Kind == FileKind.File && stamp.Size == change.Bytes && stamp.Permissions == change.Permissions
            && DigestOf(outside, stamp) is { } digest && digest == change.Digest,
    };

    private Digest? DigestOf(string outside, in FileStamp stamp)
    {
        try
        {
            return digests.Of(outside, stamp);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private Mismatch? Compare(in Observation observation, Places places, OwnTraces own, Func<string, bool> notMine)
    {
        if (observation.Kind == ObservationKind.Fetched) return CompareFetched(observation);
        var outside = places.Outside(observation.Path);
        var stamp = Files.Look(outside);
        switch (observation.Kind)
        {
            case ObservationKind.Absent:
                return stamp.Exists && !notMine(observation.Path) ? new Mismatch(observation.Path, observation.Kind, "nothing", Describe(stamp)) : null;
            case ObservationKind.Denied:
                return stamp.Kind is FileKind.Denied || !CanOpen(outside, stamp) ? null : new Mismatch(observation.Path, observation.Kind, "no permission", Describe(stamp));
            case ObservationKind.Link:
                var target = stamp.Kind == FileKind.Link ? Files.LinkTarget(outside) : null;
                return target == observation.Detail ? null : new Mismatch(observation.Path, observation.Kind, observation.Detail, target ?? Describe(stamp));
            case ObservationKind.Listing:
                return CompareListing(observation, outside, own, notMine);
            default:
                return CompareFile(observation, outside, stamp);
        }
    }

    /// <summary>An answer holds until another came for the same request.</summary>
    private Mismatch? CompareFetched(in Observation observation)
    {
        var key = FetchKey.Of(observation);
        if (lineage?.Fetched(key.Id())?.Observed() is not { } now || now == observation) return null;
        var sameBytes = now.Digest == observation.Digest;
        return new Mismatch(key.Words(), observation.Kind, sameBytes ? FirstLine(observation) : observation.Digest.ToString(), sameBytes ? FirstLine(now) : now.Digest.ToString());
    }

    private static string FirstLine(in Observation observation) => observation.Detail.Split('\n')[0];

    private Mismatch? CompareFile(in Observation observation, string outside, in FileStamp stamp)
    {
        var hasDigest = observation.Digest != default;
        if (!stamp.Exists) return new Mismatch(observation.Path, observation.Kind, hasDigest ? observation.Digest.ToString() : observation.Detail, "nothing");
        var timed = StatusText.HasTimes(observation.Detail);
        var status = !timed ? StatusText.Of(stamp) : StatusText.WithTimes(stamp, StatusText.Snapshot(observation.Detail).Length > 0 ? SnapshotIdentity.Of(outside, stamp) ?? "" : "");
        if (timed || !hasDigest) return status == observation.Detail ? null : new Mismatch(observation.Path, observation.Kind, observation.Detail, status);
        if (stamp.Kind != FileKind.File) return new Mismatch(observation.Path, observation.Kind, observation.Digest.ToString(), Describe(stamp));
        if (DigestOf(outside, stamp) is not { } digest) return new Mismatch(observation.Path, observation.Kind, observation.Digest.ToString(), "a file that cannot be read");
        if (digest != observation.Digest) return new Mismatch(observation.Path, observation.Kind, observation.Digest.ToString(), digest.ToString());
        return status == observation.Detail ? null : new Mismatch(observation.Path, observation.Kind, $"mode {observation.Detail[1..]}", $"mode {status[1..]}");
    }

    private Mismatch? CompareListing(in Observation observation, string outside, OwnTraces own, Func<string, bool> notMine)
    {
        if (Files.List(outside) is not { } now) return new Mismatch(observation.Path, observation.Kind, "a directory", "it is gone");
        if (Digest.Of(ListingText.Of(now)) == observation.Digest) return null;
        if (!store.Has(observation.Digest)) return new Mismatch(observation.Path, observation.Kind, observation.Digest.ToString(), "names changed");
        var before = ListingText.Read(store.ReadAll(observation.Digest)).Select(e => e.Name).ToHashSet(ByBytes);
        var prefix = observation.Path.Length == 1 ? "/" : observation.Path + "/";
        bool Counts(string name) => own.Left(prefix + name).Count == 0 && !notMine(prefix + name);
        var present = now.Select(e => e.Name).ToHashSet(ByBytes);
        var added = present.Where(n => !before.Contains(n) && Counts(n)).Order(ByBytes).ToList();
        var removed = before.Where(n => !present.Contains(n) && Counts(n)).Order(ByBytes).ToList();
        if (added.Count == 0 && removed.Count == 0) return null;
        var words = new List<string>();
        if (added.Count > 0) words.Add($"added {Some(added)}");
        if (removed.Count > 0) words.Add($"removed {Some(removed)}");
        return new Mismatch(observation.Path, observation.Kind, observation.Digest.ToString(), string.Join(", ", words));
    }

    private static string Some(List<string> names) => names.Count <= 3 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more";

    private static bool CanOpen(string outside, in FileStamp stamp)
    {
        if (stamp.Kind == FileKind.Directory) return Files.List(outside) is not null;
        if (stamp.Kind != FileKind.File) return stamp.Exists;
        try
        {
            using var file = Files.OpenRead(outside);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Describe(in FileStamp stamp) => stamp.Kind switch
    {
        FileKind.File => "a file",
        FileKind.Directory => "a directory",
        FileKind.Link => "a symbolic link",
        FileKind.Absent => "nothing",
        FileKind.Denied => "no permission to look",
        _ => "a special file",
    };
}

/// <summary>What all executions of one step left, by path: its own traces, which are nobody's input.</summary>
internal sealed class OwnTraces(IReadOnlyList<Trace> executions)
{
    private const int FewEnoughToScan = 32;
    private Dictionary<string, List<Change>>? byPath;

    /// <summary>For steps to whom their own traces are input like any other.</summary>
    public static OwnTraces None { get; } = new([]);

    /// <summary>Whether this execution left something under the path.</summary>
    public bool Wrote(Trace trace, string path)
    {
        if (executions.Count == 0 || (trace.Changes.Count > FewEnoughToScan && Left(path).Count == 0)) return false;
        foreach (var change in trace.Changes)
            if (change.Path == path) return true;
        return false;
    }

    /// <summary>What the executions left under a path.</summary>
    public IReadOnlyList<Change> Left(string path)
    {
        if (executions.Sum(e => e.Changes.Count) <= FewEnoughToScan && byPath is null)
        {
            List<Change>? few = null;
            foreach (var trace in executions)
                foreach (var change in trace.Changes)
                    if (change.Path == path) (few ??= []).Add(change);
            return few ?? (IReadOnlyList<Change>)[];
        }
        byPath ??= Index();
        return byPath.TryGetValue(path, out var left) ? left : [];
    }

    private Dictionary<string, List<Change>> Index()
    {
        var index = new Dictionary<string, List<Change>>(StringComparer.Ordinal);
        foreach (var trace in executions)
        {
            foreach (var change in trace.Changes)
            {
                if (!index.TryGetValue(change.Path, out var list)) index[change.Path] = list = [];
                if (!list.Contains(change)) list.Add(change);
            }
        }
        return index;
    }
}
