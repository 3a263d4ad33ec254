using Varve.Lineage;
using Varve.Linux;
using Varve.Store;

namespace Varve.Steps;

/// <summary>
/// What tells one root file system from another. What a step reads of it is not observed file by file, so this
/// stands in the step's key: every name with its kind, mode, size, time of modification and target. Contents go by
/// size and time: a root is unpacked once and left alone, and hashing gigabytes before each step is no way to live.
/// </summary>
internal static class RootIdentity
{
    /// <exception cref="SettingsException">A folder of the root cannot be listed.</exception>
    public static Digest Of(string root)
    {
        var canonical = new Canonical();
        Add(canonical, root, "");
        return canonical.Digest();
    }

    private static void Add(Canonical canonical, string root, string below)
    {
        var entries = Files.List(root + below) ?? throw new SettingsException($"the root file system {root} cannot be used: {root}{below} cannot be listed");
        foreach (var entry in entries)
        {
            var path = $"{below}/{entry.Name}";
            var stamp = Files.Look(root + path);
            canonical.Add(path);
            canonical.Add(stamp.Kind switch
            {
                FileKind.File => $"f{stamp.Permissions} {stamp.Size} {stamp.ModifiedNs}",
                FileKind.Link => $"l{Files.LinkTarget(root + path)}",
                _ => $"{stamp.Kind}{stamp.Permissions}",
            });
            if (stamp.Kind == FileKind.Directory) Add(canonical, root, path);
        }
    }
}
