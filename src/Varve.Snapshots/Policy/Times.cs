using System.Globalization;
using NodaTime;
using NodaTime.Text;

namespace Varve.Snapshots.Policy;

/// <summary>Reads times, spans and zones as people type them.</summary>
public static class Times
{
    private static readonly LocalDateTimePattern[] Local =
    [
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss"), LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm:ss"),
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm"), LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm"),
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd"),
    ];

    private static readonly OffsetDateTimePattern[] Absolute =
    [
        OffsetDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:sso<Z+HH:mm>"), OffsetDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mmo<Z+HH:mm>"),
    ];

    /// <summary>Seconds since 1970 UTC of <c>2026-03-29</c>, <c>2026-03-29T01:30</c> in the zone, <c>2026-03-29T01:30:00Z</c>, or <c>@1774746000</c>.</summary>
    /// <exception cref="SnapshotException">It is no time.</exception>
    public static long Parse(string text, DateTimeZone zone)
    {
        if (text.StartsWith('@') && long.TryParse(text.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)) return seconds;
        foreach (var pattern in Absolute)
            if (pattern.Parse(text) is { Success: true, Value: var at }) return at.ToInstant().ToUnixTimeSeconds();
        foreach (var pattern in Local)
            if (pattern.Parse(text) is { Success: true, Value: var local }) return zone.AtLeniently(local).ToInstant().ToUnixTimeSeconds();
        throw new SnapshotException($"'{text}' is no time; write 2026-03-29T01:30, with Z after it for UTC, or @ and seconds since 1970");
    }

    /// <summary>The seconds of <c>15m</c>, <c>1h</c>, <c>2d</c>.</summary>
    /// <exception cref="SnapshotException">It is no span, or not above 0.</exception>
    public static long Span(string text)
    {
        var unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => Kinds.Minute, 'h' => Kinds.Hour, 'd' => Kinds.Day, 'w' => Kinds.Week, _ => 0 };
        return unit > 0 && long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < int.MaxValue
            ? number * unit
            : throw new SnapshotException($"'{text}' is no span; write for example 15m, 1h or 2d");
    }

    /// <summary>The zone of this name in the IANA database, or UTC.</summary>
    /// <exception cref="SnapshotException">There is none.</exception>
    public static DateTimeZone Zone(string name) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) ?? throw new SnapshotException($"there is no time zone '{name}'; names are those of the IANA database, such as UTC or Europe/Vienna");

    /// <summary>The zone of this host: <c>TZ</c>, else <c>/etc/localtime</c>, else <c>/etc/timezone</c>, else UTC.</summary>
    public static DateTimeZone HostZone()
    {
        if (Environment.GetEnvironmentVariable("TZ") is { Length: > 0 } named) return Zone(named.TrimStart(':'));
        const string Folder = "/zoneinfo/";
        var target = File.ResolveLinkTarget("/etc/localtime", returnFinalTarget: false)?.FullName ?? "";
        var start = target.IndexOf(Folder, StringComparison.Ordinal);
        var name = start >= 0 ? target[(start + Folder.Length)..] : File.Exists("/etc/timezone") ? File.ReadAllText("/etc/timezone").Trim() : "UTC";
        return DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) ?? DateTimeZone.Utc;
    }
}
