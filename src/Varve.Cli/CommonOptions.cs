using System.CommandLine;
using Varve.Linux;

namespace Varve.Cli;

/// <summary>The options that every command takes.</summary>
internal sealed record CommonOptions(bool Json, bool Verbose, bool Quiet, bool NoColor)
{
    private static readonly Option<bool> JsonOption = new("--json") { Description = "One JSON document, or a JSON line for each thing", Recursive = true };
    private static readonly Option<bool> VerboseOption = new("--verbose", "-v") { Description = "Say more", Recursive = true };
    private static readonly Option<bool> QuietOption = new("--quiet", "-q") { Description = "Say only what was asked for, and errors", Recursive = true };
    private static readonly Option<bool> NoColorOption = new("--no-color") { Description = "No colours and no live view (also NO_COLOR)", Recursive = true };
    private static readonly Option<string> FolderOption = new("-C") { Description = "Work in this folder", HelpName = "DIR", Recursive = true };

    /// <summary>All of them, for the root command.</summary>
    public static IEnumerable<Option> All => [JsonOption, VerboseOption, QuietOption, NoColorOption, FolderOption];

    /// <summary>What was said, after going to the folder that <c>-C</c> names.</summary>
    /// <exception cref="UsageException">There is no such folder.</exception>
    public static CommonOptions Of(ParseResult parsed)
    {
        if (parsed.GetValue(FolderOption) is { } folder)
        {
            try
            {
                Environment.CurrentDirectory = folder;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new UsageException($"-C {folder}: there is no such folder, or it may not be entered");
            }
        }
        return new CommonOptions(
            parsed.GetValue(JsonOption), parsed.GetValue(VerboseOption), parsed.GetValue(QuietOption),
            parsed.GetValue(NoColorOption) || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 });
    }

    /// <summary>The folder the process works in, as the kernel has it; its bytes need not be UTF-8.</summary>
    public static string CurrentFolder => Files.LinkTarget("/proc/self/cwd") ?? throw new UsageException("the current folder is gone; cd to another");

    /// <summary>An absolute path, without . and .., for one given on the command line.</summary>
    public static string Absolute(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, CurrentFolder));
}

/// <summary>A command line that cannot be followed: exit status 2, or 125 for <c>exec</c>.</summary>
internal sealed class UsageException(string message) : Exception(message);
