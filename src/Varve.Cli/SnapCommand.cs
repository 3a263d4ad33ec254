using System.CommandLine;

namespace Varve.Cli;

/// <summary><c>varve snap</c>: snapshots by policy.</summary>
internal static class SnapCommand
{
    public static Command Make() => new("snap", "Snapshots by policy: take them, prune them, see beforehand what would happen")
    {
        SnapSimulateCommand.Make(), RepositoryCommand.Make(),
    };
}
