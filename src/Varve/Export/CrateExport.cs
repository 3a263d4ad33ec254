using System.Globalization;
using Varve.Lineage;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Export;

/// <summary>
/// Writes a pipeline and its executions as a Workflow Run RO-Crate, profile Provenance Run Crate 0.5: the document is the
/// workflow, each block a step with the tool that it runs, each execution an action. The crate holds the document, its tables and the
/// result; other files are named by their SHA-256.
/// </summary>
internal sealed class CrateExport
{
    private const string Metadata = "ro-crate-metadata.json", Root = "./", Engine = "#varve", Language = "#varve-markdown", Shell = "#sh", Run = "#run", Result = "#result";
    private const long LargestCarried = 64L << 20;
    private static readonly string[] Profiles =
    [
        "https://w3id.org/ro/wfrun/process/0.5", "https://w3id.org/ro/wfrun/workflow/0.5", "https://w3id.org/ro/wfrun/provenance/0.5", "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    ];
    private static readonly string[] ProfileNames = ["Process Run Crate", "Workflow Run Crate", "Provenance Run Crate", "Workflow RO-Crate"];

    private readonly ExportSource source;
    private readonly Pipeline pipeline;
    private readonly CrateGraph graph = new();
    private readonly List<ExportedFile> carried;
    private readonly string document;
    private readonly bool carriesResult;

    private CrateExport(ExportSource source)
    {
        this.source = source;
        pipeline = PipelineBuilder.Of(source);
        carried = [.. DocumentExport.Write(pipeline, "pipeline.md", tablesInside: false)];
        document = carried[0].Name;
        using var file = source.Open(source.Chain.Digest);
        carriesResult = file is not null && RandomAccess.GetLength(file) <= LargestCarried && !carried.Exists(c => c.Name == pipeline.Result);
    }

    /// <summary>The crate's files, its metadata first.</summary>
    public static IReadOnlyList<ExportedFile> Write(ExportSource source) => new CrateExport(source).All();

    private List<ExportedFile> All()
    {
        Describe();
        Tools();
        Parameters();
        Actions();
        if (carriesResult && source.Content(source.Chain.Digest) is { } bytes) carried.Add(new ExportedFile(pipeline.Result, bytes));
        carried.Insert(0, new ExportedFile(Metadata, graph.Write("https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context")));
        return carried;
    }

    private void Describe()
    {
        graph.Of(Metadata, "CreativeWork").To("conformsTo", ["https://w3id.org/ro/crate/1.1", Profiles[^1]]).To("about", Root);
        graph.Of(Root, "Dataset")
            .With("name", LineageDatabase.Printable($"How {pipeline.Asked} was made"))
            .With("description", LineageDatabase.Printable($"{source.Chain.Steps.Count} steps that made {pipeline.Asked} ({source.Chain.Digest}), as Varve recorded them."))
            .With("datePublished", ProvDocument.Time(source.Chain.Steps.Max(static s => s.StartedAt + s.Elapsed)))
            .With("license", "Not stated: the licence of these files is for their authors to give.")
            .To("conformsTo", Profiles).To("mainEntity", document).To("hasPart", carried.Select(static c => c.Name)).To("mentions", Run);
        for (var i = 0; i < Profiles.Length; i++) graph.Of(Profiles[i], "CreativeWork").With("name", ProfileNames[i]).With("version", Profiles[i][(Profiles[i].LastIndexOf('/') + 1)..]);
        graph.Of(Engine, "SoftwareApplication").With("name", "Varve").With("description", "Runs steps in a sandbox that observes what they read and write.");
        graph.Of(Language, "ComputerLanguage").With("name", "Varve document").With("description", "Markdown whose fenced blocks are the steps.");
        graph.Of(Shell, "ComputerLanguage").With("name", "POSIX shell");
        graph.Of(document, "File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo").With("name", LineageDatabase.Printable($"How {pipeline.Asked} is made")).With("encodingFormat", "text/markdown")
            .With("sha256", Digest.Of(carried[0].Bytes).Hex).To("programmingLanguage", Language);
        foreach (var table in carried.Skip(1)) graph.Of(table.Name, "File").With("name", table.Name).With("encodingFormat", "text/csv").With("sha256", Digest.Of(table.Bytes).Hex);
    }

    private static string Tool(PipelineBlock block) => $"#tool-{block.Name}";

    private string Step(PipelineBlock block) => $"{document}#{block.Name}";

    private void Tools()
    {
        var workflow = graph.Of(document);
        foreach (var (at, block) in pipeline.Blocks.Index())
        {
            graph.Of(Tool(block), "SoftwareSourceCode").With("name", block.Name).With("text", LineageDatabase.Printable(block.Text)).To("programmingLanguage", Shell);
            graph.Of(Step(block), "HowToStep").With("name", block.Name).With("position", (at + 1).ToString(CultureInfo.InvariantCulture)).To("workExample", Tool(block));
            workflow.To("hasPart", Tool(block)).To("step", Step(block));
        }
    }

    private void Parameters()
    {
        var workflow = graph.Of(document);
        var run = graph.Of(Run, "CreateAction");
        void Parameter(string name, string type, CrateGraph.Entity example)
        {
            var id = $"#param-{name}";
            graph.Of(id, "FormalParameter").With("name", name).With("additionalType", type).To("workExample", example.Id);
            example.To("exampleOfWork", id);
            workflow.To("input", id);
            run.To("object", example.Id);
        }
        foreach (var input in pipeline.Inputs)
        {
            var files = input.Files.Select(f => Id($"{pipeline.Root.Folder}/{f.Path}", f.Digest, -1)).ToList();
            if (!input.IsFolder)
            {
                Parameter(input.Name, "File", graph.Of(files[0]));
                continue;
            }
            var collection = graph.Of($"#files-{input.Name}", "Collection").With("name", LineageDatabase.Printable(input.Path)).To("hasPart", files);
            graph.Of(Root).To("mentions", collection.Id);
            Parameter(input.Name, "Collection", collection);
        }
        foreach (var (name, value) in pipeline.Parameters)
            Parameter(name, "Text", graph.Of($"#value-{name}", "PropertyValue").With("name", name).With("value", LineageDatabase.Printable(value)));
        var result = graph.Of(Id(source.Chain.Path, source.Chain.Digest, -1));
        graph.Of(Result, "FormalParameter").With("name", "result").With("additionalType", "File").To("workExample", result.Id);
        result.To("exampleOfWork", Result);
        workflow.To("output", Result);
    }

    private void Actions()
    {
        var all = source.Chain.Steps;
        graph.Of(Run).With("name", LineageDatabase.Printable($"What made {pipeline.Asked}")).To("instrument", document).To("result", Id(source.Chain.Path, source.Chain.Digest, -1))
            .With("startTime", ProvDocument.Time(all.Min(static s => s.StartedAt))).With("endTime", ProvDocument.Time(all.Max(static s => s.StartedAt + s.Elapsed)))
            .To("actionStatus", "http://schema.org/CompletedActionStatus");
        var organised = graph.Of("#organise", "OrganizeAction").With("name", "Varve's part").To("instrument", Engine).To("result", Run);
        foreach (var block in pipeline.Blocks)
        {
            var control = graph.Of($"#control-{block.Name}", "ControlAction").With("name", block.Name).To("instrument", Step(block));
            organised.To("object", control.Id);
            foreach (var step in block.Elements.SelectMany(static e => e)) control.To("object", Action(step.Trace, block));
        }
    }

    private string Action(Trace trace, PipelineBlock block)
    {
        var action = graph.Of($"#x{trace.Execution}", "CreateAction").With("name", LineageDatabase.Printable(trace.Origin is { Element.Length: > 0 } origin ? $"{block.Name} {origin.Element}" : block.Name))
            .With("description", LineageDatabase.Printable(ShellText.Readable(trace))).To("instrument", Tool(block))
            .With("startTime", ProvDocument.Time(trace.StartedAt)).With("endTime", ProvDocument.Time(trace.StartedAt + trace.Elapsed)).To("actionStatus", "http://schema.org/CompletedActionStatus");
        var read = trace.Observations.Where(o => o.Kind == ObservationKind.Content && View.IsWithin(o.Path, trace.Key.Workspace));
        action.To("object", read.Select(o => Id(o.Path, o.Digest, -1)));
        action.To("result", StepGraph.Written(trace).Where(static c => c.Kind == ChangeKind.File).Select(c => Id(c.Path, c.Digest, c.Bytes)));
        return action.Id;
    }

    /// <summary>The entity of a content at a path: the result by its name in the crate, others by their digest.</summary>
    private string Id(string path, Digest digest, long bytes)
    {
        var isResult = carriesResult && path == source.Chain.Path && digest == source.Chain.Digest;
        var name = pipeline.Root.Holds(path) ? pipeline.Root.Name(path) : path;
        var file = graph.Of(isResult ? Uri.EscapeDataString(name).Replace("%2F", "/", StringComparison.Ordinal) : $"urn:varve:sha256:{digest.Hex}?path={Uri.EscapeDataString(LineageDatabase.Printable(name))}", "File");
        file.With("name", LineageDatabase.Printable(name)).With("sha256", digest.Hex);
        // Every file that is spoken of is a part of the root, also one that is not carried (RO-Crate 1.1, Data entities).
        graph.Of(Root).To("hasPart", file.Id);
        if (bytes >= 0) file.With("contentSize", bytes.ToString(CultureInfo.InvariantCulture));
        return file.Id;
    }
}
