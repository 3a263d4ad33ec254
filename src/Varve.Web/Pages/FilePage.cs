using System.Globalization;
using Varve.Lineage;
using Varve.Linux;
using Varve.Store;
using Varve.Web.Http;

namespace Varve.Web.Pages;

/// <summary>A file: what it holds, where it came from, its versions, what it went into. Or a folder's list.</summary>
internal static class FilePage
{
    /// <summary>Above this a file is not digested for a page.</summary>
    private const long LargestHashed = 512L << 20;
    private const int MostVersions = 20, MostListed = 2000, MostFolded = 500;

    public static Response Show(Visit visit, string relative, Request request)
    {
        var site = visit.Site;
        var asked = request.Get("digest");
        if (asked.Length > 0)
        {
            var (blob, size) = RawFile.Open(site, relative, asked);
            using (blob) return Page(visit, relative, request, new Shown(blob, size, null, Digest.TryParse(asked, out var known) ? known : null));
        }
        if (Beneath.Open(site.Workspace, relative) is not { } opened) return Missing(visit, relative);
        using var handle = opened.Handle;
        if (opened.Stamp.Kind == FileKind.Directory) return Folder(site, relative, (int)handle.DangerousGetHandle());
        Digest? digest = opened.Stamp.Size <= LargestHashed ? BlobStore.HashOf(handle) : null;
        return Page(visit, relative, request, new Shown(handle, opened.Stamp.Size, opened.Stamp.ModifiedNs, digest));
    }

    private sealed record Shown(Microsoft.Win32.SafeHandles.SafeFileHandle Handle, long Bytes, long? ModifiedNs, Digest? Digest);

    private static Response Page(Visit visit, string relative, Request request, Shown file)
    {
        var site = visit.Site;
        var path = site.Absolute(relative);
        var name = relative[(relative.LastIndexOf('/') + 1)..];
        var link = "/files/" + Address.OfPath(relative);
        var query = request.Get("digest") is { Length: > 0 } version ? $"?digest={Address.Encode(version)}" : "";
        var body = new Html();
        body.Write($"{Trail(relative)}<h1>{name}</h1>");
        if (query.Length > 0) body.Write($"<p class=\"note\">This is an earlier or intermediate version, out of the store. <a href=\"{link}\">The file as it is now</a></p>");
        body.Write(Frame.Facts(
            ("Size", Frame.Plain($"{Words.Size(file.Bytes)}{(file.Bytes >= 1000 ? $" ({file.Bytes:#,0} bytes)" : "")}")),
            ("Changed", file.ModifiedNs is { } ns ? Frame.When(DateTimeOffset.FromUnixTimeMilliseconds(ns / 1_000_000)) : Markup.None),
            ("Content", file.Digest is { } digest ? Markup.Of($"<code class=\"digest\">{digest.ToString()}</code>") : Markup.Of($"<span class=\"soft\">too large to digest for a page; <code>varve how</code> does</span>")),
            ("Marks", file.Digest is { } content ? Marks.Of(visit, content) : Markup.None),
            ("Get it", Markup.Of($"<a href=\"/raw/{Address.OfPath(relative)}{query}\" download>download</a>"))));
        body.Write(FileContent.Of(site, relative, query, file.Handle, file.Bytes, whole: true));
        if (file.Digest is { } made) Lineage(visit, path, link, query, made, file.Bytes, request, body);
        Versions(visit, path, relative, body);
        if (file.Digest is { } used) Readers(visit, path, used, body);
        return Frame.Page(site, name, body.ToMarkup());
    }

    private static void Lineage(Visit visit, string path, string link, string query, Digest digest, long bytes, Request request, Html body)
    {
        body.Write($"<h2 id=\"lineage\">How it came to be</h2>");
        LineageGraph graph;
        try
        {
            graph = Graph(visit, path, digest, bytes);
        }
        catch (NoChainException)
        {
            body.Write($"<p class=\"soft\">No step made it, as far as the lineage knows: it is an input, or was changed by hand since.</p>");
            return;
        }
        body.Write(Marks.Of(visit, graph));
        var separator = query.Length > 0 ? "&" : "?";
        var index = graph.Nodes.Index().ToDictionary(static n => (object)n.Item, static n => n.Index, ReferenceEqualityComparer.Instance);
        using var svg = new StringWriter(CultureInfo.InvariantCulture);
        GraphPicture.Write(svg, graph, node => Target(visit.Site, node, $"{link}{query}{separator}node={index[node]}#folded"), isAlone: false, isMarked: visit.Taints.Marks);
        body.Write($"""
            <div class="graph" data-graph><div class="tools"><label>Find <input type="search" data-find placeholder="name of a step or file"></label>
            <button type="button" data-zoom="out" aria-label="Smaller">−</button><button type="button" data-zoom="in" aria-label="Larger">+</button><button type="button" data-zoom="fit">Fit</button>
            <span class="soft">{Words.Count(graph.Steps, "step")} in {graph.Nodes.Count(static n => n.Kind == GraphNodeKind.Step)} nodes</span><span class="soft" data-found role="status"></span></div>
            <div class="canvas" tabindex="0" role="region" aria-label="Lineage graph; arrows move it, + and - zoom">{new Markup(svg.ToString())}</div></div>
            <p class="soft">A click on a step shows its facts and what differs from other executions. <code>varve how --as svg {path}</code> draws the same picture.</p>
            """);
        if (int.TryParse(request.Get("node"), CultureInfo.InvariantCulture, out var chosen) && chosen >= 0 && chosen < graph.Nodes.Count) Folded(visit.Site, graph.Nodes[chosen], body);
    }

    private static LineageGraph Graph(Visit visit, string path, Digest digest, long bytes)
    {
        var version = visit.Lineage.Scalar("SELECT coalesce(max(number), 0) || ' ' || count(*) FROM executions");
        var key = $"{path}\0{digest.Hex}\0{version}";
        if (visit.Site.Graphs.Get(key) is { } kept) return kept;
        var graph = GraphFolding.Of(new ChainFinder(visit.Lineage).Find(path, digest, bytes));
        visit.Site.Graphs.Put(key, graph);
        return graph;
    }

    private static string Target(Site site, GraphNode node, string folded)
    {
        if (node.Count > 1) return folded;
        if (node.Kind == GraphNodeKind.Step) return $"/step/{node.Steps[0].Execution}";
        var (path, digest) = node.Files[0];
        return site.Link(path) is not { Length: > 0 } link ? "" : node.Kind == GraphNodeKind.File && digest != default ? $"{link}?digest={digest.Hex}" : link;
    }

    private static void Folded(Site site, GraphNode node, Html body)
    {
        var what = node.Kind == GraphNodeKind.Step ? "step" : "file";
        body.Write($"<section id=\"folded\" class=\"panel\"><h3>{node.Title}: {Words.Count(node.Count, what)}</h3><div class=\"wide scroll\"><table><tbody>");
        foreach (var step in node.Steps.Take(MostFolded))
            body.Write($"<tr><td><a href=\"/step/{step.Execution}\">{Words.Short(step.Name, 120)}</a></td><td class=\"number\">{Words.Time(step.Elapsed)}</td><td><a href=\"/step/{step.Execution}?against={node.Steps[0].Execution}#diff\">compare with the first</a></td></tr>");
        foreach (var (path, digest) in node.Files.Take(MostFolded))
            body.Write($"<tr><td>{(site.Link(path) is { Length: > 0 } link ? Markup.Of($"<a href=\"{link}\">{site.Local(path)}</a>") : Frame.Plain(path))}</td><td><code>{(digest == default ? "in a snapshot" : digest.Short)}</code></td></tr>");
        body.Write($"</tbody></table></div>");
        if (node.Count > MostFolded) body.Write($"<p class=\"soft\">And {node.Count - MostFolded} more.</p>");
        body.Write($"</section>");
    }

    private static void Versions(Visit visit, string path, string relative, Html body)
    {
        var writers = visit.Lineage.Ask(() => visit.Lineage.Read("WHERE e.number IN (SELECT execution FROM writes WHERE path = $1 ORDER BY execution DESC LIMIT $2) ORDER BY e.number DESC", LineageDatabase.Printable(path), MostVersions));
        if (writers.Count == 0) return;
        body.Write($"<h2>Versions</h2><div class=\"wide\"><table><thead><tr><th>Written (UTC)</th><th>By</th><th>Content</th></tr></thead><tbody>");
        foreach (var trace in writers)
        {
            var change = (trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes).FirstOrDefault(c => c.Path == path);
            var content = change.Kind != Sandbox.ChangeKind.File ? Markup.Of($"<span class=\"soft\">{change.Kind.ToString().ToLowerInvariant()}</span>")
                : visit.Store.Has(change.Digest) ? Markup.Of($"<a href=\"/files/{Address.OfPath(relative)}?digest={change.Digest.Hex}\"><code>{change.Digest.Short}</code></a> <span class=\"soft\">{Words.Size(change.Bytes)}</span>")
                : Markup.Of($"<code>{change.Digest.Short}</code> <span class=\"soft\">{Words.Size(change.Bytes)}, no longer in the store</span>");
            body.Write($"<tr><td>{Frame.When(trace.StartedAt)}</td><td><a href=\"/step/{trace.Execution}\">{Words.Short(trace.Origin is { } origin ? $"{origin.Block} {origin.Element}".Trim() : ShellText.Readable(trace), 80)}</a></td><td>{content}{Marks.Brief(visit, change.Digest, trace.Execution)}</td></tr>");
        }
        body.Write($"</tbody></table></div>");
    }

    private static void Readers(Visit visit, string path, Digest digest, Html body)
    {
        var readers = visit.Lineage.Ask(() => visit.Lineage.Read("WHERE e.number IN (SELECT execution FROM reads WHERE digest = $1 AND path = $2 ORDER BY execution DESC LIMIT $3) ORDER BY e.number DESC", digest.Bytes.ToArray(), LineageDatabase.Printable(path), MostVersions));
        if (readers.Count == 0) return;
        body.Write($"<h2>Used by</h2><ul class=\"plain\">");
        foreach (var trace in readers)
            body.Write($"<li><a href=\"/step/{trace.Execution}\">{Words.Short(trace.Origin is { } origin ? $"{origin.Block} {origin.Element}".Trim() : ShellText.Readable(trace), 100)}</a> <span class=\"soft\">{Frame.When(trace.StartedAt)}</span></li>");
        body.Write($"</ul>");
        if (readers.Count == MostVersions) body.Write($"<p class=\"soft\">And maybe more: these are the last {MostVersions}.</p>");
    }

    private static Response Missing(Visit visit, string relative)
    {
        var site = visit.Site;
        var body = new Html();
        Versions(visit, site.Absolute(relative), relative, body);
        if (body.ToMarkup().Text.Length == 0)
            throw new NotFoundException($"There is no file {relative} in the workspace.", "Only files below the workspace can be seen here, and none that lies behind a symbolic link.");
        return Frame.Page(site, relative, Markup.Of($"{Trail(relative)}<h1>{relative[(relative.LastIndexOf('/') + 1)..]}</h1><p class=\"note\">The file is not there now. Steps wrote it before.</p>{body.ToMarkup()}"));
    }

    private static Response Folder(Site site, string relative, int descriptor)
    {
        var entries = Files.List($"/proc/self/fd/{descriptor.ToString(CultureInfo.InvariantCulture)}") ?? throw new NotFoundException($"The folder {relative} may not be listed.", "Its permissions say so.");
        var body = new Html();
        body.Write($"{Trail(relative)}<h1>{(relative.Length == 0 ? "Files" : relative[(relative.LastIndexOf('/') + 1)..])}</h1><ul class=\"listing\">");
        foreach (var entry in entries.OrderBy(static e => e.Kind != FileKind.Directory).ThenBy(static e => e.Name, StringComparer.Ordinal).Take(MostListed))
        {
            var path = relative.Length == 0 ? entry.Name : $"{relative}/{entry.Name}";
            if (entry.Kind is FileKind.File or FileKind.Directory) body.Write($"<li><a href=\"/files/{Address.OfPath(path)}\">{entry.Name}{(entry.Kind == FileKind.Directory ? "/" : "")}</a></li>");
            else body.Write($"<li class=\"soft\">{entry.Name} ({(entry.Kind == FileKind.Link ? "a symbolic link" : "no regular file")})</li>");
        }
        body.Write($"</ul>");
        if (entries.Count > MostListed) body.Write($"<p class=\"soft\">And {entries.Count - MostListed} more.</p>");
        return Frame.Page(site, relative.Length == 0 ? "Files" : relative, body.ToMarkup(), relative.Length == 0 ? "/files/" : "");
    }

    private static Markup Trail(string relative)
    {
        var names = relative.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0) return Markup.None;
        var trail = new Html();
        trail.Write($"<nav class=\"trail\" aria-label=\"Folders\"><a href=\"/files/\">Files</a>");
        for (var i = 1; i < names.Length; i++) trail.Write($" / <a href=\"/files/{Address.OfPath(string.Join('/', names[..i]))}\">{names[i - 1]}</a>");
        trail.Write($"</nav>");
        return trail.ToMarkup();
    }
}
