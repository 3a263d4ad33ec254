using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Varve.Documents;
using Varve.Lineage;

namespace Varve.Export;

/// <summary>Writes a pipeline as a document in Varve's own syntax (<c>docs/documents.md</c>), with a table beside it for each map.</summary>
internal static partial class DocumentExport
{
    private const int MostMilliseconds = 10_000;

    [GeneratedRegex(@"^[A-Za-z0-9./_][A-Za-z0-9./_%+=@:-]*$", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex PlainScalar();

    /// <summary>The document and its tables.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="name">The document's file name.</param>
    /// <param name="tablesInside">Whether the tables are written by blocks of the document itself, for one that stands alone.</param>
    /// <exception cref="NotPortableException">A text cannot stand in Markdown as it is.</exception>
    public static IReadOnlyList<ExportedFile> Write(Pipeline pipeline, string name, bool tablesInside)
    {
        var tables = Tables(pipeline);
        var text = new StringBuilder();
        FrontMatter(text, pipeline);
        text.Append(CultureInfo.InvariantCulture, $"# How {Prose(pipeline.Asked)} is made\n\n");
        var count = pipeline.Blocks.Sum(static b => b.Elements.Count);
        text.Append(CultureInfo.InvariantCulture, $"{(count == 1 ? "One step makes" : $"{count} steps make")} `{Code(pipeline.Result)}`, `{pipeline.Chain.Digest}`.\n");
        foreach (var caution in pipeline.Cautions) text.Append(CultureInfo.InvariantCulture, $"\n> {Prose(caution)}\n");
        foreach (var block in pipeline.Blocks)
        {
            if (block.IsMap && tablesInside) Fence(text, $"name={block.Name}-rows", $"cat > {ShellText.Quote(tables[block.Name])} <<'{End(Table(block))}'\n{Table(block)}{End(Table(block))}");
            Fence(text, Attributes(block, tables), block.Text);
        }
        if (CopyBlock(pipeline) is { } copy) Fence(text, "name=copy", copy);
        var document = text.ToString();
        Check(document, pipeline);
        List<ExportedFile> files = [new ExportedFile(name, Encoding.UTF8.GetBytes(document))];
        if (!tablesInside)
            foreach (var block in pipeline.Blocks.Where(static b => b.IsMap)) files.Add(new ExportedFile(tables[block.Name], Encoding.UTF8.GetBytes(Table(block))));
        return files;
    }

    /// <summary>A table's name for each map: the block's, in a folder of its own where some step looks at what lies beside the document.</summary>
    private static Dictionary<string, string> Tables(Pipeline pipeline)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var listed = false;
        foreach (var trace in pipeline.Chain.Steps)
        {
            foreach (var item in trace.Observations)
            {
                if (item.Kind == Sandbox.ObservationKind.Listing) listed |= item.Path == pipeline.Root.Folder;
                else if (pipeline.Root.Holds(item.Path)) known.Add(pipeline.Root.Name(item.Path));
            }
            known.UnionWith(trace.Changes.Select(c => pipeline.Root.Name(c.Path)));
        }
        return pipeline.Blocks.Where(static b => b.IsMap).ToDictionary(static b => b.Name, b =>
        {
            var name = $"{b.Name}.csv";
            return listed || known.Contains(name) ? $"tables/{name}" : name;
        }, StringComparer.Ordinal);
    }

    private static void FrontMatter(StringBuilder text, Pipeline pipeline)
    {
        text.Append(CultureInfo.InvariantCulture, $"---\ntitle: {Scalar($"How {pipeline.Asked} is made")}\n");
        if (pipeline.Inputs.Count > 0) text.Append("inputs:\n");
        foreach (var input in pipeline.Inputs)
        {
            if (!input.IsFolder)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {input.Name}: {{path: {Scalar(input.Path)}, digest: {input.Files[0].Digest}}}\n");
                continue;
            }
            text.Append(CultureInfo.InvariantCulture, $"  {input.Name}:\n    path: {Scalar(input.Path)}\n    files:\n");
            foreach (var file in input.Files) text.Append(CultureInfo.InvariantCulture, $"      {Scalar(input.Path == "." ? file.Path : file.Path[(input.Path.TrimEnd('/').Length + 1)..])}: {file.Digest}\n");
        }
        if (pipeline.Parameters.Count > 0) text.Append("parameters:\n");
        foreach (var (name, value) in pipeline.Parameters) text.Append(CultureInfo.InvariantCulture, $"  {name}: {Scalar(value)}\n");
        if (pipeline.Environments.Count > 0) text.Append("environments:\n");
        foreach (var (name, root) in pipeline.Environments) text.Append(CultureInfo.InvariantCulture, $"  {name}: {{root: {Scalar(root)}}}\n");
        if (pipeline.PublishFolder.Length > 0) text.Append(CultureInfo.InvariantCulture, $"publish:\n  folder: {Scalar(pipeline.PublishFolder)}\n  files: [{Scalar(pipeline.Result)}]\n");
        text.Append("---\n\n");
    }

    /// <summary>A YAML scalar: plain where it can be, else with JSON's escapes, which YAML reads too.</summary>
    private static string Scalar(string value) => PlainScalar().IsMatch(value) && !value.EndsWith(':') && value is not ("---" or "...")
        ? value : $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static string Attributes(PipelineBlock block, Dictionary<string, string> tables)
    {
        var attributes = new List<string> { $"name={block.Name}" };
        if (block.IsMap) attributes.Add($"map={tables[block.Name]}");
        attributes.AddRange(block.Joins.Select(static j => $"join={j}"));
        if (block.Attributes.Length > 0) attributes.Add(block.Attributes);
        return string.Join(' ', attributes);
    }

    private static void Fence(StringBuilder text, string attributes, string content)
    {
        // A fence is longer than any that stands inside it.
        var ticks = 3;
        while (content.Contains(new string('`', ticks), StringComparison.Ordinal)) ticks++;
        var fence = new string('`', ticks);
        text.Append(CultureInfo.InvariantCulture, $"\n{fence}sh {attributes}\n{content}\n{fence}\n");
    }

    /// <summary>A block that gives the result the name that was asked for, where publishing cannot.</summary>
    private static string? CopyBlock(Pipeline pipeline)
    {
        if (pipeline.Chain.CopyAs.Length == 0 || pipeline.PublishFolder.Length > 0 || !pipeline.Root.Holds(pipeline.Chain.CopyAs)) return null;
        var folder = Linux.Files.Parent(pipeline.Chain.CopyAs);
        var make = folder == pipeline.Root.Folder ? "" : $"mkdir -p {ShellText.Quote(pipeline.Root.Name(folder))}\n";
        return $"{make}cp {ShellText.Join([pipeline.Result, pipeline.Asked])}";
    }

    /// <summary>The table of a map (RFC 4180).</summary>
    public static string Table(PipelineBlock block)
    {
        var text = new StringBuilder();
        text.AppendJoin(',', block.Columns).Append('\n');
        foreach (var row in block.Rows) text.AppendJoin(',', row.Select(Field)).Append('\n');
        return text.ToString();
    }

    private static string Field(string value) =>
        value.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;

    private static string End(string content)
    {
        var end = "END";
        while (content.Split('\n').Contains(end)) end += "_";
        return end;
    }

    private static string Code(string text) => text.Replace('`', '\'').ReplaceLineEndings(" ");

    /// <summary>Text for a line of Markdown in which nothing is markup.</summary>
    private static string Prose(string text)
    {
        var line = new StringBuilder();
        foreach (var c in text.ReplaceLineEndings(" ")) line.Append(c is '*' or '`' or '<' or '[' or ']' or '\\' or '#' ? "\\" : "").Append(c);
        return line.ToString();
    }

    /// <summary>Reads the document back: each block must come out as it went in.</summary>
    private static void Check(string document, Pipeline pipeline)
    {
        var read = Document.Parse($"{pipeline.Root.Folder}/export.md", document);
        var byName = read.Blocks.ToDictionary(static b => b.Name, StringComparer.Ordinal);
        foreach (var block in pipeline.Blocks)
            if (!byName.TryGetValue(block.Name, out var found) || found.Text != block.Text)
                throw new NotPortableException($"the command of step {block.Elements[0][0].Trace.Step.Short} holds characters that a Markdown document cannot");
    }
}
