using System.CommandLine;
using NodaTime;
using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary>Options that several commands of <c>varve snap</c> share.</summary>
internal static class SnapOptions
{
    public static Option<string?> Config() => new("--config") { Description = $"A sanoid.conf, or a file of Varve's own that ends in .toml (else {PolicyFiles.VarveToml}, else {PolicyFiles.SanoidConf})", HelpName = "FILE" };

    public static Option<string?> Zone() => new("--zone") { Description = "The time zone of names and preferred times, such as Europe/Vienna (else the host's)", HelpName = "ZONE" };

    public static DateTimeZone ZoneOf(string? name) => name is null ? Times.HostZone() : Times.Zone(name);

    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>The volumes of this host; files that a snapshot could not take in are named.</summary>
    public static BackEnds BackEnds() => new(Host.Local, static line => Console.Error.WriteLine(Words.Line($"varve: {line}")));

    public static Keeper Keeper(string? config, string? zone, bool dryRun = false, bool consent = false) =>
        new(PolicyFiles.Read(config ?? PolicyFiles.Usual()), BackEnds().Of, ZoneOf(zone)) { DryRun = dryRun, Consent = consent };
}
