using Varve.Linux;
using Varve.Running;

namespace Varve.Documents;

/// <summary>Files that match a pattern: `*` and `?` within a name, as the shell has them; sorted by their bytes.</summary>
internal static class Glob
{
    /// <param name="folder">Where a relative pattern starts.</param>
    /// <returns>Paths relative to the folder, or absolute when the pattern is.</returns>
    public static IReadOnlyList<string> Match(string folder, string pattern)
    {
        var absolute = pattern.StartsWith('/');
        List<string> found = [absolute ? "" : folder];
        foreach (var part in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".") continue;
            found = [.. found.SelectMany(at => Below(at, part))];
        }
        var prefix = absolute ? 0 : folder.Length + 1;
        return [.. found.Where(f => f.Length > prefix && Files.Look(PathText.EncodeTerminated(f), follow: true).Kind == FileKind.File).Select(f => f[prefix..])];
    }

    private static IEnumerable<string> Below(string folder, string part)
    {
        if (part.AsSpan().IndexOfAny('*', '?') < 0)
        {
            var path = $"{folder}/{part}";
            return part == ".." || Files.Look(path).Exists ? [path] : [];
        }
        return (Files.List(folder.Length == 0 ? "/" : folder) ?? [])
            .Where(e => NamePattern.Fits(part, e.Name))
            .Select(e => $"{folder}/{e.Name}");
    }
}
