using System.CommandLine;
using System.Net;
using Varve.Steps;
using Varve.Store;
using Varve.Web;

namespace Varve.Cli;

/// <summary><c>varve serve</c>: pages on which a person sees where every file came from.</summary>
internal static class ServeCommand
{
    private const int UsualPort = 8377;

    public static Command Make()
    {
        var port = new Option<int?>("--port") { Description = $"The port; 0 for any free one; by default {UsualPort}, or any free one when that is taken", HelpName = "N" };
        var openTo = new Option<string>("--open-to") { Description = "Listen on this address too, for other machines; by default on this machine only", HelpName = "ADDRESS" };
        var command = new Command("serve", "Pages of this workspace: documents, history, files, where they came from") { port, openTo };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetValue(port), parsed.GetValue(openTo)));
        return command;
    }

    private static int Run(CommonOptions common, int? port, string? openTo)
    {
        if (port is < 0 or > 65535) throw new UsageException($"--port {port}: give a number from 0 to 65535");
        if (!IPAddress.TryParse(openTo ?? "127.0.0.1", out var address)) throw new UsageException($"--open-to {openTo}: give an address of this machine in numbers, such as 192.168.1.5, or 0.0.0.0 for all of them");
        var workspace = Settings.WorkspaceOf(CommonOptions.CurrentFolder);
        using var interrupt = new Interrupt(static () => { });
        using var serving = Open(address, port, workspace);
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json => json.WriteString("address", serving.Address));
        }
        else
        {
            Console.Out.WriteLine(serving.Address);
            if (!common.Quiet)
            {
                if (!IPAddress.IsLoopback(address)) Console.Error.WriteLine("varve: others on the network can reach this; what they read is not encrypted, and the address above is the key to it");
                Console.Error.WriteLine($"varve: pages of {Words.Line(workspace)}; open the address in a browser, Ctrl-C ends");
            }
        }
        serving.Run(interrupt.Token);
        return 0;
    }

    private static Serving Open(IPAddress address, int? port, string workspace)
    {
        var home = VarveHome.FromEnvironment();
        try
        {
            return new Serving(workspace, home, address, port ?? UsualPort);
        }
        catch (IOException) when (port is null)
        {
            return new Serving(workspace, home, address, 0);
        }
    }
}
