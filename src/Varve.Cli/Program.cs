namespace Varve.Cli;

/// <summary>The command line of Varve.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        Console.Error.WriteLine(args.Length);
        return 2;
    }
}
