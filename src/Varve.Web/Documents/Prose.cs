using Markdig;
using Markdig.Renderers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Varve.Web.Http;

namespace Varve.Web.Documents;

/// <summary>Renders the prose of a document. Raw HTML in it is shown as text; links lead to the web, or to files of the workspace.</summary>
internal sealed class Prose(string folder)
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().Build();

    /// <summary>The top-level parts of a text, each with the line it begins at and the fences in it.</summary>
    /// <exception cref="ArgumentException">It is nested too deeply to be read.</exception>
    public IEnumerable<(Markup Html, IReadOnlyList<FencedCodeBlock> Fences)> Parts(string text)
    {
        var document = Markdown.Parse(text, Pipeline);
        foreach (var link in document.Descendants<LinkInline>()) Tame(link);
        foreach (var link in document.Descendants<AutolinkInline>())
            if (!link.IsEmail && !IsWeb(link.Url)) link.Url = "";
        foreach (var block in document)
        {
            if (block is LinkReferenceDefinitionGroup) continue;
            using var writer = new StringWriter();
            var renderer = new HtmlRenderer(writer);
            Pipeline.Setup(renderer);
            renderer.Render(block);
            IReadOnlyList<FencedCodeBlock> fences = block is FencedCodeBlock own ? [own] : block is ContainerBlock container ? [.. container.Descendants<FencedCodeBlock>()] : [];
            yield return (new Markup(writer.ToString()), fences);
        }
    }

    private static bool IsWeb(string? url) => url is not null && (url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase));

    private void Tame(LinkInline link)
    {
        var url = link.GetDynamicUrl?.Invoke() ?? link.Url ?? "";
        link.GetDynamicUrl = null;
        if (link.IsImage ? !url.Contains(':') : !IsWeb(url) && !url.StartsWith('#')) link.Url = Local(url, link.IsImage ? "/raw/" : "/files/");
        // Nothing is loaded from elsewhere: a picture on the web becomes a link to it.
        else if (link.IsImage) (link.IsImage, link.Url) = (false, IsWeb(url) ? url : "");
    }

    /// <summary>A path beside the document as an address; empty when it leads nowhere in the workspace.</summary>
    private string Local(string url, string at)
    {
        var path = Uri.UnescapeDataString(url.Split('#', '?')[0]);
        if (path.Contains(':') || path.StartsWith('/')) return "";
        var names = new List<string>(folder.Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name == ".") continue;
            if (name != "..") names.Add(name);
            else if (names.Count == 0) return "";
            else names.RemoveAt(names.Count - 1);
        }
        return at + Address.OfPath(string.Join('/', names));
    }
}
