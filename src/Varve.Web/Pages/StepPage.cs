using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;
using Varve.Web.Http;

namespace Varve.Web.Pages;

/// <summary>One execution of a step: all that is known of it, why it ran, and how it differs from another.</summary>
internal static class StepPage
{
    private const int MostSaid = 128 << 10, MostListed = 200, MostOthers = 20;

    public static Response Show(Visit visit, string id, Request request)
    {
        var site = visit.Site;
        var trace = visit.Find(id);
        var uses = visit.History.Uses(trace.Execution);
        var title = trace.Origin is { } origin ? $"{origin.Block} {origin.Element}".Trim() : Words.Short(ShellText.Readable(trace), 60);
        var body = new Html();
        body.Write($"<h1>{title}</h1>");
        body.Write(Frame.Facts(
            ("State", trace.ExitCode != 0 ? Markup.Of($"<span class=\"state failed\">failed, exit status {trace.ExitCode}</span>") : trace.Reusable ? Markup.Of($"<span class=\"state good\">ended well</span>{(uses > 0 ? $", reused {(uses == 1 ? "once" : $"{uses:#,0} times")} since" : "")}") : Markup.Of($"<span class=\"state once\">not to be reused</span> {trace.NotReusable}")),
            ("Marks", Marks.Of(visit, trace.Execution)),
            ("Started", Markup.Of($"{Frame.When(trace.StartedAt)} UTC")),
            ("Took", Frame.Plain($"{Words.Time(trace.Elapsed)}, {Words.Time(trace.Processor)} of processor, at most {Words.Size(trace.PeakBytes)} of memory")),
            ("Block", trace.Origin is { } from ? Markup.Of($"{from.Block} of {DocumentLink(site, from.Document)}") : Markup.None),
            ("In", Frame.Plain(trace.Key.Directory)),
            ("Environment", trace.Key.Environment == "host" ? Markup.None : Frame.Plain(trace.Key.Environment)),
            ("Options", Frame.Plain(string.Join(", ", trace.Key.Options))),
            ("Values", Frame.Plain(string.Join(", ", HowText.Given(trace).Select(static v => $"{v.Key}={v.Value}")))),
            ("Step", Markup.Of($"<code class=\"digest\">{trace.Step.ToString()}</code>")),
            ("Execution", Markup.Of($"<code>{trace.Execution}</code>"))));
        body.Write($"<h2>Command</h2><pre class=\"text code\" tabindex=\"0\">{ShellText.Readable(trace)}</pre>");
        Said(visit, trace, body);
        Why(visit, trace, body);
        Compare(visit, trace, request.Get("against"), body);
        body.Write($"<h2>What it did</h2>");
        List(body, "Wrote", trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes, c => Change(visit, c));
        List(body, "Read", Own(trace, ObservationKind.Content), o => Markup.Of($"{Frame.File(site, o.Path)} <code>{(o.Digest != default ? o.Digest.Short : StatusText.Snapshot(o.Detail))}</code>"));
        List(body, "Looked at", Own(trace, ObservationKind.Status).Where(static o => o.Digest != default || StatusText.Snapshot(o.Detail).Length > 0), o => Frame.File(site, o.Path));
        List(body, "Listed", Own(trace, ObservationKind.Listing), o => Frame.File(site, o.Path));
        List(body, "Looked for and did not find", Own(trace, ObservationKind.Absent), o => Frame.Plain(site.Local(o.Path)));
        List(body, "Was denied", Own(trace, ObservationKind.Denied), o => Frame.Plain(site.Local(o.Path)));
        List(body, "Effects", trace.Effects, static e => Markup.Of($"<b>{e.Kind}</b> {e.Detail}"));
        List(body, "Ran programs", trace.Programs, static p => Frame.Plain(p));
        body.Write($"<p class=\"soft\">And {trace.Observations.Count(o => !View.IsWithin(o.Path, trace.Key.Workspace))} observations of the host outside the workspace; <code>varve show --verbose {trace.Execution[..12]}</code> lists them.</p>");
        return Frame.Page(site, title, body.ToMarkup());
    }

    private static IEnumerable<Observation> Own(Trace trace, ObservationKind kind) => trace.Observations.Where(o => o.Kind == kind && View.IsWithin(o.Path, trace.Key.Workspace));

    private static Markup DocumentLink(Site site, string path) =>
        site.IsInside(path) ? Markup.Of($"<a href=\"/document/{Address.OfPath(site.Local(path))}\">{site.Local(path)}</a>") : Frame.Plain(path);

    private static Markup Change(Visit visit, Change change)
    {
        var site = visit.Site;
        if (change.Kind != ChangeKind.File)
            return Markup.Of($"{site.Local(change.Path)} <span class=\"soft\">{(change.Kind == ChangeKind.Link ? $"link to {change.Target}" : change.Kind.ToString().ToLowerInvariant())}</span>");
        var link = site.Link(change.Path);
        var name = link.Length > 0 && visit.Store.Has(change.Digest) ? Markup.Of($"<a href=\"{link}?digest={change.Digest.Hex}\">{site.Local(change.Path)}</a>") : Frame.Plain(site.Local(change.Path));
        return Markup.Of($"{name} <code>{change.Digest.Short}</code> <span class=\"soft\">{Words.Size(change.Bytes)}</span>{Marks.Brief(visit, change.Digest, "")}");
    }

    private static void List<T>(Html body, string title, IEnumerable<T> items, Func<T, Markup> show)
    {
        var all = items.ToList();
        if (all.Count == 0) return;
        body.Write($"<details class=\"did\"{(all.Count <= 12 ? Markup.Of($" open") : Markup.None)}><summary>{title} <span class=\"soft\">{all.Count}</span></summary><ul class=\"plain\">");
        foreach (var item in all.Take(MostListed)) body.Write($"<li>{show(item)}</li>");
        if (all.Count > MostListed) body.Write($"<li class=\"soft\">and {all.Count - MostListed} more</li>");
        body.Write($"</ul></details>");
    }

    private static void Said(Visit visit, Trace trace, Html body)
    {
        body.Write($"<h2>What it said</h2>");
        if (trace.Transcript == default)
        {
            body.Write($"<p class=\"soft\">Nothing.</p>");
            return;
        }
        if (!visit.Store.Has(trace.Transcript))
        {
            body.Write($"<p class=\"soft\">It is no longer in the store.</p>");
            return;
        }
        using var blob = visit.Store.Open(trace.Transcript);
        var size = RandomAccess.GetLength(blob);
        body.Write($"<pre class=\"text\" tabindex=\"0\">{SaidText(blob)}</pre>");
        if (size > MostSaid) body.Write($"<p class=\"soft\">These are the first {Words.Size(MostSaid)}. <a href=\"/log/{trace.Execution}\">All of it</a></p>");
    }

    /// <summary>The beginning of a transcript; what came on standard error is set apart.</summary>
    private static Markup SaidText(Microsoft.Win32.SafeHandles.SafeFileHandle blob)
    {
        var text = new Html();
        foreach (var (stream, bytes) in TranscriptReader.Read(blob, MostSaid))
        {
            var said = PathText.Decode(bytes).Replace("\r\n", "\n", StringComparison.Ordinal);
            text.Write(stream == Transcript.Error ? Markup.Of($"<span class=\"error\">{said}</span>") : Frame.Plain(said));
        }
        return text.ToMarkup();
    }

    private static void Why(Visit visit, Trace trace, Html body)
    {
        var reason = new WhyFinder(visit.Lineage).Of(trace);
        body.Write($"<h2>Why it ran</h2>");
        if (reason.Text.Length > 0) body.Write($"<p>Because {reason.Text}.</p>");
        else body.Write($"<p>Because this was different from {Frame.Step(reason.Before!.Execution, reason.Before.Execution[..12])}:</p>");
        if (reason.Before is { } before) body.Write(DifferenceTable.Of(visit, reason.Differences, before.Execution[..12], "this one"));
    }

    private static void Compare(Visit visit, Trace trace, string against, Html body)
    {
        var others = visit.Lineage.Ask(() => visit.Lineage.Read("WHERE e.step = $1 AND e.execution <> $2 ORDER BY e.number DESC LIMIT $3", trace.Step.Bytes.ToArray(), trace.Execution, MostOthers)).ToList();
        if (trace.Origin is { } origin)
            others.AddRange(visit.Lineage.Ask(() => visit.Lineage.Read("WHERE e.document = $1 AND e.block = $2 AND e.step <> $3 ORDER BY e.element = $4 DESC, e.number DESC LIMIT $5", origin.Document, origin.Block, trace.Step.Bytes.ToArray(), origin.Element, MostOthers)));
        if (others.Count == 0 && against.Length == 0) return;
        body.Write($"<h2 id=\"diff\">Beside other executions</h2><ul class=\"plain chips\">");
        foreach (var other in others)
        {
            var name = other.Step == trace.Step ? "same step" : other.Origin is { Element.Length: > 0 } o ? o.Element : "earlier text";
            body.Write($"<li><a href=\"/step/{trace.Execution}?against={other.Execution}#diff\"{(other.Execution == against ? Markup.Of($" aria-current=\"true\"") : Markup.None)}>{name} <span class=\"soft\">{Words.When(other.StartedAt)}</span></a></li>");
        }
        body.Write($"</ul>");
        if (against.Length == 0) return;
        var second = visit.Find(against);
        var differences = Comparison.Between(second, trace);
        body.Write($"<p>Compared with {Frame.Step(second.Execution, second.Execution[..12])}, started {Frame.When(second.StartedAt)}:</p>");
        body.Write(differences.Count == 0 ? Markup.Of($"<p class=\"note\">They are the same in all that was asked, seen and left.</p>") : DifferenceTable.Of(visit, differences, second.Execution[..12], "this one"));
    }
}
