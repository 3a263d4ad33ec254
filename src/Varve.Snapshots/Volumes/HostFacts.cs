namespace Varve.Snapshots.Volumes;

/// <summary>What one call tells of a host before anything begins.</summary>
/// <param name="IsKeyless">Whether it is marked as one that must never hold a key.</param>
/// <param name="HasZstd">Whether it has the program <c>zstd</c>.</param>
/// <param name="HasVarve">Whether it has <c>varve</c>.</param>
/// <param name="FileSystem">The file system that a folder lies on, or would; empty for others than folders.</param>
/// <param name="IsPlain">Whether the folder has snapshots in a repository of its own.</param>
public sealed record HostFacts(bool IsKeyless, bool HasZstd, bool HasVarve, string FileSystem, bool IsPlain)
{
    private const string Script = """
        [ -e /etc/varve/keyless ] && echo keyless
        command -v zstd > /dev/null && echo zstd
        command -v varve > /dev/null && echo varve
        d=$1
        case $d in
        /*)
            [ -e "$d/.varve-snapshots/repository/config" ] && echo plain
            while [ ! -d "$d" ]; do d=${d%/*}; [ -n "$d" ] || d=/; done
            echo "fs $(stat -f -c %T "$d")"
            ;;
        esac
        exit 0
        """;

    /// <summary>Says that it will be asked for.</summary>
    internal static void Expect(Host host, string dataset) => host.ExpectScript(Script, dataset);

    /// <summary>Asks.</summary>
    /// <exception cref="SnapshotException">The host cannot be reached.</exception>
    public static HostFacts Of(Host host, string dataset)
    {
        var words = host.Script(Script, dataset).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return new HostFacts(words.Contains("keyless"), words.Contains("zstd"), words.Contains("varve"), words.FirstOrDefault(static w => w.StartsWith("fs ", StringComparison.Ordinal))?[3..] ?? "", words.Contains("plain"));
    }
}
