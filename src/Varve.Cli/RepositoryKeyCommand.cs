using System.CommandLine;
using Varve.Snapshots.Repository;

namespace Varve.Cli;

/// <summary><c>varve snap repo key</c>: who can open a repository. Nothing but the wrapped key is written.</summary>
internal static class RepositoryKeyCommand
{
    public static Command Make() => new("key", "The keys that open a repository: list them, add one, remove one") { MakeList(), MakeAdd(), MakeRemove() };

    private static Command MakeList()
    {
        var command = new Command("list", "The keys that open it; needs none of them");
        var options = new RepositoryOptions().To(command, isOpened: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var store = options.Store(parsed);
            foreach (var key in SnapshotRepository.Keys(store))
            {
                if (common.Json) RepositoryCommand.Line(json =>
                {
                    json.WriteString("key", key.Name);
                    json.WriteString("kind", key.Kind);
                    json.WriteString("created", key.Created);
                });
                else Console.Out.WriteLine($"{key.Name}  {key.Kind,-10}  {key.Created.ToLocalTime():yyyy-MM-dd HH:mm:ss}");
            }
            return 0;
        });
        return command;
    }

    private static Command MakeAdd()
    {
        var newKey = new Option<string>("--new-key-file") { Description = "Make a key and write it to this file, or take the key that is there", HelpName = "FILE" };
        var newPassphrase = new Option<string>("--new-passphrase-file") { Description = "A file with the new passphrase; else it is asked for", HelpName = "FILE" };
        var command = new Command("add", "Let one more key or passphrase open it") { newKey, newPassphrase };
        var options = new RepositoryOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed);
            var key = parsed.GetValue(newKey) is { } file ? RepositoryKey.NewFile(file)
                : RepositoryOptions.Given(null, parsed.GetValue(newPassphrase)) ?? RepositoryOptions.Asked($"A further passphrase for {repository.Path}: ")
                ?? throw new UsageException("give --new-key-file FILE or --new-passphrase-file FILE");
            var name = repository.AddKey(key);
            if (common.Json) RepositoryCommand.Line(json => json.WriteString("key", name));
            else if (!common.Quiet) Console.Out.WriteLine($"added key {name}");
            return 0;
        });
        return command;
    }

    private static Command MakeRemove()
    {
        var name = new Argument<string>("key") { Description = "Its name in `key list`", HelpName = "KEY" };
        var command = new Command("remove", "End that a key opens it; who has copied the repository before can still use it on that copy");
        var options = new RepositoryOptions().To(command);
        command.Add(name);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed, exclusive: true);
            repository.RemoveKey(parsed.GetValue(name)!);
            if (!common.Quiet && !common.Json) Console.Out.WriteLine($"removed key {parsed.GetValue(name)}");
            return 0;
        });
        return command;
    }
}
