using Varve.Lineage;
using Varve.Snapshots.Datasets;
using Varve.Web.Http;

namespace Varve.Web.Pages;

/// <summary>The fleet as this host knows it: which host holds what, how old, how many copies, how much room. Nobody is asked: pages change nothing.</summary>
internal static class DatasetsPage
{
    private const int NearlyFull = 80, Full = 95;
    private static readonly TimeSpan LongAgo = TimeSpan.FromDays(2);

    public static Response Show(Site site)
    {
        var host = new LocalHost(LocalHost.UsualFolder);
        var (catalogue, now) = (host.Catalogue, LocalHost.Now());
        var fleet = Fleet.Of(catalogue, new Dictionary<string, string>(), []);
        List<HostRecord> hosts = [.. catalogue.Hosts.Values.Where(static h => !h.IsGone).OrderBy(static h => h.Name, StringComparer.Ordinal)];
        var body = new Html();
        body.Write($"<h1>Datasets</h1>");
        if (fleet.Count == 0)
        {
            body.Write($"<p class=\"lead\">No dataset is known on this host yet.</p><ul class=\"plain\"><li><code>varve data add land/cover /data/cover --copies 3</code> names one of this host, a folder or a dataset of ZFS.</li><li><code>varve data join HOST</code> exchanges catalogues with another host, and then all that it knows stands here.</li></ul>");
            return Frame.Page(site, "Datasets", body.ToMarkup(), "/datasets");
        }
        Figures(body, fleet, hosts);
        body.Write($"<p class=\"soft\">As {host.Self.Name} knows it; <code>varve data status</code> asks all hosts, and then it stands here.</p>");
        body.Write($"<h2>Which host holds what</h2>");
        Holds(body, fleet, hosts);
        body.Write($"<h2>Copies</h2>");
        Copies(body, fleet, now);
        Clones(body, host);
        body.Write($"<h2>Hosts</h2>");
        Hosts(body, hosts, now);
        return Frame.Page(site, "Datasets", body.ToMarkup(), "/datasets");
    }

    private static void Figures(Html body, IReadOnlyList<FleetDataset> fleet, List<HostRecord> hosts)
    {
        var (missing, behind) = (fleet.Sum(static d => (long)d.Missing), fleet.Sum(static d => d.Rows.Count(static r => r.Behind > 0)));
        body.Write($"<ul class=\"figures\"><li><b>{fleet.Count}</b> datasets</li><li><b>{hosts.Count}</b> hosts</li>");
        body.Write(missing == 0 ? Markup.Of($"<li class=\"good\"><b>all</b> wanted copies are there</li>") : Markup.Of($"<li class=\"less\"><b>{missing}</b> {(missing == 1 ? "copy is" : "copies are")} missing</li>"));
        body.Write($"<li><b>{behind}</b> {(behind == 1 ? "copy is" : "copies are")} behind</li></ul>");
    }

    /// <summary>Datasets down, hosts across: what stands in a column is what is lost with its host.</summary>
    private static void Holds(Html body, IReadOnlyList<FleetDataset> fleet, List<HostRecord> hosts)
    {
        body.Write($"<div class=\"wide\"><table class=\"holds\"><thead><tr><th scope=\"col\"><span class=\"soft\">dataset</span></th>");
        foreach (var host in hosts) body.Write($"<th scope=\"col\">{host.Name}</th>");
        body.Write($"</tr></thead><tbody>");
        foreach (var dataset in fleet)
        {
            body.Write($"<tr><th scope=\"row\">{dataset.Dataset}</th>");
            foreach (var host in hosts) body.Write($"<td>{Cell(dataset.Rows.FirstOrDefault(r => r.Host == host.Name))}</td>");
            body.Write($"</tr>");
        }
        body.Write($"</tbody></table></div>");
    }

    private static Markup Cell(FleetRow? row) => row switch
    {
        null => Markup.Of($"<span class=\"absent\" title=\"not here\">–</span>"),
        { Holding.IsLeaving: true } => Markup.Of($"<span class=\"state once\">leaving</span>"),
        { Holding.Newest: null } => Markup.Of($"<span class=\"state once\">no snapshot</span>"),
        { Behind: > 0 } => Markup.Of($"<span class=\"state stale\">{row.Behind} behind</span>"),
        _ => Markup.Of($"<span class=\"state good\">newest</span>"),
    };

    private static void Copies(Html body, IReadOnlyList<FleetDataset> fleet, long now)
    {
        body.Write($"<div class=\"wide\"><table><thead><tr><th scope=\"col\">Dataset</th><th scope=\"col\">Copies</th><th scope=\"col\">Host</th><th scope=\"col\">Newest snapshot</th><th scope=\"col\" class=\"number\">Age</th><th scope=\"col\" class=\"number\">Snapshots</th><th scope=\"col\">Disk</th></tr></thead><tbody>");
        foreach (var dataset in fleet)
        {
            var copies = Markup.Of($"<span class=\"state {(dataset.Missing > 0 ? "failed" : "good")}\">{dataset.Copies} of {dataset.Wanted}</span>");
            if (dataset.Rows.Count == 0) body.Write($"<tr><td>{dataset.Dataset}</td><td>{copies}</td><td class=\"soft\" colspan=\"5\">no host holds it</td></tr>");
            foreach (var (i, row) in dataset.Rows.Index())
            {
                var newest = row.Holding.Newest;
                body.Write($"<tr><td>{(i == 0 ? dataset.Dataset : "")}</td><td>{(i == 0 ? copies : Markup.None)}</td><td title=\"{row.Holding.At}\">{row.Host}</td>");
                body.Write(newest is null ? Markup.Of($"<td class=\"soft\">none</td><td></td>") : Markup.Of($"<td><code>{newest.Name}</code> {Cell(row)}</td><td class=\"number\">{Words.About(TimeSpan.FromSeconds(Math.Max(0, now - newest.CreatedAt)))}</td>"));
                body.Write($"<td class=\"number\">{row.Holding.Count}</td><td>{Room(row.Holding)}</td></tr>");
            }
        }
        body.Write($"</tbody></table></div>");
    }

    private static Markup Room(Holding holding)
    {
        var (percent, shade) = (Math.Clamp(holding.FullPercent, 0, 100), holding.FullPercent >= Full ? "over" : holding.FullPercent >= NearlyFull ? "near" : "");
        return Markup.Of($"<svg class=\"full\" role=\"img\" aria-label=\"{percent} percent full\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\"><rect class=\"{shade}\" width=\"{percent}\" height=\"10\"/></svg><span class=\"when\">{Words.Size(holding.AvailableBytes)} free</span>");
    }

    private static void Clones(Html body, LocalHost host)
    {
        var clones = CloneState.All(host.ClonesFolder).Where(static c => !c.IsDone).ToList();
        if (clones.Count == 0) return;
        body.Write($"<h2>Clones under way</h2><ul class=\"plain\">");
        foreach (var clone in clones)
        {
            var percent = clone.Bytes > 0 ? clone.BytesDone * 100 / clone.Bytes : 0;
            var how = clone.IsRunning(host.ClonesFolder) ? $"coming from {(clone.From.Length > 0 ? clone.From : "the nearest host")}" : clone.OnlyFirst ? "only the paths named" : $"stopped; varve data clone {clone.Dataset} goes on";
            body.Write($"<li><b>{clone.Dataset}</b> to <code>{clone.Target}</code>: {percent} %, {Words.Size(clone.BytesDone)} of {Words.Size(clone.Bytes)}, {how}</li>");
        }
        body.Write($"</ul>");
    }

    private static void Hosts(Html body, List<HostRecord> hosts, long now)
    {
        body.Write($"<div class=\"wide\"><table><thead><tr><th scope=\"col\">Host</th><th scope=\"col\">Reached as</th><th scope=\"col\" class=\"number\">Datasets</th><th scope=\"col\">Known</th><th scope=\"col\">Fullest disk</th></tr></thead><tbody>");
        foreach (var host in hosts)
        {
            var known = TimeSpan.FromSeconds(Math.Max(0, now - host.At));
            var fullest = host.Holdings.MaxBy(static h => h.FullPercent);
            body.Write($"<tr><td>{host.Name}</td><td>{host.Address}</td><td class=\"number\">{host.Holdings.Count}</td><td>{Words.About(known)} ago{(known > LongAgo ? Markup.Of($" <span class=\"state stale\">long ago</span>") : Markup.None)}</td><td>{(fullest is null ? Markup.None : Room(fullest))}</td></tr>");
        }
        body.Write($"</tbody></table></div>");
    }
}
