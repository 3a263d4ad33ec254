using System.CommandLine;

namespace Varve.Cli;

/// <summary>The command line of Varve.</summary>
internal static class Program
{
    internal const string Version = "0.1.0";

    private static int Main(string[] args)
    {
        if (args is ["--version"])
        {
            Console.Out.WriteLine("varve " + Version);
            return 0;
        }
        return new RootCommand("A lineage-first pipeline tool: nothing is declared, everything is observed.").Parse(args).Invoke();
    }
}
