using System.CommandLine;
using System.Text.Json;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve taint</c>: condemns a content, and lists all that was made from it.</summary>
internal static class TaintCommand
{
    public static Command Make()
    {
        var path = new Argument<string>("file") { Description = "A file that turned out wrong, as it is now, or a digest; none lists what is tainted", HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne };
        var reason = new Option<string>("--reason") { Description = "Why, for everybody who meets the mark", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var remove = new Option<bool>("--remove") { Description = "Take it back" };
        var dry = new Option<bool>("--dry-run", "-n") { Description = "List what is downstream, and mark nothing" };
        var command = new Command("taint", "Mark a file that turned out wrong, with everything made from it, now and later") { path, reason, remove, dry };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetValue(path), parsed.GetValue(reason) ?? "", parsed.GetValue(remove), parsed.GetValue(dry)));
        return command;
    }

    private static int Run(CommonOptions common, string? path, string reason, bool remove, bool dryRun)
    {
        using var rooms = Rooms.Open(new Settings());
        var taints = new Taints(rooms.Lineage);
        if (path is null)
        {
            if (remove) throw new UsageException("--remove needs the file whose taint is to go; `varve taint` lists them");
            foreach (var taint in taints.All()) Tell(common, taint, "", []);
            return 0;
        }
        if (remove)
        {
            foreach (var taint in taints.Remove(path, CommonOptions.Absolute(path))) Tell(common, taint, "no longer tainted: ", []);
            return 0;
        }
        var content = NamedContent.Of(rooms.Lineage, path, CommonOptions.Absolute(path));
        var downstream = new Downstream(rooms.Lineage).Of([content]).Files.DistinctBy(static f => (f.Path, f.Digest)).ToList();
        var made = dryRun ? new Taint(content.Digest, LineageDatabase.Printable(content.Path), content.Bytes, reason, DateTimeOffset.UtcNow) : taints.Add(content, reason);
        Tell(common, made, dryRun ? "would taint " : "tainted ", downstream);
        return 0;
    }

    private static void Tell(CommonOptions common, Taint taint, string verb, IReadOnlyList<MadeFile> downstream)
    {
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                Facts(json, taint);
                json.WriteStartArray("downstream");
                foreach (var file in downstream)
                {
                    json.WriteStartObject();
                    json.WriteString("path", file.Path);
                    json.WriteString("digest", file.Digest.ToString());
                    json.WriteString("execution", file.Execution);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        if (!common.Quiet || verb.Length == 0) Console.Out.WriteLine(Words.Line($"{verb}{taint}"));
        if (verb.Length > 0 && !common.Quiet && !verb.StartsWith("no ", StringComparison.Ordinal))
            Console.Out.WriteLine(downstream.Count == 0 ? "nothing was made from it" : $"{Words.Count(downstream.Count, "file")} downstream:");
        foreach (var file in downstream) Console.Out.WriteLine(Words.Line($"  {file.Digest.Short}  {file.Path}"));
    }

    private static void Facts(Utf8JsonWriter json, Taint taint)
    {
        json.WriteString("path", taint.Path);
        json.WriteString("digest", taint.Digest.ToString());
        json.WriteString("reason", TraceJson.Safe(taint.Reason));
        json.WriteString("at", taint.At.UtcDateTime);
    }

    /// <summary>The marks of something as a field `tainted`, where there are any.</summary>
    public static void Json(Utf8JsonWriter json, IReadOnlyList<Taint> taints)
    {
        if (taints.Count == 0) return;
        json.WriteStartArray("tainted");
        foreach (var taint in taints)
        {
            json.WriteStartObject();
            Facts(json, taint);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
