using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Finds out what every name a step asked for stood for before the step: walks each path through the files below the
/// overlay, which do not change, following their links and those the step made itself, and digests what was read,
/// while the step still runs.
/// </summary>
internal sealed class Observer(View view, Lookups lookups)
{
    private const int MostLinks = 40;
    private readonly Dictionary<string, (FileKind Kind, string Target)> folders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> linksMade = new(StringComparer.Ordinal);
    private List<string>? arrivals;

    /// <summary>Programs executed, by the names they were executed by.</summary>
    public List<string> Programs { get; } = [];
    /// <summary>Renames in order.</summary>
    public List<Renaming> Renames { get; } = [];

    /// <summary>Works off the log until it is closed.</summary>
    public void Follow(EventLog log)
    {
        while (log.Take() is { } events)
            foreach (var item in events) Handle(item);
    }

    /// <summary>Looks up what one event is about.</summary>
    public void Handle(PathEvent item)
    {
        var path = PathText.Decode(item.Path);
        if ((item.Wanted & Wanted.LinkMade) != 0)
        {
            foreach (var name in Resolve(path)) AddLink(name, PathText.Decode(item.Second!));
            return;
        }
        if ((item.Wanted & (Wanted.Renamed | Wanted.Named)) != 0)
        {
            var second = PathText.Decode(item.Second!);
            if ((item.Wanted & Wanted.Renamed) != 0) Renames.Add(new Renaming(Flatten(path), Flatten(second)));
            foreach (var from in Resolve(path))
                foreach (var to in Resolve(second)) CarryLinks(from, to);
            return;
        }
        if ((item.Wanted & Wanted.Program) != 0 && !Programs.Contains(path)) Programs.Add(path);
        Visit(path, item.Wanted, 0);
    }

    private void AddLink(string path, string target)
    {
        if (!linksMade.TryGetValue(path, out var targets)) linksMade[path] = targets = [];
        if (!targets.Contains(target, StringComparer.Ordinal)) targets.Add(target);
    }

    /// <summary>Symbolic links at a name, or in a folder of that name, are now to be found at another.</summary>
    private void CarryLinks(string from, string to)
    {
        if (Look(from) is { Kind: FileKind.Link } link) AddLink(to, link.Target);
        var within = from + "/";
        foreach (var path in linksMade.Keys.Where(p => p == from || p.StartsWith(within, StringComparison.Ordinal)).ToArray())
            foreach (var target in linksMade[path].ToArray()) AddLink(to + path[from.Length..], target);
    }

    /// <summary>What a name stands for once the links on the way to it are followed; several where links changed.</summary>
    private List<string> Resolve(string path)
    {
        arrivals = [];
        Visit(path, Wanted.Exists, 0);
        var found = arrivals;
        arrivals = null;
        return found;
    }

    private void Arrive(string path, Wanted wanted)
    {
        lookups.Record(path, wanted);
        if (arrivals is not null && !arrivals.Contains(path, StringComparer.Ordinal)) arrivals.Add(path);
    }

    /// <summary>Walks a path from the root, name by name.</summary>
    private void Visit(string path, Wanted wanted, int links)
    {
        if (links > MostLinks) return;
        var folder = "";
        // From this length on the folder was not there before the step; only the step's own links lead on from it.
        var missingFrom = int.MaxValue;
        for (var at = 0; at < path.Length;)
        {
            while (at < path.Length && path[at] == '/') at++;
            if (at == path.Length) break;
            var end = path.IndexOf('/', at);
            if (end < 0) end = path.Length;
            var name = path.AsSpan(at, end - at);
            at = end;
            if (name.SequenceEqual(".")) continue;
            if (name.SequenceEqual(".."))
            {
                if (folder.Length == missingFrom) lookups.Record(folder, Wanted.Exists);
                folder = folder.Length == 0 ? "" : folder[..folder.LastIndexOf('/')];
                if (folder.Length < missingFrom) missingFrom = int.MaxValue;
                continue;
            }
            var child = string.Concat(folder, "/", name);
            var last = at == path.Length;
            if (last && (wanted & Wanted.Follow) == 0)
            {
                Arrive(child, wanted);
                return;
            }
            var node = missingFrom == int.MaxValue ? Look(child) : (Kind: FileKind.Absent, Target: "");
            linksMade.TryGetValue(child, out var made);
            if (node.Kind == FileKind.Link) lookups.Record(child, Wanted.Exists);
            if (node.Kind == FileKind.Link || made is not null)
            {
                var rest = path[at..];
                if (node.Kind == FileKind.Link) Visit(Join(folder, node.Target) + rest, wanted, links + 1);
                foreach (var target in made?.ToArray() ?? []) Visit(Join(folder, target) + rest, wanted, links + 1);
                if (node.Kind != FileKind.Link) Arrive(last ? child : Flatten(child + rest), wanted);
                return;
            }
            if (last)
            {
                Arrive(child, wanted);
                return;
            }
            if (node.Kind != FileKind.Directory) missingFrom = Math.Min(missingFrom, child.Length);
            folder = child;
        }
        Arrive(folder.Length == 0 ? "/" : folder, wanted);
    }

    private static string Join(string folder, string target) => target.StartsWith('/') ? target : $"{folder}/{target}";

    /// <summary>What a name on the way stands for; looked up once.</summary>
    private (FileKind Kind, string Target) Look(string path)
    {
        if (folders.TryGetValue(path, out var known)) return known;
        (FileKind Kind, string Target) found;
        if (view.Locate(path, out var outside) != Zone.Observed)
        {
            found = (FileKind.Directory, "");
        }
        else
        {
            var kind = Files.Look(outside).Kind;
            found = (kind, kind == FileKind.Link ? Files.LinkTarget(outside) ?? "" : "");
            // Leaves are as many as there are files; only what is walked through again is kept.
            if (kind is FileKind.File or FileKind.Absent) return found;
        }
        folders[path] = found;
        return found;
    }

    /// <summary>The path without `.`, `..` and doubled slashes, read as text.</summary>
    private static string Flatten(string path)
    {
        if (!path.Contains("//", StringComparison.Ordinal) && !path.Contains("/.", StringComparison.Ordinal) && !path.EndsWith('/')) return path;
        var names = new List<string>();
        foreach (var name in path.Split('/'))
        {
            if (name.Length == 0 || name == ".") continue;
            if (name != "..") names.Add(name);
            else if (names.Count > 0) names.RemoveAt(names.Count - 1);
        }
        return "/" + string.Join('/', names);
    }

}
