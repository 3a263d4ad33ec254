using System.CommandLine;
using Varve.Linux;
using Varve.Snapshots.Remote;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary>What the commands of <c>varve snap repo</c> share: which repository, with which key, and what is shown meanwhile.</summary>
internal sealed class RepositoryOptions
{
    private const string PassphraseVariable = "VARVE_PASSPHRASE", KeyFileVariable = "VARVE_KEY_FILE";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly Argument<string> path = new("repository") { Description = "The folder of the repository; on another host [user@]host:repo:/FOLDER", HelpName = "REPOSITORY" };
    private readonly Option<string> keyFile = new("--key-file") { Description = $"The file with the key (also {KeyFileVariable})", HelpName = "FILE" };
    private readonly Option<string> passphraseFile = new("--passphrase-file") { Description = $"A file with the passphrase, else {PassphraseVariable}, else it is asked for", HelpName = "FILE" };
    private readonly Option<bool> acceptOlder = new("--accept-older") { Description = "Go on although the repository is in an older state than this machine has seen" };

    /// <summary>Adds the argument, and the options of a key.</summary>
    public RepositoryOptions To(Command command, bool isOpened = true)
    {
        command.Add(path);
        command.Add(keyFile);
        command.Add(passphraseFile);
        if (isOpened) command.Add(acceptOlder);
        return this;
    }

    /// <summary>Where the repository that the line names is.</summary>
    public ObjectStore Store(ParseResult parsed) => StoreAt(parsed.GetValue(path)!);

    /// <summary>A repository here, or on another host.</summary>
    public static ObjectStore StoreAt(string text)
    {
        var isHere = Directory.Exists(text) || !text.Contains("repo:", StringComparison.Ordinal);
        return isHere ? SnapshotRepository.At(CommonOptions.Absolute(text)) : StoreAt(Place.Parse(text), SshOptions.Usual);
    }

    /// <summary>A repository here, or on another host, where programs are run by the one who is asked for, never by sudo.</summary>
    public static ObjectStore StoreAt(Place place, SshOptions ssh) =>
        place.Host.Length == 0 ? SnapshotRepository.At(CommonOptions.Absolute(place.Name)) : new RemoteObjects(Host.Remote(place.Host, ssh), place.Name);

    /// <summary>Opens the repository that the line names.</summary>
    public SnapshotRepository Open(ParseResult parsed, bool exclusive = false)
    {
        var store = Store(parsed);
        try
        {
            var key = Given(parsed);
            if (key is null && SnapshotRepository.IsEncrypted(store)) key = Asked($"Passphrase of {store.Path}: ");
            return SnapshotRepository.Open(store, key, SnapshotRepository.UsualCacheFolder, exclusive, parsed.GetValue(acceptOlder));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Makes a new head for the repository that the line names; the number of its snapshots.</summary>
    public int RemakeHead(ParseResult parsed) => SnapshotRepository.RemakeHead(Store(parsed), Given(parsed), SnapshotRepository.UsualCacheFolder);

    /// <summary>The key that the line or the environment names; null when none.</summary>
    public RepositoryKey? Given(ParseResult parsed) => Given(parsed.GetValue(keyFile), parsed.GetValue(passphraseFile)) ?? RepositoryKey.OfEnvironment();

    public static RepositoryKey? Given(string? keyFile, string? passphraseFile)
    {
        if (keyFile is { Length: > 0 } && passphraseFile is { Length: > 0 }) throw new UsageException("give a key file or a passphrase, not both");
        if (keyFile is { Length: > 0 }) return RepositoryKey.OfFile(keyFile);
        return passphraseFile is { Length: > 0 } ? RepositoryKey.OfPassphrase(File.ReadLines(passphraseFile).FirstOrDefault("")) : null;
    }

    /// <summary>A passphrase from the terminal; null when there is none to ask on.</summary>
    public static RepositoryKey? Asked(string question)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected) return null;
        Console.Error.Write(question);
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return RepositoryKey.OfPassphrase(typed.ToString());
    }

    /// <summary>Runs with a line of progress on a terminal, and stops cleanly at Ctrl-C.</summary>
    public static T Run<T>(CommonOptions common, string doing, Func<RepositoryProgress, CancellationToken, T> work)
    {
        var progress = new RepositoryProgress();
        using var interrupt = new Interrupt(static () => { });
        if (common.Quiet || common.Json || Console.IsErrorRedirected) return work(progress, interrupt.Token);
        using var ended = new ManualResetEventSlim();
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var shown = new Thread(() =>
        {
            while (!ended.Wait(Pause))
            {
                var seconds = Math.Max(0.001, System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds);
                Console.Error.Write($"\r\e[K{doing}: {Words.Count(progress.Files, "file")}, {Words.Size(progress.Bytes)}; {Words.Size((long)(progress.Moved / seconds))}/s");
            }
            Console.Error.Write("\r\e[K");
        })
        { IsBackground = true };
        shown.Start();
        try
        {
            return work(progress, interrupt.Token);
        }
        finally
        {
            ended.Set();
            shown.Join();
        }
    }

    /// <summary>A path on the command line as the bytes that the library takes, absolute.</summary>
    public static byte[] AbsoluteBytes(string path) => PathText.Encode(CommonOptions.Absolute(path));
}
