using NodaTime;

namespace Varve.Snapshots.Policy;

/// <summary>A snapshot that is to be taken now.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Name">What stands after the <c>@</c>.</param>
public sealed record DueSnapshot(Kind Kind, string Name);

/// <summary>
/// When to take snapshots of a dataset, and which to keep. A pure function of the snapshots, the rule and the time:
/// nothing is remembered between two runs.
/// </summary>
public abstract record Retention
{
    /// <summary>Whether the rule may destroy this snapshot at all.</summary>
    public abstract bool Owns(Snapshot snapshot);

    /// <summary>What is to be taken at this time, in this order; nothing twice at one time.</summary>
    /// <param name="existing">The snapshots of the dataset, in any order.</param>
    /// <param name="now">Seconds since 1970 UTC.</param>
    /// <param name="zone">Where the administrator lives; only sanoid's rule asks for it.</param>
    public abstract IReadOnlyList<DueSnapshot> Due(IReadOnlyList<Snapshot> existing, long now, DateTimeZone zone);

    /// <summary>Judges the snapshots that the rule owns; the guards are asked before it.</summary>
    /// <param name="snapshots">All of the dataset, the oldest transaction first.</param>
    /// <param name="now">Seconds since 1970 UTC.</param>
    /// <param name="verdicts">A place for each; those the rule does not own stay as they are.</param>
    internal abstract void Judge(IReadOnlyList<Snapshot> snapshots, long now, Span<Verdict> verdicts);
}
