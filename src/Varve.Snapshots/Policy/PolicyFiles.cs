namespace Varve.Snapshots.Policy;

/// <summary>Finds and reads a configuration of snapshots.</summary>
public static class PolicyFiles
{
    /// <summary>Where sanoid looks.</summary>
    public const string SanoidConf = "/etc/sanoid/sanoid.conf";

    /// <summary>Where Varve's own is, for the whole host.</summary>
    public const string VarveToml = "/etc/varve/snapshots.toml";

    /// <summary>Reads a file: TOML when its name ends so, else a <c>sanoid.conf</c>.</summary>
    /// <exception cref="SnapshotException">It cannot be read, or is wrong.</exception>
    public static IPolicyFile Read(string file)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{file}: {(File.Exists(file) ? "it may not be read" : "there is no such file")}", e);
        }
        return file.EndsWith(".toml", StringComparison.OrdinalIgnoreCase) ? VarveFile.Parse(text, file) : SanoidFile.Parse(text, file);
    }

    /// <summary>The file of this host: Varve's own, else sanoid's.</summary>
    /// <exception cref="SnapshotException">There is neither.</exception>
    public static string Usual() =>
        File.Exists(VarveToml) ? VarveToml : File.Exists(SanoidConf) ? SanoidConf : throw new SnapshotException($"there is neither {VarveToml} nor {SanoidConf}; name a configuration with --config FILE");
}
