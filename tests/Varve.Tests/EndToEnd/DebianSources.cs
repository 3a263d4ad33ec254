using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Sources of real programs, as Debian has them; a test that needs one is skipped where Debian cannot be asked.</summary>
internal static class DebianSources
{
    private static readonly Lock Fetching = new();

    /// <summary>The folder of Lua's sources, as the authors released them.</summary>
    public static string Lua()
    {
        Tools.Require("apt-get", "apt");
        lock (Fetching)
        {
            var folder = $"{Grounds.Folder}/sources";
            if (!Directory.Exists($"{folder}/lua"))
            {
                var (code, said) = Tools.Run("sh", "-c", Fetch, "fetch", folder);
                Assert.SkipUnless(code == 0, $"Debian's sources cannot be had here: {said.TrimEnd().Split('\n')[^1]}");
            }
            return $"{folder}/lua";
        }
    }

    /// <summary>An apt configuration of its own: the system's lists stay as they are.</summary>
    private const string Fetch = """
        set -e
        mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/unpacked"
        cd "$1"
        suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" >sources.list
        apt="apt-get -q -o Dir::Etc::sourcelist=$1/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$1/lists
            -o Dir::Cache=$1/cache -o APT::Sandbox::User=$(id -un)"
        $apt update
        $apt source --download-only lua5.4
        tar -xzf lua5.4_*.orig.tar.gz -C unpacked
        mv unpacked/* lua
        chmod -R a+rX .
        """;
}
