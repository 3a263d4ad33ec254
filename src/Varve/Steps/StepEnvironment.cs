using Varve.Sandbox;
using Varve.Strict;

namespace Varve.Steps;

/// <summary>The variables a step starts with: fixed ones, and those of the person's that are passed on and are in the key.</summary>
public static class StepEnvironment
{
    /// <summary>
    /// 1 January 1980, 00:00 UTC, in seconds since 1970: the earliest time that a ZIP archive can hold
    /// (https://reproducible-builds.org/specs/source-date-epoch/).
    /// </summary>
    public const string SourceDateEpoch = "315532800";

    /// <summary>Where programs are looked for in a root file system that is not the host's.</summary>
    public const string PlainPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly string[] PassedByDefault =
        ["PATH", "TERM", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "LD_LIBRARY_PATH", "GDAL_DATA", "PROJ_LIB"];

    private static readonly KeyValuePair<string, string>[] Fixed =
    [
        new("HOME", View.Home), new("LANG", "C.UTF-8"), new("LOGNAME", View.UserName), new("PYTHONDONTWRITEBYTECODE", "1"),
        new("PYTHONHASHSEED", "0"), new("SHELL", "/bin/sh"), new("SOURCE_DATE_EPOCH", SourceDateEpoch), new("TZ", "UTC"),
        new("USER", View.UserName),
    ];

    /// <summary>Whether a variable is about the person's surroundings and not about what the step is to do.</summary>
    public static bool IsSurrounding(string name) => PassedByDefault.Contains(name);

    /// <summary>The variables, sorted by name.</summary>
    /// <param name="pass">Names to pass on besides those passed by default; one that is not set is left out.</param>
    /// <param name="strict">Whether they are a strict step's.</param>
    /// <param name="extra">Variables given outright, such as a document's parameters; they win.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Variables(
        IEnumerable<string> pass, bool strict = false, IEnumerable<KeyValuePair<string, string>>? extra = null)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in strict ? Fixed.Concat(StrictVariables.All) : Fixed) all[name] = value;
        foreach (var name in PassedByDefault.Concat(pass))
            if (System.Environment.GetEnvironmentVariable(name) is { } value) all[name] = value;
        foreach (var (name, value) in extra ?? []) all[name] = value;
        return [.. all];
    }
}
