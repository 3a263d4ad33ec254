using Varve.Linux;
using Varve.Store;

namespace Varve.Steps;

/// <summary>
/// What a person set once for all steps: <c>$XDG_CONFIG_HOME/varve/config.toml</c>, then <c>varve.toml</c> in the
/// workspace. Lists add up; of single values the later file's holds. <c>docs/commands.md</c> lists the keys.
/// </summary>
public sealed record Settings
{
    /// <summary>Environment variables that every step sees, and that are in its key.</summary>
    public IReadOnlyList<string> Pass { get; init; } = [];
    /// <summary>Absolute folders whose files go by stat signature alone and are never hashed.</summary>
    public IReadOnlyList<string> Trust { get; init; } = [];
    /// <summary>Absolute folders besides the workspace that every step may write.</summary>
    public IReadOnlyList<string> Write { get; init; } = [];
    /// <summary>Most steps at once; null when nobody said.</summary>
    public int? Jobs { get; init; }
    /// <summary>Whether the programs that a step starts are remembered each by itself.</summary>
    public PartKeeping Parts { get; init; } = PartKeeping.Worthwhile;
    /// <summary>Whether a published file carries its ancestry beside it (Export/Sidecar.cs).</summary>
    public bool Sidecar { get; init; }
    /// <summary>Whether clock, randomness and processor are the same everywhere for every step.</summary>
    public bool Strict { get; init; }
    /// <summary>The named root file systems, as absolute folders.</summary>
    public IReadOnlyDictionary<string, string> Environments { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The workspace: the nearest folder with a <c>varve.toml</c>, from this one upwards, else this one.</summary>
    public static string WorkspaceOf(string folder)
    {
        for (var at = folder; at.Length > 0; at = at == "/" ? "" : Files.Parent(at))
            if (Files.Look(Join(at, SettingsFile.WorkspaceName)).Kind is FileKind.File or FileKind.Link) return at;
        return folder;
    }

    /// <summary>The settings that hold in a workspace.</summary>
    /// <exception cref="SettingsException">A file cannot be read, is not TOML, or has a key that does not exist.</exception>
    public static Settings Load(string workspace)
    {
        var settings = new Settings();
        if (PersonalFile() is { } personal && Files.Look(personal).Exists) settings = SettingsFile.Read(personal, settings);
        var own = Join(workspace, SettingsFile.WorkspaceName);
        return Files.Look(own).Exists ? SettingsFile.Read(own, settings) : settings;
    }

    /// <summary>The root file system's layers for an environment's name; none for <c>host</c>.</summary>
    /// <exception cref="SettingsException">No such environment, or its folder is not there.</exception>
    public IReadOnlyList<string> RootLayers(string environment)
    {
        if (environment is "host") return [];
        if (!Environments.TryGetValue(environment, out var root))
        {
            var known = string.Join(", ", Environments.Keys.Append("host").Order(StringComparer.Ordinal));
            throw new SettingsException($"there is no environment '{environment}'; {SettingsFile.WorkspaceName} has: {known}");
        }
        if (Files.Look(PathText.EncodeTerminated(root), follow: true).Kind != FileKind.Directory)
            throw new SettingsException($"environment '{environment}': its root {root} is not a folder");
        return [root];
    }

    /// <summary>
    /// How an environment stands in a step's key: <c>host</c>, or <c>NAME@</c> and the digest of where its root lies. What a
    /// step reads in the root is observed file by file, as on the host.
    /// </summary>
    /// <exception cref="SettingsException">No such environment, or its root is not there.</exception>
    public string Identity(string environment) => environment is "host"
        ? environment
        : $"{environment}@{Digest.Of(PathText.Encode(RootLayers(environment)[0]))}";

    private static string? PersonalFile()
    {
        if (Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is ['/', ..] config) return config + "/varve/config.toml";
        return Environment.GetEnvironmentVariable("HOME") is ['/', ..] home ? home + "/.config/varve/config.toml" : null;
    }

    private static string Join(string folder, string name) => folder == "/" ? "/" + name : $"{folder}/{name}";
}

/// <summary>A settings file that cannot be used; the message names file and line.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
