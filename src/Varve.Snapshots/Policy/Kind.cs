namespace Varve.Snapshots.Policy;

/// <summary>How often a snapshot is taken, and what its name ends with in sanoid's names. In the order in which sanoid takes them.</summary>
public enum Kind
{
    /// <summary>Once a year.</summary>
    Yearly,

    /// <summary>Once a month.</summary>
    Monthly,

    /// <summary>Once a week.</summary>
    Weekly,

    /// <summary>Once a day.</summary>
    Daily,

    /// <summary>Once an hour.</summary>
    Hourly,

    /// <summary>Several times an hour; see <see cref="SanoidRetention.FrequentMinutes"/>.</summary>
    Frequently,
}

/// <summary>The words and lengths of the kinds.</summary>
public static class Kinds
{
    internal const int Minute = 60, Hour = 3600, Day = 86_400, Week = 7 * Day;

    private static readonly string[] Names = ["yearly", "monthly", "weekly", "daily", "hourly", "frequently"];

    /// <summary>All kinds, the rarest first.</summary>
    public static readonly IReadOnlyList<Kind> All = [Kind.Yearly, Kind.Monthly, Kind.Weekly, Kind.Daily, Kind.Hourly, Kind.Frequently];

    /// <summary>The kind in lower case, as configurations and names of snapshots have it.</summary>
    public static string Word(this Kind kind) => Names[(int)kind];

    /// <summary>The kind of this word, if it is one.</summary>
    public static Kind? Of(ReadOnlySpan<char> word)
    {
        for (var i = 0; i < Names.Length; i++)
            if (word.SequenceEqual(Names[i])) return (Kind)i;
        return null;
    }
}
