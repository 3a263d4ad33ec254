using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Makes a record of a part that has come to its end, while its first process is held there: what it observed, looked up
/// in the step as it is now, and what it left different.
/// </summary>
internal sealed class PartEnding(View view, IContentSource contents, IReadOnlyList<string> trusted)
{
    /// <summary>The record, or null when it cannot be remembered; <see cref="Part.Spoilt"/> says why.</summary>
    public PartRecord? Record(Part part)
    {
        if (part.Spoilt.Length > 0) return null;
        if (part.Processes.Any(p => p != part.Process && ProcessFacts.IsAlive(p))) return Fail(part, "processes of it live on");
        var said = part.Streams!.Drain();
        if (part.Streams.Lost.Length > 0) return Fail(part, part.Streams.Lost);
        if (part.Streams.Consumed() is not { } input) return Fail(part, "it did not read its standard input to the end");

        var effects = new EffectLog();
        var seen = view.AsSeenBy(part.Process);
        var lookups = new Lookups(seen, contents, trusted, effects);
        var observer = new Observer(seen, lookups);
        foreach (var item in part.Events) observer.Handle(item);
        var (found, _) = lookups.Finish(part.Touched.Keys.ToHashSet(StringComparer.Ordinal), long.MaxValue, part.Touched.Keys.ToHashSet(StringComparer.Ordinal));
        foreach (var effect in effects.All()) part.Add(effect);
        var observations = Before(part, found);
        var changes = part.Spoilt.Length == 0 ? Changes(part, seen) : [];
        if (part.Spoilt.Length > 0) return null;
        return new PartRecord
        {
            Key = part.Key with { Input = input },
            Observations = observations,
            Changes = changes,
            Effects = part.Effects,
            Programs = observer.Programs,
            Said = said,
            InputPosition = part.Streams.InputPosition,
            StartedAt = part.StartedAt,
            Elapsed = part.Clock.Elapsed,
        };
    }

    private static PartRecord? Fail(Part part, string why)
    {
        part.Spoil(why);
        return null;
    }

    /// <summary>What was there before: of paths it changed, what it found there first.</summary>
    private List<Observation> Before(Part part, List<Observation> found)
    {
        var before = new List<Observation>(found.Count + part.Touched.Count);
        foreach (var item in found)
        {
            if (part.Touched.TryGetValue(item.Path, out var touched))
            {
                if (touched.Stamp.Exists && item.Kind is ObservationKind.Content or ObservationKind.Listing) part.Spoil($"it reads and replaces {item.Path}");
                continue;
            }
            if (part.TouchedByOthers.Contains(item.Path) || (item.Kind == ObservationKind.Listing && part.TouchedByOthers.Any(p => Files.Parent(p) == item.Path))) part.Spoil($"{item.Path} was changed by another part of the step while it ran");
            if (item.Kind == ObservationKind.Listing && part.Touched.Keys.Any(p => Files.Parent(p) == item.Path)) part.Spoil($"it lists {item.Path} and changes names in it");
            if (IsNew(part, item)) part.Spoil($"{item.Path} was changed while it ran");
            before.Add(item);
        }
        foreach (var (path, touched) in part.Touched)
        {
            if (view.Locate(path, out _) == Zone.Device) continue;
            before.Add(touched.Stamp.Exists
                ? new Observation(path, ObservationKind.Exists, default, StatusText.Of(touched.Stamp))
                : new Observation(path, ObservationKind.Absent, default, ""));
        }
        before.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path) is var order and not 0 ? order : a.Kind.CompareTo(b.Kind));
        return before;
    }

    /// <summary>Whether a file that it only looked at changed since it began, by ways that nobody saw.</summary>
    private bool IsNew(Part part, in Observation item)
    {
        if (item.Kind is not (ObservationKind.Content or ObservationKind.Status) || !view.IsWritable(item.Path)) return false;
        return Files.Look(View.Through(part.Process, item.Path)) is { Kind: FileKind.File } stamp && stamp.ChangedNs > part.StartedNs;
    }

    private List<PartChange> Changes(Part part, View seen)
    {
        var changes = new List<PartChange>();
        foreach (var (path, before) in part.Touched.OrderBy(static t => t.Key, StringComparer.Ordinal))
        {
            if (view.Locate(path, out _) == Zone.Device) continue;
            var through = View.Through(part.Process, path);
            var now = Files.Look(through);
            if (!now.Exists && !before.Stamp.Exists) continue;
            if (!view.IsWritable(path))
            {
                if (now.Exists) part.Spoil($"it leaves {path}, which is private to the step");
                continue;
            }
            if (part.TouchedByOthers.Contains(path)) part.Spoil($"another part of the step writes {path} too");
            switch (now.Kind)
            {
                case FileKind.Absent:
                    if (before.Stamp.Kind == FileKind.Directory) part.Spoil($"it removes the folder {path}");
                    changes.Add(new PartChange(new Change(path, ChangeKind.Deleted, default, 0, 0, "", "", Replaced: false), ""));
                    break;
                case FileKind.Link:
                    changes.Add(new PartChange(new Change(path, ChangeKind.Link, default, 0, 0x1FF, Files.LinkTarget(through) ?? "", "", Replaced: false), ""));
                    break;
                case FileKind.Directory when !before.Stamp.Exists:
                    changes.Add(new PartChange(new Change(path, ChangeKind.Directory, default, 0, now.Permissions, "", "", Replaced: false), ""));
                    break;
                case FileKind.File when now.Links == 1:
                    seen.Locate(path, out var lies);
                    var digest = contents.DigestOf(lies, Files.Look(lies));
                    changes.Add(new PartChange(new Change(path, ChangeKind.File, digest, now.Size, now.Permissions, "", "", Replaced: false), lies));
                    break;
                default:
                    part.Spoil($"{path} is more than a file that it makes");
                    break;
            }
        }
        return changes;
    }
}
