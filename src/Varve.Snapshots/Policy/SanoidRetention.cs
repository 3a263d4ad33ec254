using NodaTime;
using NodaTime.Text;

namespace Varve.Snapshots.Policy;

/// <summary>
/// sanoid's rule and names. A kind is taken when its newest snapshot is older than its last preferred time. A
/// snapshot goes when it is older than as many periods as are wanted of its kind *and* more than that many of its kind
/// exist, the oldest first, so that a stopped clock or timer never empties a kind. Local time is only in names and
/// preferred times.
/// </summary>
public sealed record SanoidRetention : Retention
{
    /// <summary>What the names of snapshots begin with.</summary>
    public const string Prefix = "autosnap";

    /// <summary>sanoid counts 31 days to a month and 365.25 days to a year.</summary>
    private const long MonthSeconds = 31L * Kinds.Day, YearSeconds = 31_557_600;

    private static readonly LocalDateTimePattern NamePattern = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'_'HH:mm:ss");

    /// <summary>How many of each kind are wanted; 0 takes none and destroys all.</summary>
    public IReadOnlyDictionary<Kind, int> Counts { get; init; } = new Dictionary<Kind, int>();

    /// <summary>The period of <see cref="Kind.Frequently"/>, in minutes.</summary>
    public int FrequentMinutes { get; init; } = 15;

    /// <summary>The minute of each hour.</summary>
    public int HourlyMinute { get; init; }

    /// <summary>The time of each day.</summary>
    public LocalTime Daily { get; init; } = new(23, 59);

    /// <summary>The day of each week.</summary>
    public IsoDayOfWeek WeeklyDay { get; init; } = IsoDayOfWeek.Monday;

    /// <summary>The time of that day.</summary>
    public LocalTime Weekly { get; init; } = new(23, 30);

    /// <summary>The day of each month; the last one in months that are shorter.</summary>
    public int MonthlyDay { get; init; } = 1;

    /// <summary>The time of that day.</summary>
    public LocalTime Monthly { get; init; }

    /// <summary>The month of each year, from 1.</summary>
    public int YearlyMonth { get; init; } = 1;

    /// <summary>The day of that month; the last one if it is shorter.</summary>
    public int YearlyDay { get; init; } = 1;

    /// <summary>The time of that day.</summary>
    public LocalTime Yearly { get; init; }

    /// <summary>How many of a kind are wanted.</summary>
    public int Count(Kind kind) => Counts.GetValueOrDefault(kind);

    /// <summary>The length of the kind's period in seconds, as sanoid reckons ages.</summary>
    public long Period(Kind kind) => kind switch
    {
        Kind.Frequently => FrequentMinutes * (long)Kinds.Minute,
        Kind.Hourly => Kinds.Hour,
        Kind.Daily => Kinds.Day,
        Kind.Weekly => Kinds.Week,
        Kind.Monthly => MonthSeconds,
        _ => YearSeconds,
    };

    /// <summary>The kind that a name of sanoid's says, or null for other names.</summary>
    public static Kind? KindOf(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var line = name.LastIndexOf('_');
        return line < 0 ? null : Kinds.Of(name.AsSpan(line + 1));
    }

    /// <summary>Whatever has one of sanoid's names, whoever took it: both tools may take turns.</summary>
    public override bool Owns(Snapshot snapshot) => KindOf(snapshot.Name) is not null;

    /// <inheritdoc/>
    public override IReadOnlyList<DueSnapshot> Due(IReadOnlyList<Snapshot> existing, long now, DateTimeZone zone)
    {
        Span<long> newest = stackalloc long[Kinds.All.Count];
        newest.Fill(long.MinValue);
        foreach (var snapshot in existing)
            if (KindOf(snapshot.Name) is { } kind) newest[(int)kind] = Math.Max(newest[(int)kind], snapshot.CreatedAt);

        var due = new List<DueSnapshot>();
        foreach (var kind in Kinds.All)
            if (Count(kind) > 0 && newest[(int)kind] < LastPreferred(kind, now, zone)) due.Add(new DueSnapshot(kind, Name(kind, existing, now, zone)));
        return due;
    }

    /// <summary>The last time at or before now at which one was to be taken. Seconds since 1970 UTC.</summary>
    /// <remarks>
    /// A time that a change of the clock skips is as much later as the clock jumps; one that comes twice is the first.
    /// Hours follow the time that passes: none is left out and none comes twice.
    /// </remarks>
    public long LastPreferred(Kind kind, long now, DateTimeZone zone)
    {
        var local = Instant.FromUnixTimeSeconds(now).InZone(zone).LocalDateTime;
        var hourStart = now - (local.Minute * Kinds.Minute) - local.Second;
        var today = local.Date;
        switch (kind)
        {
            case Kind.Frequently:
                return hourStart + (local.Minute / FrequentMinutes * FrequentMinutes * Kinds.Minute);
            case Kind.Hourly:
                var thisHour = hourStart + (HourlyMinute * Kinds.Minute);
                return thisHour > now ? thisHour - Kinds.Hour : thisHour;
            case Kind.Daily:
                return Latest(today, today.PlusDays(-1), Daily);
            case Kind.Weekly:
                var day = today.DayOfWeek == WeeklyDay ? today : today.Previous(WeeklyDay);
                return Latest(day, day.PlusDays(-7), Weekly);
            case Kind.Monthly:
                return Latest(InMonth(today.Year, today.Month, MonthlyDay), InMonth(today.PlusMonths(-1).Year, today.PlusMonths(-1).Month, MonthlyDay), Monthly);
            default:
                return Latest(InMonth(today.Year, YearlyMonth, YearlyDay), InMonth(today.Year - 1, YearlyMonth, YearlyDay), Yearly);
        }

        long Latest(LocalDate date, LocalDate before, LocalTime time)
        {
            var at = At(date, time, zone);
            return at <= now ? at : At(before, time, zone);
        }
    }

    private static LocalDate InMonth(int year, int month, int day) => new(year, month, Math.Min(day, CalendarSystem.Iso.GetDaysInMonth(year, month)));

    private static long At(LocalDate date, LocalTime time, DateTimeZone zone) => zone.AtLeniently(date + time).ToInstant().ToUnixTimeSeconds();

    /// <summary><c>autosnap_2026-03-29_03:00:00_hourly</c> in local time; in the hour that comes twice the second one has <c>dst</c> after the time.</summary>
    private static string Name(Kind kind, IReadOnlyList<Snapshot> existing, long now, DateTimeZone zone)
    {
        var time = NamePattern.Format(Instant.FromUnixTimeSeconds(now).InZone(zone).LocalDateTime);
        var name = $"{Prefix}_{time}_{kind.Word()}";
        return existing.Any(s => s.Name == name) ? $"{Prefix}_{time}dst_{kind.Word()}" : name;
    }

    internal override void Judge(IReadOnlyList<Snapshot> snapshots, long now, Span<Verdict> verdicts)
    {
        var byKind = Kinds.All.Select(static _ => new List<int>()).ToArray();
        for (var i = 0; i < snapshots.Count; i++)
            if (KindOf(snapshots[i].Name) is { } kind) byKind[(int)kind].Add(i);

        foreach (var kind in Kinds.All)
        {
            var oldestFirst = byKind[(int)kind].OrderBy(i => snapshots[i].CreatedAt).ToList();
            var wanted = Count(kind);
            var oldest = now - (wanted * Period(kind));
            // sanoid prunes by the list from before it took: what this very run took is not counted yet.
            var justTaken = oldestFirst.Count(i => snapshots[i].CreatedAt >= now);
            for (var n = 0; n < oldestFirst.Count; n++)
            {
                var (i, left) = (oldestFirst[n], oldestFirst.Count - n);
                var reason = snapshots[i].CreatedAt >= oldest ? Reason.Young : left - justTaken > wanted ? Reason.Old : Reason.Few;
                verdicts[i] = new Verdict(snapshots[i], reason) { Kind = kind, Ordinal = left, Wanted = wanted };
            }
        }
    }
}
