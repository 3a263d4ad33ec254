using System.CommandLine;
using Varve.Snapshots.Mounting;

namespace Varve.Cli;

/// <summary><c>varve snap repo mount</c>: the snapshots of a repository as a folder.</summary>
internal static class RepositoryMountCommand
{
    public static Command Make()
    {
        var target = new Argument<string>("folder") { Description = "An empty folder to mount at", HelpName = "FOLDER" };
        var snapshot = new Argument<string?>("snapshot") { Description = "Show this one only: begin of its name, label, or latest", HelpName = "SNAPSHOT", Arity = ArgumentArity.ZeroOrOne };
        var allowOther = new Option<bool>("--allow-other") { Description = "Let other users look as well, as the modes of the files say" };
        var command = new Command("mount", "Show the snapshots of a repository, or one, as a folder to read, until it is unmounted or Ctrl-C is pressed");
        var options = new RepositoryOptions().To(command);
        command.Add(target);
        command.Add(snapshot);
        command.Add(allowOther);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed);
            var what = new MountOptions
            {
                Target = CommonOptions.Absolute(parsed.GetValue(target)!),
                Snapshot = parsed.GetValue(snapshot) is { } name ? repository.Find(name).Name : null,
                AllowOther = parsed.GetValue(allowOther),
            };
            using var mount = Mount.Begin(repository, what, static line => Console.Error.WriteLine(Words.Line($"varve: {line}")));
            using var interrupt = new Interrupt(mount.End);
            if (common.Json) RepositoryCommand.Line(json => json.WriteString("mounted", TraceJson.Safe(what.Target)));
            else if (!common.Quiet) Console.Out.WriteLine(Words.Line($"mounted {repository.Path} at {what.Target}; Ctrl-C ends it, or {(Environment.IsPrivilegedProcess ? "umount" : "fusermount3 -u")} {what.Target}"));
            mount.Wait();
            return 0;
        });
        return command;
    }
}
