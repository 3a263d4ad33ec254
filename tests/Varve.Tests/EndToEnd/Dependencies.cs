using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>What `gcc -MD` wrote down of the files it read.</summary>
internal static class Dependencies
{
    /// <summary>The files that the `.d` files in a folder name, absolute and with links followed.</summary>
    /// <param name="trial">Names that are relative are so to its workspace.</param>
    /// <param name="folder">Where the `.d` files are.</param>
    /// <param name="atLeast">How many names there must be for the files to have been understood.</param>
    public static IReadOnlySet<string> ListedBy(Trial trial, string folder, int atLeast)
    {
        var count = 0;
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(folder, "*.d"))
        {
            var names = File.ReadAllText(file).Replace("\\\n", " ", StringComparison.Ordinal).Split(':', 2)[1].Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            foreach (var name in names) paths.Add(Real(Path.GetFullPath(name, trial.Workspace)));
            count += names.Length;
        }
        Assert.True(count >= atLeast, $"gcc's lists have {count} names");
        return paths;
    }

    /// <summary>The path with its links followed.</summary>
    public static string Real(string path)
    {
        var resolved = "";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            resolved = $"{resolved}/{name}";
            for (var links = 0; links < 40; links++)
            {
                FileSystemInfo info = Directory.Exists(resolved) ? new DirectoryInfo(resolved) : new FileInfo(resolved);
                if (info.LinkTarget is not { } target) break;
                resolved = Real(Path.GetFullPath(target, Path.GetDirectoryName(resolved)!));
            }
        }
        return resolved;
    }
}
