using Varve.Lineage;
using Varve.Web.Documents;
using Varve.Web.Http;

namespace Varve.Web.Pages;

/// <summary>The overview: the workspace's documents, what ran last, what reuse saved.</summary>
internal static class StartPage
{
    private const int Latest = 12;

    public static Response Show(Visit visit)
    {
        var site = visit.Site;
        var search = new HistorySearch(visit.Lineage);
        var filter = new HistoryFilter { Folder = site.Workspace };
        var totals = search.Totals(filter);
        var body = new Html();
        body.Write($"<h1>{Path.GetFileName(site.Workspace)}</h1>");
        body.Write($"""
            <ul class="figures"><li><b>{totals.Executions}</b> executions</li><li><b>{Words.Time(totals.Spent)}</b> of running</li>
            <li class="good"><b>{Words.Time(totals.Saved)}</b> saved by {totals.Uses} reuses</li></ul>
            """);
        body.Write($"<h2>Documents</h2>");
        var documents = DocumentList.Of(visit);
        if (documents.Count == 0) body.Write($"<p class=\"soft\">No document here yet. A document is Markdown whose fenced blocks are the steps; <code>varve run FILE.md</code> runs it.</p>");
        body.Write($"<ul class=\"cards\">");
        foreach (var document in documents)
            body.Write($"<li><a href=\"/document/{Address.OfPath(site.Local(document.Path))}\"><b>{document.Title}</b><span>{site.Local(document.Path)} · {Words.Count(document.Blocks, "block")}{(document.LastRun is { } at ? $" · last run {Words.When(at)}" : " · never run")}</span></a></li>");
        body.Write($"</ul><h2>Latest</h2>");
        var entries = search.Find(filter, Latest);
        body.Write(entries.Count == 0 ? Markup.Of($"<p class=\"soft\">Nothing ran here yet.</p>") : HistoryPage.Table(visit, entries));
        if (entries.Count == Latest) body.Write($"<p><a href=\"/history\">All of the history</a></p>");
        return Frame.Page(site, "Overview", body.ToMarkup(), "/");
    }
}
