using System.Diagnostics;
using Varve.Linux;

namespace Varve.Cli;

/// <summary>The Debian packages that a document's programs come from: looked for, and installed where Varve may.</summary>
internal static class DebianPackages
{
    private const string Installed = "/var/lib/dpkg/info";

    /// <summary>Sees to it that they are there.</summary>
    /// <returns>Whether all are there; else it was said how to install them.</returns>
    /// <exception cref="UsageException">A name is none that a package can have.</exception>
    public static bool Require(IReadOnlyList<string> names, TextWriter output)
    {
        // On a system that is not Debian's the names mean nothing; a program that is missing will say so itself.
        if (names.Count == 0 || Files.Look(Installed).Kind != FileKind.Directory) return true;
        var missing = names.Where(name => !IsInstalled(name)).ToArray();
        if (missing.Length == 0) return true;
        foreach (var name in missing)
            if (!name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '+' or '-' or '.')) throw new UsageException($"debian: '{name}' is no package's name");

        var list = string.Join(' ', missing);
        if (Libc.geteuid() != 0)
        {
            output.WriteLine($"varve: the document needs Debian packages that are missing: {list}. Install with:");
            output.WriteLine($"  sudo apt-get install -y --no-install-recommends {list}");
            return false;
        }
        output.WriteLine($"varve: installing from Debian what the document needs: {list}");
        if (Install(missing, out var said) || (Apt(["update"], out _) && Install(missing, out said))) return true;
        output.WriteLine(said.TrimEnd());
        output.WriteLine($"varve: apt-get could not install {list}");
        return false;
    }

    private static bool IsInstalled(string name) =>
        Files.Look($"{Installed}/{name}.list").Exists || Files.Look($"{Installed}/{name}:amd64.list").Exists;

    private static bool Install(string[] names, out string said) => Apt(["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", .. names], out said);

    private static bool Apt(IReadOnlyList<string> arguments, out string said)
    {
        const int lastCharacters = 2000;
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var word in (string[])["-c", "exec apt-get \"$@\" 2>&1 </dev/null", "sh", .. arguments]) start.ArgumentList.Add(word);
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var process = Process.Start(start) ?? throw new IOException("cannot start apt-get");
        said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        said = said[Math.Max(0, said.Length - lastCharacters)..];
        return process.ExitCode == 0;
    }
}
