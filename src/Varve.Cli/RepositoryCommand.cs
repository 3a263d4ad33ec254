using System.CommandLine;
using Varve.Linux;
using Varve.Snapshots.Repository;

namespace Varve.Cli;

/// <summary><c>varve snap repo</c>: snapshots of folders in a repository, encrypted or not, on any file system.</summary>
internal static class RepositoryCommand
{
    public static Command Make() => new("repo", "Snapshots of folders in a repository of Varve's own: encrypted, each content once, checked by hosts that hold no key")
    {
        MakeInit(), MakeBackup(), MakeList(), MakeRestore(), MakeCat(), RepositoryMountCommand.Make(), MakeVerify(), RepositoryPruneCommand.MakeForget(), RepositoryPruneCommand.MakePrune(), RepositoryPruneCommand.MakeRepair(), RepositoryKeyCommand.Make(), RepositoryPeerCommand.Make(),
    };

    private static Command MakeInit()
    {
        var newKey = new Option<string>("--new-key-file") { Description = "Make a key and write it to this file, or take the key that is there; keep a copy elsewhere", HelpName = "FILE" };
        var cipher = new Option<string>("--cipher") { Description = "aes (the default where the processor has it), chacha, or none: not encrypted" }.AcceptOnlyFromAmong("aes", "chacha", "none");
        var appendOnly = new Option<bool>("--append-only") { Description = "Nothing is ever removed" };
        var command = new Command("init", "Make a repository") { newKey, cipher, appendOnly };
        var options = new RepositoryOptions().To(command, isOpened: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var chosen = parsed.GetValue(cipher) switch
            {
                "none" => RepositoryCipher.None,
                "aes" => RepositoryCipher.Aes,
                "chacha" => RepositoryCipher.ChaCha,
                _ => SnapshotRepository.BestCipher,
            };
            using var store = options.Store(parsed);
            var path = store.Path;
            RepositoryKey? key = null;
            if (chosen != RepositoryCipher.None)
            {
                key = parsed.GetValue(newKey) is { } file ? RepositoryKey.NewFile(file) : options.Given(parsed) ?? RepositoryOptions.Asked($"A passphrase for {path}: ");
                if (key is null) throw new UsageException("give --new-key-file FILE, --passphrase-file FILE or VARVE_PASSPHRASE; or --cipher none for a repository that everyone can read");
            }
            var id = SnapshotRepository.Create(store, chosen, key, parsed.GetValue(appendOnly));
            if (common.Json) Line(json =>
            {
                json.WriteString("repository", TraceJson.Safe(path));
                json.WriteString("id", id);
                json.WriteString("cipher", RepositoryConfig.NameOf(chosen));
            });
            else if (!common.Quiet) Console.Out.WriteLine($"made {path}: repository {id[..12]}, {(key is null ? "not encrypted" : RepositoryConfig.NameOf(chosen))}{(key is null ? "" : "; without the key nothing can be read again: keep a copy of it elsewhere")}");
            return 0;
        });
        return command;
    }

    private static Command MakeBackup()
    {
        var folder = new Argument<string>("folder") { Description = "The folder to save", HelpName = "FOLDER" };
        var label = new Option<string>("--label") { Description = "A name for the snapshot", DefaultValueFactory = static _ => "" };
        var exclude = new Option<string[]>("--exclude") { Description = "Leave out this name (*.tmp) or, with a slash, this path (build/out)", HelpName = "PATTERN", AllowMultipleArgumentsPerToken = false };
        var oneFileSystem = new Option<bool>("--one-file-system", "-x") { Description = "Leave out what is mounted in the folder" };
        var readAll = new Option<bool>("--read-all") { Description = "Read every file, whatever its times say" };
        var level = new Option<int>("--level") { Description = "Of compression, -7 to 19", DefaultValueFactory = static _ => new BackupOptions { Path = [] }.Level };
        var jobs = new Option<int>("-j") { Description = "Threads (one a core)", HelpName = "N" };
        var command = new Command("backup", "Save a folder as a snapshot; what the repository has already costs nothing");
        var options = new RepositoryOptions().To(command);
        command.Add(folder);
        foreach (var option in (Option[])[label, exclude, oneFileSystem, readAll, level, jobs]) command.Add(option);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            if (parsed.GetValue(level) is < -7 or > 19) throw new UsageException("--level is from -7 to 19");
            using var repository = options.Open(parsed);
            var what = new BackupOptions
            {
                Path = RepositoryOptions.AbsoluteBytes(parsed.GetValue(folder)!),
                Label = parsed.GetValue(label)!,
                Exclude = parsed.GetValue(exclude) ?? [],
                OneFileSystem = parsed.GetValue(oneFileSystem),
                ReadAll = parsed.GetValue(readAll),
                Level = parsed.GetValue(level),
                Threads = parsed.GetValue(jobs),
            };
            var report = RepositoryOptions.Run(common, "saving", (progress, cancel) => repository.Backup(what, progress, cancel));
            Tell(report.Troubles);
            if (common.Json) Line(json =>
            {
                RepositoryJson.Snapshot(json, report.Snapshot);
                json.WriteNumber("bytesRead", report.BytesRead);
                RepositoryJson.Texts(json, "troubles", report.Troubles);
            });
            else if (!common.Quiet) Console.Out.WriteLine($"snapshot {report.Snapshot.Name[..12]}: {Words.Count(report.Snapshot.Files, "file")}, {Words.Size(report.Snapshot.Bytes)}; read {Words.Size(report.BytesRead)}, added {Words.Size(report.Snapshot.AddedBytes)}");
            return report.Troubles.Count == 0 ? 0 : Failure.StepFailed;
        });
        return command;
    }

    private static Command MakeList()
    {
        var snapshot = new Argument<string>("snapshot") { Description = "Show what is in this snapshot: begin of its name, label, or latest", HelpName = "SNAPSHOT", Arity = ArgumentArity.ZeroOrOne };
        var path = new Argument<string>("path") { Description = "A folder in it", HelpName = "PATH", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("list", "The snapshots of a repository, oldest first; or what is in one");
        var options = new RepositoryOptions().To(command);
        command.Add(snapshot);
        command.Add(path);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed);
            if (parsed.GetValue(snapshot) is { } name)
            {
                foreach (var entry in repository.Entries(repository.Find(name).Name, Inner(parsed.GetValue(path) ?? "")))
                {
                    if (common.Json) Line(json => RepositoryJson.Entry(json, entry));
                    else Console.Out.WriteLine(Text(entry));
                }
                return 0;
            }
            foreach (var found in repository.Snapshots())
            {
                if (common.Json) Line(json => RepositoryJson.Snapshot(json, found));
                else Console.Out.WriteLine($"{found.Name[..12]}  {found.Taken.ToLocalTime():yyyy-MM-dd HH:mm:ss}  {Words.Size(found.Bytes),10}  {found.Host}:{found.Path}{(found.Label.Length > 0 ? $"  {found.Label}" : "")}");
            }
            return 0;
        });
        return command;
    }

    private static string Text(SnapshotEntry e)
    {
        var kind = e.Kind switch { EntryKind.Directory => 'd', EntryKind.Link => 'l', EntryKind.Fifo => 'p', EntryKind.Device => 'b', _ => '-' };
        var time = DateTimeOffset.FromUnixTimeMilliseconds(e.ModifiedNs / 1_000_000).ToLocalTime();
        return $"{kind}{Convert.ToString(e.Mode, 8).PadLeft(4, '0')}  {e.Uid,5} {e.Gid,5}  {e.Size,14}  {time:yyyy-MM-dd HH:mm}  {e.ShownName}{(e.Kind == EntryKind.Link ? $" -> {e.ShownTarget}" : "")}";
    }

    private static Command MakeRestore()
    {
        var snapshot = new Argument<string>("snapshot") { Description = "Begin of its name, label, or latest", HelpName = "SNAPSHOT" };
        var target = new Argument<string>("target") { Description = "The folder to restore into", HelpName = "TARGET" };
        var only = new Argument<string[]>("path") { Description = "Only these paths, as the snapshot has them", HelpName = "PATH", Arity = ArgumentArity.ZeroOrMore };
        var overwrite = new Option<bool>("--overwrite") { Description = "Put files in place of those of their name; others stay" };
        var jobs = new Option<int>("-j") { Description = "Threads (one a core)", HelpName = "N" };
        var command = new Command("restore", "Bring back a snapshot, or some of its paths; one that was interrupted goes on");
        var options = new RepositoryOptions().To(command);
        foreach (var argument in (Argument[])[snapshot, target, only]) command.Add(argument);
        command.Add(overwrite);
        command.Add(jobs);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed);
            var what = new RestoreOptions
            {
                Snapshot = repository.Find(parsed.GetValue(snapshot)!).Name,
                Target = RepositoryOptions.AbsoluteBytes(parsed.GetValue(target)!),
                Only = [.. (parsed.GetValue(only) ?? []).Select(Inner)],
                Overwrite = parsed.GetValue(overwrite),
                Threads = parsed.GetValue(jobs),
            };
            var report = RepositoryOptions.Run(common, "restoring", (progress, cancel) => repository.Restore(what, progress, cancel));
            Tell(report.Troubles);
            if (common.Json) Line(json =>
            {
                json.WriteNumber("files", report.Files);
                json.WriteNumber("bytes", report.Bytes);
                json.WriteNumber("untouched", report.Untouched);
                RepositoryJson.Texts(json, "troubles", report.Troubles);
            });
            else if (!common.Quiet) Console.Out.WriteLine($"restored {Words.Count(report.Files, "file")}, {Words.Size(report.Bytes)}{(report.Untouched > 0 ? $"; {report.Untouched} of them were right already" : "")}");
            if (what.Only.Count > 0 && report.Files == 0) throw new UsageException("the snapshot has no file of these paths");
            return report.Troubles.Count == 0 ? 0 : Failure.StepFailed;
        });
        return command;
    }

    private static Command MakeCat()
    {
        var snapshot = new Argument<string>("snapshot") { Description = "Begin of its name, label, or latest", HelpName = "SNAPSHOT" };
        var path = new Argument<string>("path") { Description = "The file, as the snapshot has it", HelpName = "PATH" };
        var command = new Command("cat", "Write one file of a snapshot to standard output");
        var options = new RepositoryOptions().To(command);
        command.Add(snapshot);
        command.Add(path);
        command.SetAction(parsed =>
        {
            CommonOptions.Of(parsed);
            using var repository = options.Open(parsed);
            using var output = Console.OpenStandardOutput();
            repository.CopyTo(repository.Find(parsed.GetValue(snapshot)!).Name, Inner(parsed.GetValue(path)!), output);
            return 0;
        });
        return command;
    }

    private static Command MakeVerify()
    {
        var withoutKey = new Option<bool>("--without-key") { Description = "Check every byte without the key, as a host that has none" };
        var repairFrom = new Option<string>("--repair-from") { Description = "Take damaged and missing objects from this other copy of the repository", HelpName = "REPOSITORY" };
        var command = new Command("verify", "Check that every byte is there: against its digest, and with the key also each chunk and each snapshot");
        var options = new RepositoryOptions().To(command);
        command.Add(withoutKey);
        command.Add(repairFrom);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var from = parsed.GetValue(repairFrom) is { } other ? RepositoryOptions.StoreAt(other) : null;
            VerifyReport report;
            if (parsed.GetValue(withoutKey))
            {
                using var store = options.Store(parsed);
                report = RepositoryOptions.Run(common, "checking", (progress, cancel) => RepositoryWork.VerifyWithoutKey(store, from, progress, cancel));
            }
            else
            {
                using var repository = options.Open(parsed);
                report = RepositoryOptions.Run(common, "checking", (progress, cancel) => repository.Verify(from, progress, cancel));
            }
            if (common.Json) Line(json => RepositoryJson.Verification(json, report));
            else
            {
                foreach (var repaired in report.Repaired) Console.Out.WriteLine($"repaired {repaired}");
                foreach (var finding in report.Findings)
                {
                    Console.Out.WriteLine($"damaged  {finding.Object}: {finding.Problem}");
                    foreach (var path in finding.Affected) Console.Out.WriteLine($"         needed by {path}");
                }
                if (!common.Quiet) Console.Out.WriteLine($"{Words.Count(report.Objects, "object")}, {Words.Size(report.Bytes)}: {(report.Findings.Count == 0 ? "all as written" : $"{report.Findings.Count} damaged or missing")}");
            }
            return report.Findings.Count == 0 ? 0 : Failure.Damaged;
        });
        return command;
    }

    private static void Tell(IReadOnlyList<string> troubles)
    {
        foreach (var line in troubles) Console.Error.WriteLine($"varve: {line}");
    }

    private static byte[] Inner(string path) => PathText.Encode(path.StartsWith("./", StringComparison.Ordinal) ? path[2..].Trim('/') : path.Trim('/'));

    internal static void Line(Action<System.Text.Json.Utf8JsonWriter> body)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, body);
    }
}
