using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Two things an overlay cannot do by itself: rename a directory that lies below it (EXDEV), and, for an ordinary
/// user, open another user's file for writing (EOVERFLOW). Both work once the step's own copy is in the upper layer,
/// so the supervisor makes that copy, through the step's own view, before it lets the call go on.
/// </summary>
internal sealed class CopyUp(View view, EventLog log)
{
    private readonly HashSet<string> copied = new(StringComparer.Ordinal);

    /// <summary>Before a file is opened for writing: takes over one that belongs to somebody else.</summary>
    public void BeforeWriting(int thread, ReadOnlySpan<byte> path)
    {
        if (Libc.geteuid() == 0) return;
        var inside = PathText.Decode(path);
        if (FindWritable(inside) is not { } place) return;
        var below = Files.Look(place.Outside);
        if (below.Kind != FileKind.File || below.Owner == Libc.geteuid() || Files.Look(place.Upper).Exists || !copied.Add(inside)) return;
        var seen = Through(thread, inside);
        var temporary = Temporary(seen);
        try
        {
            Copy(seen, temporary, inside);
            Files.Rename(temporary, seen);
        }
        catch (IOException)
        {
            // The folder may not be writable for this user; the call then fails as it would anywhere.
            TryRemove(temporary);
        }
    }

    /// <summary>Before a rename: a directory below the overlay becomes the step's own. What to tell when it cannot, else null.</summary>
    public string? BeforeRenaming(int thread, ReadOnlySpan<byte> path)
    {
        var inside = PathText.Decode(path);
        if (FindWritable(inside) is not { } place || Files.Look(place.Outside).Kind != FileKind.Directory) return null;
        var seen = Through(thread, inside);
        if (Files.Look(seen).Kind != FileKind.Directory || !copied.Add(inside)) return null;
        var temporary = Temporary(seen);
        try
        {
            Copy(seen, temporary, inside);
            Files.RemoveTree(seen);
            Files.Rename(temporary, seen);
            return null;
        }
        catch (IOException e)
        {
            TryRemove(temporary);
            return $"renaming the directory {inside}, which needs a copy of it: {e.Message}";
        }
    }

    private (string Outside, string Upper)? FindWritable(string inside)
    {
        foreach (var (folder, upper) in view.Uppers)
        {
            if (!View.IsWithin(inside, folder.Inside) || inside.Length == folder.Inside.Length) continue;
            var rest = folder.Inside.Length == 1 ? inside : inside[folder.Inside.Length..];
            return (folder.Outside + rest, upper + rest);
        }
        return null;
    }

    private static string Through(int thread, string inside) => $"/proc/{thread}/root{inside}";

    private static string Temporary(string path) => $"{Files.Parent(path)}/.varve-{Guid.NewGuid():N}.tmp";

    private static void TryRemove(string path)
    {
        try
        {
            Files.RemoveTree(path);
        }
        catch (IOException)
        {
            // It lies in the step's own layer, which is removed with the step.
        }
    }

    private void Copy(string from, string to, string inside)
    {
        var stamp = Files.Look(from);
        switch (stamp.Kind)
        {
            case FileKind.Directory:
                log.Add(Wanted.Listing, PathText.Encode(inside));
                Files.MakeDirectory(to);
                foreach (var entry in Files.List(from) ?? []) Copy($"{from}/{entry.Name}", $"{to}/{entry.Name}", $"{inside}/{entry.Name}");
                Files.SetPermissions(to, stamp.Permissions);
                break;
            case FileKind.File:
                log.Add(Wanted.Content, PathText.Encode(inside));
                using (var source = Files.OpenRead(from))
                using (var target = Files.Create(to, stamp.Permissions))
                    Files.CopyBytes(source, target, from);
                Files.SetPermissions(to, stamp.Permissions);
                break;
            case FileKind.Link:
                var text = Files.LinkTarget(from) ?? "";
                log.Add(Wanted.Exists, PathText.Encode(inside));
                log.Add(Wanted.LinkMade, PathText.Encode(inside), PathText.Encode(text));
                Files.SymbolicLink(text, to);
                return;
            default:
                return;
        }
        Files.SetModified(to, stamp.ModifiedNs);
    }
}
