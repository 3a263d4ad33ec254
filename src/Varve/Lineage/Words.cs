namespace Varve.Lineage;

/// <summary>Quantities as people read them; always the same, whatever the locale.</summary>
internal static class Words
{
    /// <summary>A length of time: <c>0.24 s</c>, <c>12.5 s</c>, <c>3 min 05 s</c>, <c>2 h 07 min</c>, <c>3 d 04 h</c>.</summary>
    public static string Time(TimeSpan time) => time switch
    {
        { TotalSeconds: < 9.995 } => $"{Math.Max(0, time.TotalSeconds):0.00} s",
        { TotalSeconds: < 59.95 } => $"{time.TotalSeconds:0.0} s",
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} min {time.Seconds:00} s",
        { TotalHours: < 48 } => $"{(int)time.TotalHours} h {time.Minutes:00} min",
        _ => $"{(int)time.TotalDays} d {time.Hours:00} h",
    };

    /// <summary>A length of time without hundredths, for estimates: <c>4 s</c>, <c>3 min</c>.</summary>
    public static string About(TimeSpan time) => time switch
    {
        { TotalSeconds: < 100 } => $"{Math.Max(1, Math.Round(time.TotalSeconds)):0} s",
        { TotalMinutes: < 100 } => $"{Math.Round(time.TotalMinutes):0} min",
        { TotalHours: < 48 } => $"{Math.Round(time.TotalHours):0} h",
        _ => $"{Math.Round(time.TotalDays):0} days",
    };

    /// <summary>A size: <c>812 B</c>, <c>4.2 kB</c>, <c>1.3 GB</c>; powers of 1000.</summary>
    public static string Size(long bytes)
    {
        if (bytes < 1000) return $"{bytes} B";
        var value = bytes / 1000.0;
        foreach (var unit in (string[])["kB", "MB", "GB", "TB"])
        {
            if (value < 999.95) return value < 9.995 ? $"{value:0.0} {unit}" : $"{value:0} {unit}";
            value /= 1000;
        }
        return $"{value:0} PB";
    }

    /// <summary>A number of things: <c>1 step</c>, <c>12 steps</c>, <c>12,000 steps</c>.</summary>
    public static string Count(long number, string one) => number == 1 ? $"1 {one}" : $"{number:#,0} {one}s";

    /// <summary>When: <c>2026-11-23 06:30:12</c>, in UTC, as everything that is kept.</summary>
    public static string When(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss");

    /// <summary>One line that a terminal can take: bytes that are no UTF-8, and control characters, as <c>\xNN</c>.</summary>
    public static string Line(string text)
    {
        if (!text.Any(static c => char.IsControl(c) || char.IsLowSurrogate(c))) return text;
        var line = new System.Text.StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var isLone = char.IsLowSurrogate(text[i]) && (i == 0 || !char.IsHighSurrogate(text[i - 1]));
            if (isLone || char.IsControl(text[i])) line.Append($"\\x{(byte)text[i]:X2}");
            else line.Append(text[i]);
        }
        return line.ToString();
    }

    /// <summary>At most so many characters, on one line, the end cut off with an ellipsis.</summary>
    public static string Short(string text, int most)
    {
        text = text.ReplaceLineEndings("; ");
        return text.Length <= most ? text : string.Concat(text.AsSpan(0, Math.Max(0, most - 1)), "…");
    }
}
