using System.CommandLine;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary><c>varve snap volumes</c>: what the varve of another host asks of this one; no person types it.</summary>
internal static class SnapVolumesCommand
{
    public static Command Make()
    {
        var verb = new Argument<string>("verb");
        var words = new Argument<string[]>("word") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("volumes", "What a sync on another host asks of this one") { verb, words };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var input = Console.OpenStandardInput();
            using var output = Console.OpenStandardOutput();
            VolumesProtocol.Serve(SnapOptions.BackEnds().Of, [parsed.GetValue(verb)!, .. parsed.GetValue(words)!], input, output);
            return 0;
        });
        return command;
    }
}
