using System.Globalization;
using Varve.Lineage;
using Varve.Web.Http;

namespace Varve.Web.Pages;

/// <summary>What ran, newest first, with filters and what it cost and saved.</summary>
internal static class HistoryPage
{
    private const int OnePage = 100, MostColumns = 110;

    public static Response Show(Visit visit, Request request)
    {
        var site = visit.Site;
        var filter = new HistoryFilter
        {
            Folder = request.Get("everywhere") == "1" ? "" : site.Workspace,
            Text = request.Get("q"),
            State = request.Get("state"),
            From = Day(request.Get("from")),
            To = Day(request.Get("to"))?.AddDays(1),
            Before = long.TryParse(request.Get("before"), CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue,
        };
        var search = new HistorySearch(visit.Lineage);
        var entries = search.Find(filter, OnePage);
        var totals = search.Totals(filter);
        var body = new Html();
        body.Write($"<h1>History</h1>");
        body.Write($"""
            <form class="filters" method="get" action="/history"><label>Contains <input type="search" name="q" value="{filter.Text}" placeholder="command, block or document"></label>
            <label>Which <select name="state">{Option("", "all", filter.State)}{Option("failed", "failed", filter.State)}{Option("reused", "reused since", filter.State)}{Option("once", "cannot be reused", filter.State)}</select></label>
            <label>From <input type="date" name="from" value="{request.Get("from")}"></label><label>To <input type="date" name="to" value="{request.Get("to")}"></label>
            <label class="check"><input type="checkbox" name="everywhere" value="1"{(filter.Folder.Length == 0 ? Markup.Of($" checked") : Markup.None)}> all workspaces</label><button>Show</button></form>
            <ul class="figures"><li><b>{totals.Executions}</b> executions</li><li><b>{Words.Time(totals.Spent)}</b> of running</li><li class="good"><b>{Words.Time(totals.Saved)}</b> saved by {totals.Uses} reuses</li></ul>
            """);
        if (entries.Count == 0) body.Write($"<p class=\"soft\">Nothing of that kind ran.</p>");
        else body.Write(Table(visit, entries));
        if (entries.Count == OnePage)
        {
            var more = string.Join('&', request.Query.Where(static p => p.Key != "before").Append(new("before", entries[^1].Number.ToString(CultureInfo.InvariantCulture))).Select(static p => $"{Address.Encode(p.Key)}={Address.Encode(p.Value)}"));
            body.Write($"<p><a href=\"/history?{more}\">Earlier</a></p>");
        }
        return Frame.Page(site, "History", body.ToMarkup(), "/history");
    }

    private static DateTimeOffset? Day(string text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day) && day.Year is > 1970 and < 9000 ? day : null;

    private static Markup Option(string value, string name, string chosen) =>
        value == chosen ? Markup.Of($"<option value=\"{value}\" selected>{name}</option>") : Markup.Of($"<option value=\"{value}\">{name}</option>");

    public static Markup Table(Visit visit, IReadOnlyList<HistoryEntry> entries)
    {
        var table = new Html();
        table.Write($"<div class=\"wide\"><table class=\"history\"><thead><tr><th>When (UTC)</th><th>What</th><th class=\"number\">Took</th><th class=\"number\">Reused</th><th class=\"number\">Saved</th></tr></thead><tbody>");
        foreach (var (number, entry) in entries.Select(static e => (e.Number, e.Entry)))
        {
            var what = entry.Origin is { } origin
                ? Markup.Of($"<a href=\"/step/{entry.Execution}\">{origin.Block}{(origin.Element.Length > 0 ? " " + origin.Element : "")}</a> <span class=\"soft\">{Path.GetFileName(origin.Document)}</span>")
                : Markup.Of($"<a href=\"/step/{entry.Execution}\"><code>{Words.Short(ShellText.Join(entry.Command), MostColumns)}</code></a>");
            var state = entry.ExitCode != 0 ? Markup.Of($" <span class=\"state failed\">exit {entry.ExitCode}</span>") : entry.NotReusable.Length > 0 ? Markup.Of($" <span class=\"state once\" title=\"{entry.NotReusable}\">once</span>") : Markup.None;
            table.Write($"<tr><td class=\"when\">{Frame.When(entry.StartedAt)}</td><td>{what}{state}{Marks.Brief(visit, default, entry.Execution)}</td><td class=\"number\">{Words.Time(entry.Elapsed)}</td><td class=\"number\">{(entry.Uses > 0 ? $"{entry.Uses:#,0} ×" : "")}</td><td class=\"number\">{(entry.Uses > 0 ? Words.Time(entry.Elapsed * entry.Uses) : "")}</td></tr>");
        }
        table.Write($"</tbody></table></div>");
        return table.ToMarkup();
    }
}
