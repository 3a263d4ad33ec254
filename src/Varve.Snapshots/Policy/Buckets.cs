namespace Varve.Snapshots.Policy;

/// <summary>Which hour, day, week, month or year a time lies in. All are UTC, so that no hour is ever missing or twice.</summary>
internal static class Buckets
{
    /// <summary>Quarters of an hour, for <see cref="Kind.Frequently"/>.</summary>
    public const int Quarter = 15 * Kinds.Minute;

    /// <summary>1970 began on a Thursday, and weeks of ISO 8601 begin on Monday.</summary>
    private const int DaysFromMondayToThursday = 3;

    /// <summary>The first day of the year 1 and the last of the year 9999.</summary>
    private const long FirstDay = -719_162, LastDay = 2_932_896;

    /// <summary>The number of the bucket; the next bucket has the next number. Weeks are those of ISO 8601.</summary>
    /// <param name="kind">Which buckets.</param>
    /// <param name="time">Seconds since 1970 UTC.</param>
    public static long Of(Kind kind, long time) => kind switch
    {
        Kind.Frequently => Floor(time, Quarter),
        Kind.Hourly => Floor(time, Kinds.Hour),
        Kind.Daily => Floor(time, Kinds.Day),
        Kind.Weekly => Floor(Floor(time, Kinds.Day) + DaysFromMondayToThursday, 7),
        Kind.Monthly => Month(Floor(time, Kinds.Day)),
        _ => Floor(Month(Floor(time, Kinds.Day)), 12),
    };

    /// <summary>Months since January 1970, for a day since 1970.</summary>
    private static long Month(long day)
    {
        var date = DateTime.UnixEpoch.AddDays(Math.Clamp(day, FirstDay, LastDay));
        return ((date.Year - 1970) * 12L) + date.Month - 1;
    }

    private static long Floor(long value, long by)
    {
        var whole = value / by;
        return value % by < 0 ? whole - 1 : whole;
    }
}
