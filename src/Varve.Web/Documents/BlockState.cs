using Varve.Lineage;
using Varve.Linux;
using Varve.Steps;

namespace Varve.Web.Documents;

/// <summary>The state of a block in one line and, below it, what explains it. Sent again whenever it changes.</summary>
internal static class BlockState
{
    private const int MostShown = 6, LogLines = 8, LogBytes = 1 << 20;

    public static Markup Of(string block, BlockRecord? record, DocumentForecast? forecast, IReadOnlyList<RunningStep> running)
    {
        record ??= new BlockRecord();
        var predictions = forecast?.Steps[block].ToList() ?? [];
        if (running.Count > 0) return Running(running, predictions.Count);
        if (record.Failed.Count > 0) return Failed(record);
        var pending = predictions.Where(static p => p.Verdict != "reuse").ToList();
        var ran = record.LastRun is { } at ? Markup.Of($"<span class=\"soft\">last ran {Frame.When(at)}, {Words.Time(record.Elapsed)}{(record.Elements > 1 ? $" for {record.Elements:#,0} steps" : "")}</span>") : Markup.None;
        var details = record.LastExecution.Length > 0 ? Markup.Of($" <a href=\"/step/{record.LastExecution}\">{(record.Elements > 1 ? "last step" : "details")}</a>") : Markup.None;
        if (record.LastRun is null) return Markup.Of($"<p class=\"status\"><span class=\"state never\">never ran</span></p>");
        if (predictions.Count == 0) return Markup.Of($"<p class=\"status\"><span class=\"state unknown\">{(forecast is null ? "looking at its inputs…" : "ran")}</span> {ran}{details}</p>");
        if (pending.Count == 0) return Markup.Of($"<p class=\"status\"><span class=\"state good\">up to date</span> {ran}{details}</p>");
        var verdict = pending.Any(static p => p.Verdict == "run") ? "would run" : "may run";
        var html = new Html();
        html.Write($"<p class=\"status\"><span class=\"state stale\">{verdict}</span> {(predictions.Count > 1 ? $"{pending.Count:#,0} of {predictions.Count:#,0} steps " : "")}{ran}{details}</p><ul class=\"reasons\">");
        foreach (var group in pending.GroupBy(static p => p.Why, StringComparer.Ordinal).Take(MostShown))
            html.Write($"<li>{(group.First().Element.Length > 0 ? Markup.Of($"<b>{group.First().Element}</b>{(group.Count() > 1 ? $" and {group.Count() - 1:#,0} more" : "")}: ") : Markup.None)}{group.Key}</li>");
        html.Write($"</ul>");
        return html.ToMarkup();
    }

    private static Markup Running(IReadOnlyList<RunningStep> running, int all)
    {
        var html = new Html();
        html.Write($"<p class=\"status\"><span class=\"state running\">running</span> {(all > 1 ? $"{running.Count} of {all:#,0} steps now" : "")}</p><ul class=\"reasons\">");
        foreach (var step in running.Take(MostShown))
            html.Write($"<li>{(step.Origin.Element.Length > 0 ? step.Origin.Element : step.Origin.Block)} <span class=\"soft\">since {Words.When(step.Since)[11..]} UTC</span></li>");
        html.Write($"</ul>");
        if (LastLines(running[0]) is { Length: > 0 } lines) html.Write($"<pre class=\"text log\">{lines}</pre>");
        return html.ToMarkup();
    }

    private static Markup Failed(BlockRecord record)
    {
        var html = new Html();
        html.Write($"<p class=\"status\"><span class=\"state failed\">failed</span> {(record.Failed.Count > 1 ? Words.Count(record.Failed.Count, "step") : "")}</p><ul class=\"reasons\">");
        foreach (var (execution, element, exit) in record.Failed.Take(MostShown))
            html.Write($"<li><a href=\"/step/{execution}\">{(element.Length > 0 ? element : "what it said")}</a>, exit status {exit}</li>");
        html.Write($"</ul>");
        return html.ToMarkup();
    }

    private static string LastLines(RunningStep step)
    {
        try
        {
            if (Files.Look(step.Transcript) is not { Kind: FileKind.File, Size: > 0 and < LogBytes }) return "";
            using var file = Files.OpenRead(step.Transcript);
            var said = string.Concat(TranscriptReader.Read(file, LogBytes).Select(static r => PathText.Decode(r.Bytes))).TrimEnd('\n').Split('\n');
            return string.Join('\n', said[Math.Max(0, said.Length - LogLines)..]);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return "";
        }
    }
}
