using System.Text;

namespace Varve.Snapshots.Repository;

/// <summary>Which entries a backup leaves out.</summary>
internal sealed class Exclusions
{
    private readonly List<byte[]> names = [], paths = [];

    /// <param name="patterns">As <see cref="BackupOptions.Exclude"/> has them.</param>
    public Exclusions(IEnumerable<string> patterns)
    {
        foreach (var pattern in patterns)
        {
            var bytes = Encoding.UTF8.GetBytes(pattern.Trim('/'));
            (pattern.TrimEnd('/').Contains('/') ? paths : names).Add(bytes);
        }
    }

    /// <summary>Whether this entry is left out.</summary>
    /// <param name="path">From the folder that is saved, without a slash at either end.</param>
    /// <param name="name">Its last part.</param>
    public bool Has(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name)
    {
        foreach (var pattern in names)
            if (Fits(pattern, name)) return true;
        foreach (var pattern in paths)
            if (Fits(pattern, path)) return true;
        return false;
    }

    /// <summary>Whether there is anything to leave out.</summary>
    public bool Any => names.Count + paths.Count > 0;

    private static bool Fits(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        int p = 0, t = 0, star = -1, from = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                from = t;
            }
            else if (p < pattern.Length && (pattern[p] == text[t] || pattern[p] == '?' && text[t] != '/'))
            {
                p++;
                t++;
            }
            else if (star >= 0 && text[from] != '/')
            {
                p = star + 1;
                t = ++from;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
