using System.Text;
using Varve.Linux;

namespace Varve.Cli;

/// <summary>The command line of Varve.</summary>
internal static class Program
{
    public const string Version = "0.1.0";

    private static int Main(string[] args)
    {
        Console.SetOut(StandardWriter.Of(1));
        Console.SetError(StandardWriter.Of(2));
        // Asked by scripts at every turn: answered before anything else is set up.
        if (args is ["--version"])
        {
            return Processes.WriteAll(1, "varve "u8) && Processes.WriteAll(1, Encoding.UTF8.GetBytes(Version + "\n")) ? 0 : Failure.NoSandbox;
        }
        return CommandLine.Run(Exact(args));
    }

    /// <summary>The arguments with every byte: the runtime replaces bytes that are not UTF-8, and file names may hold them.</summary>
    private static string[] Exact(string[] args)
    {
        if (!args.Any(static a => a.Contains('\uFFFD'))) return args;
        var words = new List<string>();
        ReadOnlySpan<byte> rest = File.ReadAllBytes("/proc/self/cmdline");
        while (rest.IndexOf((byte)0) is var end and >= 0)
        {
            words.Add(PathText.Decode(rest[..end]));
            rest = rest[(end + 1)..];
        }
        return [.. words.TakeLast(args.Length)];
    }
}
