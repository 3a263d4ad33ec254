using System.CommandLine;
using Varve.Snapshots.Remote;

namespace Varve.Cli;

/// <summary><c>varve snap repo peer</c>: keeps objects for the varve of another host; started by ssh.</summary>
internal static class RepositoryPeerCommand
{
    public static Command Make()
    {
        var only = new Option<string>("--only") { Description = "Open this repository, or those below this folder, and no other", HelpName = "FOLDER" };
        var appendOnly = new Option<bool>("--append-only") { Description = "Remove nothing, whatever the repository says" };
        var command = new Command("peer", "Answer another host's varve on the standard streams; started by ssh") { only, appendOnly };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var input = Console.OpenStandardInput();
            using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 18);
            using var server = new ObjectServer(parsed.GetValue(only) is { } folder ? CommonOptions.Absolute(folder) : null, parsed.GetValue(appendOnly), input, output);
            server.Run();
            return 0;
        });
        return command;
    }
}
