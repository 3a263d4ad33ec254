using System.IO.Enumeration;

namespace Varve.Running;

/// <summary>Absolute names that match a pattern: `*` and `?` within a part, as the shell has them; a hidden name only where the pattern's part begins with a dot.</summary>
internal sealed class NamePattern(string pattern)
{
    private readonly string[] parts = [.. pattern.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(static p => p != ".")];

    /// <summary>The only name it matches, or null when it holds a star or a question mark.</summary>
    public string? Name { get; } = pattern.AsSpan().IndexOfAny('*', '?') < 0 ? pattern : null;

    /// <summary>Whether a name, absolute and without `.` and `..`, matches.</summary>
    public bool Matches(string path)
    {
        var at = 1;
        foreach (var part in parts)
        {
            if (at > path.Length) return false;
            var end = path.IndexOf('/', at);
            if (end < 0) end = path.Length;
            if (!Fits(part, path.AsSpan(at, end - at))) return false;
            at = end + 1;
        }
        return at > path.Length;
    }

    /// <summary>Whether one part of a name fits one part of a pattern.</summary>
    public static bool Fits(ReadOnlySpan<char> part, ReadOnlySpan<char> name) =>
        !name.IsEmpty && (name[0] != '.' || part[0] == '.') && FileSystemName.MatchesSimpleExpression(part, name, ignoreCase: false);
}
