namespace Varve.Cli;

/// <summary>How a line of the picture looks where there are colours.</summary>
internal enum PictureTone
{
    Plain,
    Title,
    Faint,
    Running,
    Good,
    Bad,
}

/// <summary>A line of the picture, no longer than the terminal is wide.</summary>
internal readonly record struct PictureLine(string Text, PictureTone Tone);

/// <summary>
/// Draws a run into a given number of columns and lines: a title, a line for each block, under it what runs. When
/// there is not room for all, blocks that are done or have not begun are folded into one line each.
/// </summary>
internal static class RunPicture
{
    private const int WidestName = 24, BarColumns = 24, ShortBarColumns = 10, MostRunningOfABlock = 4, WideTerminal = 78, NarrowTerminal = 56;

    public static IReadOnlyList<PictureLine> Draw(BoardSnapshot run, string title, int columns, int lines)
    {
        var picture = new List<PictureLine> { new(Words.Short(Title(run, title), columns), PictureTone.Title) };
        var room = lines - 1;
        var active = run.Blocks.Where(b => b.Running > 0 || (b.Done > 0 && b.Done < b.Total)).ToList();
        var ended = run.Blocks.Where(b => b.Total > 0 && b.Done >= b.Total).ToList();
        var waiting = run.Blocks.Except(active).Except(ended).ToList();

        var showEnded = ended.Count + active.Count + Math.Min(run.Running.Count, active.Count * MostRunningOfABlock) + waiting.Count <= room;
        var name = Math.Min(WidestName, Math.Max(8, columns / 3));
        if (!showEnded && ended.Count > 0)
        {
            picture.Add(new(Words.Short($"  {Words.Count(ended.Count, "block")} done: {Counts(ended)}", columns), PictureTone.Faint));
            room--;
        }
        var foldWaiting = !showEnded && waiting.Count > 1;
        if (foldWaiting) room--;
        var runningEach = Math.Clamp((room - active.Count) / Math.Max(1, active.Count), 0, MostRunningOfABlock);

        foreach (var block in run.Blocks)
        {
            var isActive = active.Contains(block);
            if (!isActive && !showEnded && (foldWaiting || !waiting.Contains(block))) continue;
            if (picture.Count >= lines) break;
            picture.Add(Line(block, name, columns));
            if (!isActive) continue;
            var steps = run.Running.Where(r => r.Block == block.Name).ToList();
            foreach (var step in steps.Take(runningEach))
                if (picture.Count < lines) picture.Add(Line(step, run.Elapsed, columns));
            if (steps.Count > runningEach && picture.Count < lines && runningEach > 0)
                picture[^1] = new(Words.Short($"{picture[^1].Text}, and {steps.Count - runningEach} more", columns), PictureTone.Running);
        }
        if (foldWaiting && picture.Count < lines)
            picture.Add(new(Words.Short($"  {Words.Count(waiting.Count, "block")} waiting: {Words.Count(waiting.Sum(b => b.Total), "step")}", columns), PictureTone.Faint));
        return picture;
    }

    private static string Title(BoardSnapshot run, string title)
    {
        var text = $"{title}  {run.Done:#,0} of {Words.Count(run.Total, "step")}";
        if (run.Reused > 0) text += $", {run.Reused:#,0} reused";
        if (run.Failed > 0) text += $", {run.Failed:#,0} failed";
        text += $"  {Words.About(run.Elapsed)}";
        if (run.Remaining is { } left && run.Done < run.Total) text += $", {(run.AtLeast ? "more than" : "about")} {Words.About(left)} left";
        return text;
    }

    private static PictureLine Line(BlockState block, int nameColumns, int columns)
    {
        var tone = block.Failed > 0 ? PictureTone.Bad : block.Done >= block.Total ? PictureTone.Good : block.Running > 0 ? PictureTone.Plain : PictureTone.Faint;
        var text = $"  {Words.Short(block.Name, nameColumns).PadRight(nameColumns)} ";
        var counts = $" {block.Done:#,0}/{block.Total:#,0}{Details(block)}";
        var bar = columns >= WideTerminal ? BarColumns : columns >= NarrowTerminal ? ShortBarColumns : 0;
        if (bar > 0)
        {
            var filled = block.Total == 0 ? 0 : (int)((long)bar * block.Done / block.Total);
            text += $"[{new string('#', filled)}{new string('.', bar - filled)}]";
        }
        return new(Words.Short(text + counts, columns), tone);
    }

    private static string Details(BlockState block)
    {
        var details = "";
        if (block.Running > 0) details += $", {block.Running:#,0} running";
        if (block.Reused > 0) details += $", {block.Reused:#,0} reused";
        if (block.Failed > 0) details += $", {block.Failed:#,0} failed";
        if (block.Skipped > 0) details += $", {block.Skipped:#,0} not reached";
        return details;
    }

    private static PictureLine Line(RunningStep step, TimeSpan now, int columns)
    {
        var time = Words.Time(now - step.StartedAt);
        if (step.Estimate is { } all) time += $" of about {Words.About(all)}";
        var name = step.Element.Length > 0 ? step.Element : "running";
        return new(Words.Short($"    {Words.Short(name, Math.Max(8, columns - time.Length - 6))} {time}", columns), PictureTone.Running);
    }

    private static string Counts(IEnumerable<BlockState> blocks)
    {
        var all = blocks.ToList();
        return $"{Words.Count(all.Sum(b => b.Total), "step")}, {all.Sum(b => b.Reused):#,0} reused";
    }
}
