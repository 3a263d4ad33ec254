using NodaTime;
using Varve.Snapshots.Policy;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Under a sanoid.conf Varve does what sanoid does: the real one is asked where it is installed.</summary>
public sealed class SanoidRuleTests
{
    private static readonly DateTimeZone Vienna = Times.Zone("Europe/Vienna");

    private static List<string> Simulated(string configuration, DateTimeZone zone, IEnumerable<long> times, bool prune = true, params string[] datasets)
    {
        var simulation = new Simulation(SanoidFile.Parse(configuration, "sanoid.conf"), datasets, zone);
        foreach (var time in times) simulation.Run(time, prune);
        return [.. simulation.Left.Select(static s => s.FullName).Order(StringComparer.Ordinal)];
    }

    private static void AgreesWithSanoid(string configuration, string zone, IReadOnlyList<long> times, params string[] datasets)
    {
        using var sanoid = new SanoidOracle(configuration, zone, datasets);
        foreach (var time in times) sanoid.Run(time, "--cron", "--force-prune");
        Assert.Equal(sanoid.Names.Order(StringComparer.Ordinal), Simulated(configuration, Times.Zone(zone), times, prune: true, datasets));
    }

    private static List<long> Every(string from, string step, int count)
    {
        var first = Times.Parse(from, DateTimeZone.Utc);
        return [.. Enumerable.Range(0, count).Select(i => first + (i * Times.Span(step)))];
    }

    [Fact]
    public void Hours_days_and_weeks_come_and_go_as_with_sanoid() => AgreesWithSanoid(
        "[tank/a]\n hourly = 5\n daily = 3\n weekly = 1\n monthly = 0\n daily_hour = 4\n daily_min = 30\n weekly_wday = 3\n weekly_hour = 6\n",
        "UTC", Every("2027-02-26T12:00:00", "3h", 60), "tank/a");

    [Fact]
    public void Months_and_years_come_and_go_as_with_sanoid() => AgreesWithSanoid(
        "[tank/a]\n hourly = 0\n daily = 2\n weekly = 3\n weekly_wday = 7\n monthly = 4\n monthly_mday = 15\n yearly = 1\n yearly_mon = 6\n",
        "UTC", Every("2026-12-20T03:00:00", "6d", 70), "tank/a");

    [Fact]
    public void Several_an_hour_come_and_go_as_with_sanoid() => AgreesWithSanoid(
        "[tank/a]\n frequently = 6\n frequent_period = 20\n hourly = 2\n hourly_min = 40\n daily = 1\n monthly = 0\n",
        "Asia/Kolkata", Every("2026-06-01T22:07:00", "11m", 50), "tank/a");

    [Fact]
    public void A_host_that_was_off_catches_up_as_sanoid_does()
    {
        var random = new Random(5);
        var times = new List<long> { Times.Parse("2026-05-30", DateTimeZone.Utc) };
        for (var i = 0; i < 50; i++) times.Add(times[^1] + random.Next(1, i % 9 == 0 ? 40 * 86_400 : 9000));
        AgreesWithSanoid("[tank/a]\n hourly = 4\n daily = 4\n weekly = 2\n monthly = 2\n yearly = 2\n", "UTC", times, "tank/a");
    }

    [Fact]
    public void Templates_recursion_and_children_are_resolved_as_sanoid_does() => AgreesWithSanoid(
        """
        # comments are lines of their own
        [tank]
            use_template = t1,t2
            recursive = yes
            process_children_only = yes
        [tank/a]
            hourly = 7
            use_template = t2
        [tank/a/b]
            skip_children = yes
            use_template = quiet
        [tank/n]
            recursive = yes
            hourly = 2
        [template_default]
            monthly = 1
        [template_t1]
            hourly = 1
            daily = 1
            weekly = 1
        [template_t2]
            daily = 0
            hourly = 3
        [template_quiet]
            autosnap = no
        """,
        "UTC", Every("2026-06-01T00:30:00", "1h", 6), "tank", "tank/a", "tank/a/b", "tank/a/b/c", "tank/a/d", "tank/n", "tank/n/m", "tank/x", "tank/x/y", "else", "else/where");

    [Fact]
    public void In_spring_the_hour_that_is_skipped_is_not_missed() => AgreesWithSanoid(
        "[tank/a]\n hourly = 30\n daily = 3\n monthly = 0\n daily_hour = 2\n daily_min = 30\n",
        "Europe/Vienna", Every("2026-03-28T22:30:00", "30m", 24), "tank/a");

    [Fact]
    public void In_autumn_the_second_of_two_equal_hours_has_a_name_of_its_own_as_with_sanoid() => AgreesWithSanoid(
        "[tank/a]\n hourly = 30\n daily = 0\n monthly = 0\n", "Europe/Vienna", Every("2026-10-24T22:00:00", "1h", 8), "tank/a");

    [Fact]
    public void In_autumn_quarters_of_both_hours_are_taken_and_the_day_only_once()
    {
        // sanoid takes no quarters in the second hour, and the day in both.
        var names = Simulated("[tank/a]\n frequently = 99\n hourly = 0\n daily = 9\n daily_hour = 2\n daily_min = 30\n monthly = 0\n", Vienna, Every("2026-10-24T23:45:00", "15m", 12), prune: false);
        Assert.Equal(12, names.Count(static n => n.EndsWith("_frequently", StringComparison.Ordinal)));
        Assert.Contains("tank/a@autosnap_2026-10-25_02:15:00_frequently", names);
        Assert.Contains("tank/a@autosnap_2026-10-25_02:15:00dst_frequently", names);
        Assert.Single(names, static n => n.StartsWith("tank/a@autosnap_2026-10-25_02:30:00", StringComparison.Ordinal) && n.EndsWith("_daily", StringComparison.Ordinal));
    }

    [Fact]
    public void A_day_that_the_month_does_not_have_is_its_last_one()
    {
        // sanoid stops with an error here.
        var names = Simulated("[tank/a]\n hourly = 0\n daily = 0\n monthly = 12\n monthly_mday = 31\n", DateTimeZone.Utc, Every("2027-01-31T00:00:00", "1d", 60), prune: false);
        Assert.Equal(["tank/a@autosnap_2027-01-31_00:00:00_monthly", "tank/a@autosnap_2027-02-28_00:00:00_monthly", "tank/a@autosnap_2027-03-31_00:00:00_monthly"], names);
    }

    [Fact]
    public void Children_of_an_atomic_section_are_pruned_and_not_taken()
    {
        var file = SanoidFile.Parse("[tank]\n recursive = zfs\n hourly = 2\n", "sanoid.conf");
        Assert.Equal([("tank", true, true), ("tank/a", false, false)], file.For(["tank", "tank/a"]).Select(static p => (p.Dataset, p.Take, p.TakesChildren)));
        Assert.All(file.For(["tank", "tank/a"]), static p => Assert.True(p.Prune));
    }

    [Theory]
    [InlineData("[tank]\n hurly = 3\n", "c:2: there is no setting 'hurly'")]
    [InlineData("[tank]\n hourly = many\n", "c:2: hourly must be a number")]
    [InlineData("[tank]\n use_template = gone\n", "c:2: there is no template 'gone'")]
    [InlineData("[tank]\n autosnap = perhaps\n", "c:2: autosnap must be yes or no")]
    [InlineData("hourly = 1\n", "c:1: a value before the first section")]
    [InlineData("[tank]\nhourly\n", "c:2: this is neither a section nor")]
    [InlineData("[tank]\n daily_warn = 3x\n", "c:2: daily_warn: '3x' has no unit")]
    public void What_is_wrong_is_said_with_its_line(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<SnapshotException>(() => SanoidFile.Parse(text, "c")).Message, StringComparison.Ordinal);

    [Fact]
    public void Ages_for_monitoring_have_units_or_the_next_finer_one()
    {
        var policy = SanoidFile.Parse("[tank]\n hourly_warn = 2880\n daily_crit = 60\n monthly_warn = 5\n yearly_crit = 2y\n", "c").For(["tank"])[0];
        Assert.Equal((2880 * 60, 360 * 60), (policy.Monitoring.Ages[Kind.Hourly].Warn, policy.Monitoring.Ages[Kind.Hourly].Critical));
        Assert.Equal((28 * 3600, 60 * 3600), (policy.Monitoring.Ages[Kind.Daily].Warn, policy.Monitoring.Ages[Kind.Daily].Critical));
        Assert.Equal(5 * 7 * 86_400, policy.Monitoring.Ages[Kind.Monthly].Warn);
        Assert.Equal(730 * 86_400, policy.Monitoring.Ages[Kind.Yearly].Critical);
    }
}
