using System.CommandLine;
using Varve.Export;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve how</c>: the chain of commands that made a file.</summary>
internal static class HowCommand
{
    public static Command Make()
    {
        var path = new Argument<string>("path") { Description = "A file that a step made", HelpName = "PATH" };
        var form = new Option<string>("--as") { Description = "text, sh, md, dot, svg or json", HelpName = "FORM", DefaultValueFactory = static _ => "text" };
        form.AcceptOnlyFromAmong("text", "sh", "md", "dot", "svg", "json");
        var repository = new Option<string>("--repository") { Description = "Of a file that no step made, ask the snapshots of this repository instead of those of its dataset", HelpName = "REPOSITORY" };
        var command = new Command("how", "The commands that made a file, the fewest that do, and the inputs they start from; of a file older than Varve, between which snapshots it came to be") { path, form, repository };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetRequiredValue(path), parsed.GetRequiredValue(form), parsed.GetValue(repository)));
        return command;
    }

    private static int Run(CommonOptions common, string path, string form, string? repository)
    {
        using var rooms = Rooms.Open(new Settings());
        Chain chain;
        try
        {
            chain = new Sidecars(rooms.Lineage).ChainOf(CommonOptions.Absolute(path));
        }
        catch (NoChainException)
        {
            if (form is "text" or "json" && File.Exists(CommonOptions.Absolute(path)) && HowSnapshots.Tell(common, CommonOptions.Absolute(path), repository, form == "json")) return 0;
            throw;
        }
        var marks = new Taints(rooms.Lineage).OfChain(chain);
        // On standard error, so that a script or a picture stays one.
        if (!common.Json && form != "json") foreach (var mark in marks) Console.Error.WriteLine(Words.Line($"varve: TAINTED: made from {mark}"));
        var inputs = new SnapshotInputs(rooms.Digests, Say(common));
        switch (common.Json ? "json" : form)
        {
            case "sh":
                Console.Out.Write(new HowScript(rooms.Store).Write(inputs.WithDigests(chain)));
                break;
            case "md":
                Console.Out.Write(HowDocument.Write(inputs.WithDigests(chain)));
                break;
            case "dot":
                Console.Out.Write(HowGraph.Write(chain));
                break;
            case "svg":
                GraphPicture.Write(Console.Out, GraphFolding.Of(chain), isMarked: new Taints(rooms.Lineage).Marks);
                break;
            case "json":
                WriteJson(chain, marks);
                break;
            default:
                HowText.Write(Console.Out, chain);
                break;
        }
        return 0;
    }

    /// <summary>Digesting files of a snapshot may take long.</summary>
    public static Action<string> Say(CommonOptions common) => line =>
    {
        if (!common.Quiet) Console.Error.WriteLine(Words.Line($"varve: {line}"));
    };

    private static void WriteJson(Chain chain, IReadOnlyList<Taint> marks)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("path", TraceJson.Safe(chain.Path));
            json.WriteString("digest", chain.Digest.ToString());
            if (chain.CopyAs.Length > 0) json.WriteString("copyAs", TraceJson.Safe(chain.CopyAs));
            TaintCommand.Json(json, marks);
            json.WriteStartArray("inputs");
            foreach (var input in chain.Inputs)
            {
                json.WriteStartObject();
                json.WriteString("path", TraceJson.Safe(input.Path));
                if (input.Snapshot.Length > 0) json.WriteString("snapshot", input.Snapshot);
                else json.WriteString("digest", input.Digest.ToString());
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("steps");
            foreach (var step in chain.Steps)
            {
                json.WriteStartObject();
                TraceJson.Body(json, step, reused: false, outcome: null);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }
}
