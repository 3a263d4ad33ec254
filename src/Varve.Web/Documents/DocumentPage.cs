using Varve.Documents;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Web.Http;
using Varve.Web.Pages;

namespace Varve.Web.Documents;

/// <summary>A document as a page: its prose, its blocks with their state, and their results in place.</summary>
internal static class DocumentPage
{
    private const int MostResults = 12, MostShown = 3, MostText = 8192;

    public static Response Show(Visit visit, string relative)
    {
        var site = visit.Site;
        var path = site.Absolute(relative);
        if (DocumentList.Text(site, relative) is not { } text) throw new NotFoundException($"There is no document {relative} in the workspace.", "A document is a Markdown file of at most 4 MB; the overview lists them.");
        var body = new Html();
        Document? document = null;
        try
        {
            document = Document.Parse(path, text);
        }
        catch (DocumentException e)
        {
            body.Write($"<p class=\"note\">It cannot be run as it is: {e.Message}</p>");
        }
        var blocks = (document?.Blocks ?? []).ToDictionary(static b => b.Line);
        var states = document is null ? [] : DocumentEvents.States(site, visit.Lineage, path, [.. document.Blocks.Select(static b => b.Name)]).ToDictionary(static s => s.Block, static s => s.State, StringComparer.Ordinal);
        if (document is not null && site.Forecasts.Get(site, path, TimeSpan.Zero) is { Problem.Length: > 0 } forecast) body.Write($"<p class=\"note\">{forecast.Problem}</p>");
        var (yaml, _) = MarkdownBlocks.SplitFrontMatter(text);
        if (yaml.Length > 0) body.Write($"<details class=\"front\"><summary>Inputs and parameters</summary><pre class=\"text\">{yaml}</pre></details>");
        var skipped = yaml.Length > 0 ? yaml.Split('\n').Length + 2 : 0;
        // Blank lines keep the line numbers.
        var rest = skipped == 0 ? text : new string('\n', skipped) + string.Join('\n', text.Split('\n')[skipped..]);
        try
        {
            foreach (var (html, fences) in new Prose(Files.Parent(relative)).Parts(rest))
            {
                var here = fences.Select(f => blocks.GetValueOrDefault(f.Line + 1)).OfType<Block>().ToList();
                if (here.Count == 0)
                {
                    body.Write(html);
                    continue;
                }
                if (here.Count > 1 || fences.Count > 1) body.Write(html);
                foreach (var block in here) Step(visit, path, block, states[block.Name], body);
            }
        }
        catch (ArgumentException e)
        {
            body.Write($"<p class=\"note\">It cannot be shown as a page: {e.Message}</p><pre class=\"text\">{Words.Short(text, MostText)}</pre>");
        }
        var page = Markup.Of($"<nav class=\"trail\" aria-label=\"Folders\"><a href=\"/\">Documents</a> / <a href=\"/files/{Address.OfPath(relative)}\">{relative}</a></nav><article class=\"document\" data-events=\"/events/{Address.OfPath(relative)}\">{body.ToMarkup()}</article>");
        return Frame.Page(site, Path.GetFileName(relative), page);
    }

    private static void Step(Visit visit, string path, Block block, Markup state, Html body)
    {
        var about = new List<string>();
        foreach (var map in block.Maps) about.Add(map.Variable.Length > 0 ? $"for each {map.Variable} of {map.Pattern}" : $"for each row of {map.Pattern}");
        if (block.Joins.Count > 0) about.Add($"gathers {string.Join(", ", block.Joins)}");
        if (block.Environment != "host") about.Add($"in {block.Environment}");
        if (block.Network != StepNetwork.None) about.Add(block.Network == StepNetwork.Open ? "with the network" : "with a recorded network");
        if (block.Strict) about.Add("strict");
        body.Write($"<section class=\"step\" aria-label=\"Block {block.Name}\"><header><h3 id=\"{block.Name}\">{block.Name}</h3> <span class=\"soft\">{string.Join(", ", about)}</span>{Marks.OfBlock(visit, path, block.Name)}</header><pre class=\"text code\" tabindex=\"0\">{block.Text}</pre>");
        body.Write($"<div class=\"live\" id=\"{DocumentEvents.Identity(block.Name)}\" aria-live=\"polite\">{state}</div>");
        Results(visit, path, block.Name, body);
        body.Write($"</section>");
    }

    private static void Results(Visit visit, string path, string block, Html body)
    {
        var site = visit.Site;
        var outputs = BlockRecords.Outputs(visit.Lineage, path, block, MostResults + 1).Where(site.IsInside).ToList();
        if (outputs.Count == 0) return;
        if (outputs.Count <= MostShown)
        {
            foreach (var output in outputs)
            {
                var local = site.Local(output);
                if (Beneath.Open(site.Workspace, local) is not { } opened) continue;
                using var handle = opened.Handle;
                if (opened.Stamp.Kind != FileKind.File) continue;
                body.Write($"<div class=\"result\"><p><a href=\"/files/{Address.OfPath(local)}\">{local}</a> <span class=\"soft\">{Words.Size(opened.Stamp.Size)}</span></p>{FileContent.Of(site, local, "", handle, opened.Stamp.Size, whole: false)}</div>");
            }
            return;
        }
        body.Write($"<ul class=\"plain chips\">");
        foreach (var output in outputs.Take(MostResults)) body.Write($"<li><a href=\"{site.Link(output)}\">{site.Local(output)}</a></li>");
        if (outputs.Count > MostResults) body.Write($"<li><a href=\"/files/{Address.OfPath(site.Local(Files.Parent(outputs[0])))}\">more</a></li>");
        body.Write($"</ul>");
    }
}
