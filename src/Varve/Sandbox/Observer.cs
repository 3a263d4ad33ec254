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

    private void Handle(PathEvent item)
    {
        var path = PathText.Decode(item.Path);
        if ((item.Wanted & Wanted.LinkMade) != 0)
        {
            AddLink(Flatten(path), PathText.Decode(item.Second!));
            return;
        }
        if ((item.Wanted & Wanted.Renamed) != 0)
        {
            Renamed(Flatten(path), Flatten(PathText.Decode(item.Second!)));
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

    private void Renamed(string from, string to)
    {
        Renames.Add(new Renaming(from, to));
        if (linksMade.TryGetValue(from, out var targets))
            foreach (var target in targets.ToArray()) AddLink(to, target);
        if (Look(from) is { Kind: FileKind.Link } link) AddLink(to, link.Target);
    }

    /// <summary>Walks a path from the root, name by name.</summary>
    private void Visit(string path, Wanted wanted, int links)
    {
        if (links > MostLinks) return;
        var folder = "";
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
                folder = folder.Length == 0 ? "" : folder[..folder.LastIndexOf('/')];
                continue;
            }
            var child = string.Concat(folder, "/", name);
            var last = at == path.Length;
            if (last && (wanted & Wanted.Follow) == 0)
            {
                lookups.Record(child, wanted);
                return;
            }
            var node = Look(child);
            linksMade.TryGetValue(child, out var made);
            if (node.Kind == FileKind.Link) lookups.Record(child, Wanted.Exists);
            if (node.Kind == FileKind.Link || made is not null)
            {
                var rest = path[at..];
                if (node.Kind == FileKind.Link) Visit(Join(folder, node.Target) + rest, wanted, links + 1);
                foreach (var target in made?.ToArray() ?? []) Visit(Join(folder, target) + rest, wanted, links + 1);
                if (node.Kind != FileKind.Link) lookups.Record(last ? child : Flatten(child + rest), wanted);
                return;
            }
            if (last)
            {
                lookups.Record(child, wanted);
                return;
            }
            if (node.Kind != FileKind.Directory)
            {
                // Nothing below can be there before the step; the whole name is what was looked for in vain.
                lookups.Record(Flatten(child + path[at..]), wanted);
                return;
            }
            folder = child;
        }
        lookups.Record(folder.Length == 0 ? "/" : folder, wanted);
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
