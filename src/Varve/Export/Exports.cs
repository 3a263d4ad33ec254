using System.Text;
using Varve.Documents;
using Varve.Lineage;
using Varve.Steps;
using Varve.Store;

namespace Varve.Export;

/// <summary>Makes exports of a file: finds how it came to be, and writes that down in the form asked for.</summary>
internal sealed class Exports(LineageDatabase lineage, BlobStore store, Settings settings, SnapshotInputs inputs)
{
    /// <summary>The forms there are, and the file name of each in a folder.</summary>
    public static IReadOnlyDictionary<string, string> Forms { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["md"] = "pipeline.md",
        ["sh"] = "pipeline.sh",
        ["dot"] = "lineage.dot",
        ["svg"] = "lineage.svg",
        ["snakemake"] = "Snakefile",
        ["prov"] = "lineage.provjson",
        ["prov-n"] = "lineage.provn",
        ["ro-crate"] = "ro-crate-metadata.json",
    };

    /// <summary>What an export of a file is made from.</summary>
    /// <exception cref="NoChainException">Nobody made the file, as far as is known.</exception>
    public ExportSource Source(string path)
    {
        var chain = inputs.WithDigests(new Sidecars(lineage).ChainOf(path));
        return new ExportSource
        {
            Chain = chain,
            Content = digest => store.Has(digest) ? store.ReadAll(digest) : null,
            Open = digest => store.Has(digest) ? store.Open(digest) : null,
            Environments = [.. settings.Environments.Select(e => (e.Key, e.Value, settings.Identity(e.Key)))],
            Taints = new Taints(lineage).OfChain(chain),
            Labels = new Labels(lineage).Of(chain.Digest),
            Elements = Elements,
        };
    }

    /// <summary>The files of an export.</summary>
    /// <param name="source">See <see cref="Source"/>.</param>
    /// <param name="form">One of <see cref="Forms"/>.</param>
    /// <param name="name">The main file's name.</param>
    /// <param name="standsAlone">Whether it has to be one file.</param>
    /// <exception cref="NotPortableException">Something cannot be carried over; the message names it.</exception>
    public IReadOnlyList<ExportedFile> Write(ExportSource source, string form, string name, bool standsAlone) => form switch
    {
        "md" => DocumentExport.Write(PipelineBuilder.Of(source), name, tablesInside: standsAlone),
        "sh" => [new ExportedFile(name, Encoding.UTF8.GetBytes(new HowScript(store).Write(source.Chain)))],
        "snakemake" => SnakefileExport.Write(PipelineBuilder.Of(source), name),
        "ro-crate" => CrateExport.Write(source),
        "prov" => [new ExportedFile(name, ProvJson.Write(new ProvDocument(source.Chain)))],
        "prov-n" => [new ExportedFile(name, Encoding.UTF8.GetBytes(ProvNotation.Write(new ProvDocument(source.Chain))))],
        "dot" => [new ExportedFile(name, Encoding.UTF8.GetBytes(HowGraph.Write(source.Chain)))],
        _ => [new ExportedFile(name, Encoding.UTF8.GetBytes(Picture(source)))],
    };

    private static string Picture(ExportSource source)
    {
        using var text = new StringWriter();
        GraphPicture.Write(text, GraphFolding.Of(source.Chain));
        return text.ToString();
    }

    /// <summary>The elements of a document's block in the document's order, if the document is still there and says the same.</summary>
    private static IReadOnlyList<string> Elements(Origin origin)
    {
        try
        {
            var document = Document.Load(origin.Document);
            var block = document.Blocks.FirstOrDefault(b => b.Name == origin.Block);
            return block is null || document.IsShark ? [] : [.. new Expansion(document, document.FrontMatter).Expand(block, static _ => []).Select(static e => e.Id)];
        }
        catch (DocumentException)
        {
            // Without the document the order of running will do.
            return [];
        }
    }
}
