using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Varve.Documents;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;

namespace Varve.Export;

/// <summary>
/// Writes a pipeline as a Snakefile (Snakemake 7 and later): each step is a rule with the files that it was seen to read and write.
/// The rules' texts, values and files stand in a JSON file beside it.
/// </summary>
internal static class SnakefileExport
{
    private const string Steps = "steps.json";

    /// <summary>Variables every step of Varve has, which the same bytes may depend on; HOME is given by the Snakefile.</summary>
    private static readonly string[] Surrounding = ["LANG", "LOGNAME", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "SHELL", "SOURCE_DATE_EPOCH", "TERM", "TZ", "USER"];

    private const string Rules = """
        import hashlib, json, os, subprocess, tempfile
        from snakemake.exceptions import WorkflowError

        PIPELINE = json.load(open(workflow.source_path("steps.json")))

        for path, digest in PIPELINE["inputs"].items():
            found = hashlib.sha256(open(path, "rb").read()).hexdigest()
            if found != digest:
                raise WorkflowError(f"{path} has the SHA-256 {found}, and this pipeline was written for {digest}")

        def run_step(step):
            with tempfile.TemporaryDirectory() as home:
                variables = {"PATH": os.environ["PATH"], "HOME": home, **PIPELINE["variables"], **step["variables"]}
                subprocess.run(["/bin/sh", "-eu", "-c", step["text"], step["name"], *step["arguments"]], env=variables, check=True)

        rule all:
            input: PIPELINE["results"]

        for number, step in enumerate(PIPELINE["steps"]):
            rule:
                name: step["rule"]
                input: step["reads"]
                output: step["writes"]
                params: number=number
                run: run_step(PIPELINE["steps"][params.number])

        """;

    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The Snakefile and its steps.</summary>
    /// <exception cref="NotPortableException">Snakemake cannot do what a step did: two write one file, or one replaces what it or an earlier one read.</exception>
    public static IReadOnlyList<ExportedFile> Write(Pipeline pipeline, string name)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# How {pipeline.Asked.ReplaceLineEndings(" ")} is made; run it with: snakemake --cores 1 -s {name}\n");
        foreach (var caution in pipeline.Cautions) text.Append(CultureInfo.InvariantCulture, $"# {caution.ReplaceLineEndings(" ")}\n");
        text.Append(Rules);
        return [new ExportedFile(name, Encoding.UTF8.GetBytes(text.ToString())), new ExportedFile(Steps, Encoding.UTF8.GetBytes(Data(pipeline)))];
    }

    private static string Data(Pipeline pipeline)
    {
        var makers = Makers(pipeline);
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartObject();
            json.WriteStartObject("inputs");
            foreach (var file in pipeline.Inputs.SelectMany(static i => i.Files).DistinctBy(static f => f.Path)) json.WriteString(file.Path, file.Digest.Hex);
            json.WriteEndObject();
            json.WriteStartObject("variables");
            foreach (var (name, value) in pipeline.Chain.Steps[0].Key.Variables.Where(static v => Surrounding.Contains(v.Key))) json.WriteString(name, value);
            foreach (var input in pipeline.Inputs) json.WriteString(input.Name, input.Path);
            foreach (var (name, value) in pipeline.Parameters) json.WriteString(name, value);
            json.WriteEndObject();
            Texts(json, "results", [pipeline.Result]);
            json.WriteStartArray("steps");
            foreach (var block in pipeline.Blocks)
            {
                if (block.Attributes.Length > 0) throw new NotPortableException($"block {block.Name} asks for {block.Attributes}, which a Snakefile cannot give it");
                for (var i = 0; i < block.Elements.Count; i++) Step(json, pipeline, makers, block, i);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>Which step makes each file: Snakemake wants exactly one.</summary>
    private static Dictionary<string, string> Makers(Pipeline pipeline)
    {
        var makers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var block in pipeline.Blocks)
            for (var i = 0; i < block.Elements.Count; i++)
                foreach (var path in Written(pipeline, block, i))
                    if (!makers.TryAdd(path, Rule(block, i)))
                        throw new NotPortableException($"{path} is written by {makers[path]} and by {Rule(block, i)}, and in a Snakefile one rule makes a file; `--as md` and `--as sh` can");
        return makers;
    }

    private static string Rule(PipelineBlock block, int element) =>
        $"{block.Name.Replace('-', '_').Replace('.', '_')}{(block.IsMap ? "_" + (element + 1).ToString(CultureInfo.InvariantCulture) : "")}";

    private static List<string> Written(Pipeline pipeline, PipelineBlock block, int element) =>
        [.. block.Elements[element].SelectMany(s => StepGraph.Written(s.Trace)).Where(c => c.Kind == ChangeKind.File && pipeline.Root.Holds(c.Path)).Select(c => pipeline.Root.Name(c.Path)).Distinct()];

    private static void Step(Utf8JsonWriter json, Pipeline pipeline, Dictionary<string, string> makers, PipelineBlock block, int element)
    {
        var rule = Rule(block, element);
        var inputs = pipeline.Inputs.SelectMany(static i => i.Files).Select(static f => f.Path).ToHashSet(StringComparer.Ordinal);
        var reads = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var item in block.Elements[element].SelectMany(static s => s.Trace.Observations))
        {
            if (item.Kind is not (ObservationKind.Content or ObservationKind.Status or ObservationKind.Exists) || !pipeline.Root.Holds(item.Path)) continue;
            var path = pipeline.Root.Name(item.Path);
            if (inputs.Contains(path) || (makers.TryGetValue(path, out var maker) && maker != rule)) reads.Add(path);
        }
        var writes = Written(pipeline, block, element);
        if (writes.Find(inputs.Contains) is { } replaced) throw new NotPortableException($"{rule} replaces {replaced}, which the pipeline starts from, and a rule of a Snakefile cannot");
        json.WriteStartObject();
        json.WriteString("rule", rule);
        json.WriteString("name", block.Name);
        Texts(json, "reads", reads);
        Texts(json, "writes", writes);
        json.WriteStartObject("variables");
        for (var i = 0; i < block.Columns.Count; i++) json.WriteString(block.Columns[i], block.Rows[element][i]);
        json.WriteEndObject();
        Texts(json, "arguments", block.Joins.SelectMany(j => Joined(pipeline, pipeline.Blocks.First(b => b.Name == j))));
        json.WriteString("text", Template.Fill(block.Text, Values(pipeline, block, element), name => new DocumentException($"block {block.Name}: %{{{name}}} stands for nothing")));
        json.WriteEndObject();
    }

    /// <summary>What the placeholders of a block's text stand for.</summary>
    private static Dictionary<string, string> Values(Pipeline pipeline, PipelineBlock block, int element)
    {
        var values = pipeline.Inputs.Select(static i => KeyValuePair.Create(i.Name, i.Path)).Concat(pipeline.Parameters).ToDictionary(StringComparer.Ordinal);
        for (var i = 0; i < block.Columns.Count; i++) values[block.Columns[i]] = block.Rows[element][i];
        return values;
    }

    private static IEnumerable<string> Joined(Pipeline pipeline, PipelineBlock block) =>
        Enumerable.Range(0, block.Elements.Count).SelectMany(i => Written(pipeline, block, i).Order(StringComparer.Ordinal));

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(PathText.HasEscapes(text) ? throw new NotPortableException($"{text} has bytes in its name that are not UTF-8, which a Snakefile cannot hold") : text);
        json.WriteEndArray();
    }
}
