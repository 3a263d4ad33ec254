namespace Varve.Raster.Files;

/// <summary>Names of files in the making: beside their place, hidden, this process's own, and the same in every run of it.</summary>
internal static class PartialFile
{
    private static int count;

    public static string For(string path)
    {
        var full = Path.GetFullPath(path);
        return Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Environment.ProcessId}-{Interlocked.Increment(ref count)}.part");
    }
}
