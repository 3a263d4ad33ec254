using System.Diagnostics;
using System.Text;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

/// <summary>A folder for one test, with a repository, a source and a cache in it.</summary>
internal sealed class Place : IDisposable
{
    public Place(RepositoryCipher cipher = RepositoryCipher.Aes)
    {
        Root = Directory.CreateTempSubdirectory("varve-repository-test-").FullName;
        Directory.CreateDirectory(Source);
        Key = cipher == RepositoryCipher.None ? null : RepositoryKey.NewFile(Root + "/key");
        SnapshotRepository.Create(Store, cipher, Key, appendOnly: false);
    }

    public string Root { get; }

    public string Source => Root + "/source";

    public string Store => Root + "/repository";

    public string Cache => Root + "/cache";

    public RepositoryKey? Key { get; set; }

    public SnapshotRepository Open(bool exclusive = false, bool acceptOlder = false, bool cached = true) =>
        SnapshotRepository.Open(Store, Key, cached ? Cache : null, exclusive, acceptOlder);

    public BackupReport Backup(Func<BackupOptions, BackupOptions>? change = null)
    {
        using var repository = Open();
        var options = new BackupOptions { Path = Bytes(Source), Threads = 2 };
        return repository.Backup(change is null ? options : change(options), cancel: TestContext.Current.CancellationToken);
    }

    public RestoreReport Restore(string snapshot, string target, bool overwrite = false, params string[] only)
    {
        using var repository = Open();
        return repository.Restore(new RestoreOptions { Snapshot = repository.Find(snapshot).Name, Target = Bytes(target), Overwrite = overwrite, Only = [.. only.Select(Bytes)], Threads = 2 },
            cancel: TestContext.Current.CancellationToken);
    }

    public VerifyReport Verify()
    {
        using var repository = Open();
        return repository.Verify(cancel: TestContext.Current.CancellationToken);
    }

    public VerifyReport VerifyWithoutKey(string? repairFrom = null) =>
        RepositoryWork.VerifyWithoutKey(Store, repairFrom, cancel: TestContext.Current.CancellationToken);

    public void Write(string name, byte[] content)
    {
        var path = $"{Source}/{name}";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    public void Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Bytes that do not compress, the same for the same seed.</summary>
    public static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path);

    /// <summary>Every object of the repository, by its path in it.</summary>
    public IReadOnlyList<string> Objects() =>
        [.. Directory.EnumerateFiles(Store, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Store, f)).Where(static f => !f.EndsWith("lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>What a tree holds, a line for each entry, with mode, owner, time to the nanosecond, links and content.</summary>
    public static string Describe(string folder) => Run("/bin/sh", "-c",
        """cd "$1" && { find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%T@|%l|%n\n' | grep -v '|d|.*' ; find . -mindepth 1 -type d -printf '%P|%y|%m|%U:%G|%T@\n'; find . -type f -exec sha256sum {} +; } | LC_ALL=C sort""", "describe", folder);

    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.Latin1 })!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors.Result}");
        return said;
    }

    public void Dispose()
    {
        Run("/bin/chmod", "-R", "u+rwx", Root);
        // The runtime cannot remove names that are not UTF-8.
        Run("/bin/rm", "-rf", Root);
    }
}
