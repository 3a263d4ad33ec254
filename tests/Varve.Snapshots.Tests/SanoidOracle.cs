using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>
/// The real sanoid (Debian's), at any time one likes, over a <c>zfs</c> that is a shell script and keeps its snapshots
/// in a text file.
/// </summary>
internal sealed class SanoidOracle : IDisposable
{
    private const string Program = "/usr/sbin/sanoid";
    private readonly string _folder = Directory.CreateTempSubdirectory("varve-sanoid-").FullName;
    private readonly string _zone;

    public SanoidOracle(string configuration, string zone, params string[] datasets)
    {
        if (!File.Exists(Program)) Assert.Skip("sanoid is not installed (apt-get install sanoid)");
        _zone = zone;
        foreach (var name in (string[])["bin", "etc", "cache", "run"]) Directory.CreateDirectory(At(name));
        File.WriteAllText(At("etc/sanoid.conf"), configuration);
        File.Copy("/usr/share/sanoid/sanoid.defaults.conf", At("etc/sanoid.defaults.conf"));
        File.WriteAllText(At("state"), "");
        File.WriteAllLines(At("datasets"), datasets);
        File.WriteAllText(At("Clock.pm"), """
            package Clock;
            BEGIN {
                *CORE::GLOBAL::time = sub () { return $ENV{NOW}; };
                *CORE::GLOBAL::localtime = sub (;$) { return CORE::localtime(@_ ? $_[0] : $ENV{NOW}); };
            }
            1;
            """);
        Write("bin/zfs", """
            #!/bin/sh
            for last; do :; done
            case "$1" in
            snapshot) if grep -q "^$last	" "$STATE"; then echo "dataset already exists" >&2; exit 1; fi; printf '%s\t%s\n' "$last" "$NOW" >> "$STATE" ;;
            destroy) grep -v "^$last	" "$STATE" > "$STATE.new"; mv "$STATE.new" "$STATE" ;;
            get) while IFS='	' read -r name time; do printf '%s\tcreation\t%s\t-\n' "$name" "$time"; done < "$STATE" ;;
            list) grep -E "^$last(/|$)" "$DATASETS" ;;
            esac
            """);
        Write("bin/zpool", "#!/bin/sh\n");
    }

    /// <summary>The snapshots there are, with their times.</summary>
    public IReadOnlyList<string> Names => [.. File.ReadLines(At("state")).Select(static l => l[..l.IndexOf('\t', StringComparison.Ordinal)])];

    public void Run(long now, params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/perl") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["-I", _folder, "-MClock", Program, "--configdir=" + At("etc"), "--cache-dir=" + At("cache"), "--run-dir=" + At("run"), "--quiet", .. arguments]) start.ArgumentList.Add(argument);
        start.Environment["PATH"] = At("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["NOW"] = now.ToString(CultureInfo.InvariantCulture);
        // Its helper would compare the made clock with the start of the process.
        start.Environment["PERL_CAPTURE_TINY_TIMEOUT"] = "0";
        start.Environment["TZ"] = _zone;
        start.Environment["STATE"] = At("state");
        start.Environment["DATASETS"] = At("datasets");
        File.Delete(At("cache/snapshots.txt"));
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private void Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
