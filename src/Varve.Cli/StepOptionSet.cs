using System.CommandLine;
using System.Globalization;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary>The options of a step, for the commands that run steps.</summary>
internal sealed class StepOptionSet
{
    private readonly Option<string> environment = new("--env") { Description = "The root file system it sees: host, or a name from varve.toml", HelpName = "NAME", DefaultValueFactory = _ => "host" };
    private readonly Option<string> network = new("--net") { Description = "The network it may use: none, HTTP and HTTPS that are recorded, or all", HelpName = "none|recorded|open", DefaultValueFactory = _ => "none" };
    private readonly Option<bool> strict = new("--strict") { Description = "Fix clock, randomness and processor, so that every machine gives the same bytes" };
    private readonly Option<bool> again = new("--again") { Description = "Run even when the result is known" };
    private readonly Option<string[]> pass = new("--pass") { Description = "Let this environment variable in, and into the step's key", HelpName = "VAR" };
    private readonly Option<string[]> write = new("--write") { Description = "A further folder it may write", HelpName = "DIR" };
    private readonly Option<string> timeout = new("--timeout") { Description = "End it after this long: 90, 90s, 15m, 2h", HelpName = "TIME" };
    private readonly Option<string> memory = new("--memory") { Description = "Most memory of each of its processes: 500M, 1.5G, 2GB", HelpName = "SIZE" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[environment, network, strict, again, pass, write, timeout, memory]) command.Add(option);
    }

    /// <exception cref="UsageException">A value cannot be understood.</exception>
    public StepOptions Of(ParseResult parsed) => new()
    {
        Environment = parsed.GetValue(environment) ?? "host",
        Network = StepNetworks.Parse(parsed.GetValue(network) ?? "none") ?? throw new UsageException($"--net {parsed.GetValue(network)}: say {StepNetworks.Words}"),
        Strict = parsed.GetValue(strict),
        Again = parsed.GetValue(again),
        Pass = [.. (parsed.GetValue(pass) ?? []).Select(Variable)],
        Write = [.. (parsed.GetValue(write) ?? []).Select(CommonOptions.Absolute)],
        Timeout = parsed.GetValue(timeout) is { } time ? ParseTime(time) : null,
        MemoryBytes = parsed.GetValue(memory) is { } size ? ParseSize(size) : null,
    };

    private static string Variable(string name) =>
        name.Length > 0 && !name.Contains('=') ? name : throw new UsageException($"--pass {name}: give a variable's name; its value is taken from the environment");

    internal static TimeSpan ParseTime(string text, string option = "--timeout")
    {
        var seconds = Scaled(text, [('s', 1), ('m', 60), ('h', 3600), ('d', 86400)]);
        return seconds is > 0 and < 1e10 ? TimeSpan.FromSeconds(seconds) : throw new UsageException($"{option} {text}: give a time such as 90, 90s, 15m, 2h or 30d");
    }

    internal static long ParseSize(string text, string option = "--memory") => ByteSize.Parse(text) ?? throw new UsageException($"{option} {text}: give a size, {ByteSize.Forms}");

    private static double Scaled(string text, ReadOnlySpan<(char Unit, long Factor)> units)
    {
        var factor = 1L;
        foreach (var (unit, scale) in units)
        {
            if (text.Length == 0 || char.ToUpperInvariant(text[^1]) != char.ToUpperInvariant(unit)) continue;
            (factor, text) = (scale, text[..^1]);
            break;
        }
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number * factor : -1;
    }
}
