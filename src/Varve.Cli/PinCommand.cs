using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve pin</c>: keeps files from being collected.</summary>
internal static class PinCommand
{
    public static Command Make()
    {
        var paths = new Argument<string[]>("path") { Description = "Files to keep as they are now, with what made them; none lists what is pinned", HelpName = "PATH", Arity = ArgumentArity.ZeroOrMore };
        var remove = new Option<bool>("--remove") { Description = "Let them go" };
        var command = new Command("pin", "Keep files, and what made them, whatever is collected") { paths, remove };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetValue(paths) ?? [], parsed.GetValue(remove)));
        return command;
    }

    private static int Run(CommonOptions common, string[] paths, bool remove)
    {
        using var rooms = Rooms.Open(new Settings());
        var pins = new Pins(rooms.Home, rooms.Lineage, rooms.Store);
        IReadOnlyList<Pin> told = paths.Length == 0 ? pins.All()
            : remove ? [.. paths.SelectMany(p => pins.Remove(CommonOptions.Absolute(p)))]
            : [.. paths.Select(p => pins.Add(CommonOptions.Absolute(p)))];
        using var output = Console.OpenStandardOutput();
        foreach (var pin in told)
        {
            if (common.Json)
            {
                TraceJson.WriteLine(output, json =>
                {
                    json.WriteString("path", TraceJson.Safe(pin.Path));
                    json.WriteString("digest", pin.Digest.ToString());
                    json.WriteString("at", pin.At.UtcDateTime);
                    json.WriteBoolean("removed", remove);
                });
            }
            else if (!common.Quiet || paths.Length == 0)
            {
                Console.Out.WriteLine(Words.Line($"{(paths.Length == 0 ? "" : remove ? "let go " : "pinned ")}{pin.Path}  {pin.Digest}"));
            }
        }
        return 0;
    }
}
