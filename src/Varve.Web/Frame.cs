using Varve.Lineage;
using Varve.Web.Http;

namespace Varve.Web;

/// <summary>What every page has around it, and the small parts that pages share.</summary>
internal static class Frame
{
    public static Response Page(Site site, string title, Markup body, string here = "", int status = 200)
    {
        var page = new Html();
        page.Write($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>{title} · Varve</title>
            <meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
            <link rel="icon" href="/assets/icon.svg"><link rel="stylesheet" href="/assets/style.css"><script src="/assets/varve.js" defer></script></head>
            <body><a class="skip" href="#main">To the content</a>
            <header class="top"><a class="brand" href="/">Varve</a><nav aria-label="Pages">{Tab("/", "Overview", here)}{Tab("/files/", "Files", here)}{Tab("/history", "History", here)}{Tab("/datasets", "Datasets", here)}</nav><span class="where" title="{site.Workspace}">{site.Workspace}</span></header>
            <main id="main" tabindex="-1">{body}</main></body></html>
            """);
        return Response.Page(page.ToMarkup().Text, status);
    }

    private static Markup Tab(string address, string name, string here) =>
        address == here ? Markup.Of($"<a href=\"{address}\" aria-current=\"page\">{name}</a>") : Markup.Of($"<a href=\"{address}\">{name}</a>");

    /// <summary>A page that says what went wrong and what to do.</summary>
    public static Response Failure(Site site, int status, string message, string advice) =>
        Page(site, "Not found", Markup.Of($"<h1>{(status == 404 ? "There is nothing here" : "That did not work")}</h1><p class=\"lead\">{message}</p><p class=\"soft\">{advice}</p>"), status: status);

    public static Markup Step(string id, string text) => Markup.Of($"<a class=\"id\" href=\"/step/{id}\">{text}</a>");

    /// <summary>A file's name, linked when it lies in the workspace.</summary>
    public static Markup File(Site site, string path) =>
        site.Link(path) is { Length: > 0 } link ? Markup.Of($"<a href=\"{link}\">{site.Local(path)}</a>") : Markup.Of($"<span>{path}</span>");

    public static Markup When(DateTimeOffset at) => Markup.Of($"<time datetime=\"{at.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\" title=\"{Words.When(at)} UTC\">{Words.When(at)}</time>");

    /// <summary>Facts beside their names.</summary>
    public static Markup Facts(params (string Name, Markup Value)[] facts)
    {
        var list = new Html();
        list.Write($"<dl class=\"facts\">");
        foreach (var (name, value) in facts)
            if (value.Text.Length > 0) list.Write($"<dt>{name}</dt><dd>{value}</dd>");
        list.Write($"</dl>");
        return list.ToMarkup();
    }

    public static Markup Plain(string text) => Markup.Of($"{text}");
}
