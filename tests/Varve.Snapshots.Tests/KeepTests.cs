using NodaTime;
using Varve.Snapshots.Policy;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What "48 hours, 14 days, 8 weeks" means.</summary>
public sealed class KeepTests
{
    private static long At(string time) => Times.Parse(time, DateTimeZone.Utc);

    private static Snapshot Taken(string time, ulong transaction) => new("tank/a", KeepRetention.Prefix + time, transaction, At(time), transaction) { IsMarked = true };

    private static string[] Kept(string keep, string now, IEnumerable<string> times, bool floor = true)
    {
        var plan = PrunePlan.Make(times.Select(static (t, i) => Taken(t, (ulong)i + 1)), new KeepRetention(KeepText.Parse(keep)) { CountsBuckets = floor }, At(now), Commitments.None);
        return [.. plan.Verdicts.Where(static v => !v.Destroy).Select(static v => v.Snapshot.Name[KeepRetention.Prefix.Length..])];
    }

    private static string[] Left(string keep, string from, string to, string every, bool prune = true)
    {
        var simulation = new Simulation(VarveFile.Parse($"[snapshots.\"tank/a\"]\nkeep = \"{keep}\"\n", "s.toml"), [], DateTimeZone.Utc);
        for (var now = At(from); now <= At(to); now += Times.Span(every)) simulation.Run(now, prune);
        return [.. simulation.Left.Select(static s => s.Name)];
    }

    [Fact]
    public void Hourly_snapshots_over_120_days_leave_48_hours_14_days_and_8_weeks()
    {
        var left = Left("48h hourly, 14d daily, 8w weekly", "2026-01-01", "2026-05-01T12:00", "1h");
        // 48 hours to 29 April 13:00; 14 days from 18 April, of which 3 lie in those hours; 8 weeks from 15 March, of which 3 lie in those days.
        Assert.Equal(64, left.Length);
        Assert.Equal("varve_2026-03-15T23:00:00Z", left[0]);
        Assert.Equal("varve_2026-05-01T12:00:00Z", left[^1]);
    }

    [Fact]
    public void The_newest_of_each_bucket_is_kept() =>
        Assert.Equal(["2026-01-01T23:59:59Z", "2026-01-02T12:00:00Z"], Kept("2 daily", "2026-01-02T13:00:00Z", ["2026-01-01T00:00:00Z", "2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z", "2026-01-02T12:00:00Z"]));

    [Fact]
    public void With_a_floor_of_counts_a_host_that_was_off_keeps_what_it_had()
    {
        string[] old = ["2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "2025-01-03T00:00:00Z", "2026-06-01T00:00:00Z"];
        Assert.Equal(old[1..], Kept("3d daily", "2026-06-01T01:00:00Z", old));
        Assert.Equal(old[3..], Kept("3d daily", "2026-06-01T01:00:00Z", old, floor: false));
    }

    [Fact]
    public void Weeks_are_those_of_ISO_8601_also_the_53rd()
    {
        // Week 53 of 2026 ends on Sunday, 3 January 2027.
        string[] times = ["2026-12-27T12:00:00Z", "2026-12-28T12:00:00Z", "2027-01-03T12:00:00Z", "2027-01-04T12:00:00Z"];
        Assert.Equal([times[0], times[2], times[3]], Kept("8w weekly", "2027-01-04T13:00:00Z", times));
        Assert.Equal([times[2], times[3]], Kept("2w weekly", "2027-01-04T13:00:00Z", times));
    }

    [Fact]
    public void Months_and_years_are_those_of_the_calendar() =>
        Assert.Equal(
            ["2024-12-31T23:00:00Z", "2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"],
            Kept("2 monthly, 3 yearly", "2026-02-28T23:30:00Z", ["2024-01-01T00:00:00Z", "2024-12-31T23:00:00Z", "2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z", "2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"]));

    [Fact]
    public void After_the_clock_was_set_back_snapshots_are_taken_and_those_of_the_future_stay()
    {
        var rule = new KeepRetention(KeepText.Parse("2 hourly"));
        Snapshot[] future = [Taken("2027-01-01T00:00:00Z", 1), Taken("2027-01-01T01:00:00Z", 2), Taken("2027-01-01T02:00:00Z", 3)];
        Assert.Single(rule.Due(future, At("2026-01-01T00:00:00Z"), DateTimeZone.Utc));
        var all = future.Append(Taken("2026-01-01T00:00:00Z", 4)).ToList();
        Assert.Empty(rule.Due(all, At("2026-01-01T00:30:00Z"), DateTimeZone.Utc));
        Assert.Equal(0, PrunePlan.Make(all, rule, At("2026-01-01T00:30:00Z"), Commitments.None).Destroyed);
    }

    [Fact]
    public void Which_is_the_newest_is_told_by_the_transaction_and_not_by_the_clock()
    {
        // The second was taken after the clock had been set back by 20 minutes.
        Snapshot[] both = [Taken("2026-01-01T00:50:00Z", 1), Taken("2026-01-01T00:30:00Z", 2)];
        var plan = PrunePlan.Make(both, new KeepRetention(KeepText.Parse("1 hourly")), At("2026-01-01T00:55:00Z"), Commitments.None);
        Assert.Equal(2ul, Assert.Single(plan.Verdicts, static v => !v.Destroy).Snapshot.Transaction);
    }

    [Fact]
    public void The_same_second_after_a_step_back_gets_another_name()
    {
        var rule = new KeepRetention(KeepText.Parse("1 hourly"));
        var existing = Taken("2026-01-01T00:00:00Z", 1) with { IsMarked = false };
        Assert.Equal("varve_2026-01-01T00:00:00Z.2", Assert.Single(rule.Due([existing], existing.CreatedAt, DateTimeZone.Utc)).Name);
    }

    [Fact]
    public void Of_other_people_nothing_is_destroyed_whatever_its_name() =>
        Assert.Equal(0, PrunePlan.Make([Taken("2020-01-01T00:00:00Z", 1) with { IsMarked = false }, Taken("2026-01-01T00:00:00Z", 2)], new KeepRetention(KeepText.Parse("1 hourly")), At("2026-01-01T00:30:00Z"), Commitments.None).Destroyed);

    [Fact]
    public void Each_survivor_has_its_reason()
    {
        var plan = PrunePlan.Make(
            [
                Taken("2026-01-01T00:00:00Z", 1) with { Holds = 2 }, Taken("2026-01-01T01:00:00Z", 2) with { HasClones = true }, Taken("2026-01-01T02:00:00Z", 3), Taken("2026-01-01T03:00:00Z", 4),
                Taken("2026-01-01T04:00:00Z", 5), Taken("2026-01-02T00:00:00Z", 6), Taken("2026-01-02T01:00:00Z", 7),
            ],
            new KeepRetention(KeepText.Parse("2 hourly, 2 daily")), At("2026-01-02T01:30:00Z"), Commitments.None with { CommonWithPeers = new Dictionary<ulong, string> { [3] = "backup" } });
        Assert.Equal(
            ["held 2 times", "a clone is made from it", "the newest that backup has too", "no rule keeps it", "daily 2 of 2", "hourly 2 of 2", "hourly 1 of 2, also daily"],
            plan.Verdicts.Select(static v => v.Text));
    }

    [Theory]
    [InlineData("48h hourly, 14d daily, 8w weekly, 6m monthly, 2y yearly, 3h frequently", "48 14 8 6 2 12")]
    [InlineData("2d hourly,2w daily,1y monthly", "48 14 12")]
    [InlineData("7 hourly", "7")]
    public void The_short_form_counts_buckets(string text, string counts) => Assert.Equal(counts, string.Join(' ', KeepText.Parse(text).Select(static r => r.Count)));

    [Theory]
    [InlineData("")]
    [InlineData("hourly")]
    [InlineData("0 hourly")]
    [InlineData("5d weekly")]
    [InlineData("5m daily")]
    [InlineData("3x daily")]
    [InlineData("3 hourly, 4 hourly")]
    [InlineData("3 hourlies")]
    public void A_short_form_that_could_be_misread_is_refused(string text) => Assert.Throws<SnapshotException>(() => KeepText.Parse(text));

    [Fact]
    public void Sections_of_the_own_file_hold_for_datasets_below_when_they_say_so()
    {
        var file = VarveFile.Parse("""
            [snapshots]
            keep = "24 hourly"
            [snapshots.tank]
            recursive = true
            [snapshots."tank/scratch"]
            take = false
            [pipelines]
            other = 1
            """, "s.toml");
        Assert.Equal([("tank", true), ("tank/a/b", true), ("tank/scratch", false), ("tank/scratch/x", true)], file.For(["tank", "tank/a/b", "tank/scratch", "tank/scratch/x", "home"]).Select(static p => (p.Dataset, p.Take)));
    }

    [Theory]
    [InlineData("[snapshots.tank]\nkeep = \"1 hourly\"\nkeeep = 1\n", "f:3: there is no setting 'keeep'")]
    [InlineData("[snapshots.tank]\nkeep = \"5d weekly\"\n", "f:2: keep: '5d weekly'")]
    [InlineData("[snapshots.tank]\ntake = true\n", "snapshots.\"tank\" has no keep")]
    [InlineData("[snapshots.tank.a]\nkeep = \"1 hourly\"\n", "f:1: quote the name")]
    [InlineData("[snapshots.tank]\nkeep = \"1 hourly\"\nfloor = \"time\"\n", "f:3: floor must be")]
    public void What_is_wrong_in_the_own_file_is_said_with_its_line(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<SnapshotException>(() => VarveFile.Parse(text, "f")).Message, StringComparison.Ordinal);
}
