using System.CommandLine;
using System.Globalization;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve find</c>: results by what is known of them.</summary>
internal static class FindCommand
{
    public static Command Make()
    {
        var label = new Option<string[]>("--label") { Description = "Has this label, and this value if one is given; may be repeated", HelpName = "NAME[=VALUE]" };
        var words = new Option<string>("--command") { Description = "The command line holds this text", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var program = new Option<string>("--program") { Description = "This program was executed", HelpName = "NAME", DefaultValueFactory = static _ => "" };
        var input = new Option<string>("--input") { Description = "Made from this file as it is now, or from this content, in one step or many", HelpName = "PATH|DIGEST" };
        var effect = new Option<string>("--effect") { Description = "Had this effect: network, clock, random, device, ipc, host", HelpName = "KIND", DefaultValueFactory = static _ => "" };
        var since = new Option<string>("--since") { Description = "Ran at this time (UTC) or later: 2026-11-23, 2026-11-23T06:30, or so long ago: 12h, 30d", HelpName = "TIME" };
        var until = new Option<string>("--until") { Description = "Ran before this time", HelpName = "TIME" };
        var longer = new Option<string>("--min-time") { Description = "Took at least so long: 90s, 15m, 2h", HelpName = "TIME" };
        var larger = new Option<string>("--min-size") { Description = "The file has at least so many bytes: 500M, 1.5G, 2GB", HelpName = "SIZE" };
        var tainted = new Option<bool>("--tainted") { Description = "Is downstream of a tainted file" };
        var most = new Option<int>("-n") { Description = "At most so many", HelpName = "N", DefaultValueFactory = static _ => int.MaxValue };
        var command = new Command("find", "Results by label, command, program, input, effect, date and cost; all that is given must hold")
            { label, words, program, input, effect, since, until, longer, larger, tainted, most };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var rooms = Rooms.Open(new Settings());
            var terms = new SearchTerms
            {
                Labels = [.. (parsed.GetValue(label) ?? []).Select(static l => l.Contains('=', StringComparison.Ordinal) ? KeyValuePair.Create(LabelCommand.Parse(l).Key, (string?)LabelCommand.Parse(l).Value) : KeyValuePair.Create(l, (string?)null))],
                Command = parsed.GetValue(words) ?? "",
                Program = parsed.GetValue(program) ?? "",
                Input = parsed.GetValue(input) is { } name ? NamedContent.Of(rooms.Lineage, name, CommonOptions.Absolute(name)) : null,
                Effect = parsed.GetValue(effect) ?? "",
                Since = parsed.GetValue(since) is { } from ? Time(from, "--since") : null,
                Until = parsed.GetValue(until) is { } to ? Time(to, "--until") : null,
                AtLeast = parsed.GetValue(longer) is { } time ? StepOptionSet.ParseTime(time, "--min-time") : null,
                AtLeastBytes = parsed.GetValue(larger) is { } size ? StepOptionSet.ParseSize(size, "--min-size") : null,
                Tainted = parsed.GetValue(tainted),
            };
            return Run(common, rooms, terms, parsed.GetValue(most));
        });
        return command;
    }

    /// <summary>A date, a date and a time, or a span before now.</summary>
    private static DateTimeOffset Time(string text, string option)
    {
        if (text.Length > 0 && char.IsAsciiLetter(text[^1]) && char.IsAsciiDigit(text[0]) && !text.Contains('T', StringComparison.Ordinal)) return DateTimeOffset.UtcNow - StepOptionSet.ParseTime(text, option);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at
            : throw new UsageException($"{option} {text}: a time is written 2026-11-23, 2026-11-23T06:30, or so long ago as 12h, 30d");
    }

    private static int Run(CommonOptions common, Rooms rooms, SearchTerms terms, int most)
    {
        const int commandColumns = 60;
        var (labels, taints) = (new Labels(rooms.Lineage), new Taints(rooms.Lineage));
        using var output = Console.OpenStandardOutput();
        foreach (var finding in new Search(rooms.Lineage).Find(terms).Take(Math.Max(0, most)))
        {
            var marks = taints.OfFile(finding.Digest, finding.Maker?.Execution ?? "");
            var said = finding.Digest == default ? [] : labels.Of(finding.Digest);
            if (common.Json)
            {
                TraceJson.WriteLine(output, json =>
                {
                    if (finding.Path.Length > 0)
                    {
                        json.WriteString("path", TraceJson.Safe(finding.Path));
                        json.WriteString("digest", finding.Digest.ToString());
                        if (finding.Bytes >= 0) json.WriteNumber("bytes", finding.Bytes);
                    }
                    if (finding.Maker is { } maker)
                    {
                        json.WriteString("step", maker.Step.ToString());
                        json.WriteString("execution", maker.Execution);
                        TraceJson.Texts(json, "command", maker.Key.Command);
                        if (maker.Origin is { } origin) TraceJson.Origin(json, origin);
                        json.WriteNumber("seconds", Math.Round(maker.Elapsed.TotalSeconds, 6));
                        json.WriteString("startedAt", maker.StartedAt.UtcDateTime);
                    }
                    json.WriteStartObject("labels");
                    foreach (var label in said) json.WriteString(TraceJson.Safe(label.Name), TraceJson.Safe(label.Value));
                    json.WriteEndObject();
                    TaintCommand.Json(json, marks);
                });
                continue;
            }
            var how = finding.Maker is { } by ? $"{Words.When(by.StartedAt)}  {by.Step.Short}  {(by.Origin is { } block ? block.Block + (block.Element.Length > 0 ? " " + block.Element : "") : Words.Short(ShellText.Readable(by), commandColumns))}" : "an input";
            var notes = string.Concat(said.Select(static l => $"  {l.Name}={l.Value}")) + (marks.Count > 0 ? "  TAINTED" : "");
            Console.Out.WriteLine(Words.Line($"{(finding.Path.Length > 0 ? finding.Path : "(no file)")}  {(finding.Path.Length > 0 ? finding.Digest.Short : "")}  {how}{notes}"));
        }
        return 0;
    }
}
