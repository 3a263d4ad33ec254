using System.CommandLine;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary><c>varve snap checkout</c>: a snapshot as a folder that can be written.</summary>
internal static class SnapCheckoutCommand
{
    public static Command Make()
    {
        var snapshot = new Argument<string>("snapshot") { Description = "pool/name@snapshot or /folder@snapshot", HelpName = "DATASET@SNAPSHOT" };
        var target = new Argument<string>("target") { Description = "An empty or new folder", HelpName = "TARGET" };
        var only = new Argument<string[]>("path") { Description = "Only these paths, from the dataset", HelpName = "PATH", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("checkout", "A snapshot, or some paths of it, as a folder that can be written; blocks are shared where the disk can") { snapshot, target, only };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var words = parsed.GetValue(snapshot)!.Split('@', 2);
            if (words.Length < 2) throw new UsageException($"'{words[0]}' names no snapshot; write it as DATASET@SNAPSHOT");
            var volumes = SnapOptions.BackEnds().Of(words[0]);
            var troubles = RepositoryOptions.Run(common, "restoring", (progress, cancel) => CheckOuts.Make(volumes, words[0], words[1], CommonOptions.Absolute(parsed.GetValue(target)!), parsed.GetValue(only)!, progress, cancel));
            foreach (var trouble in troubles) Console.Error.WriteLine(Words.Line($"varve: {trouble}"));
            return troubles.Count == 0 ? 0 : Failure.StepFailed;
        });
        return command;
    }
}
