using NodaTime;
using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Policies carried out, on volumes in memory.</summary>
public sealed class KeeperTests
{
    private const long Start = 1_767_225_600;
    private readonly MemoryVolumes _volumes = new() { Now = Start };

    private Keeper Keeper(IPolicyFile file, bool dryRun = false, bool consent = false) => new(file, _ => _volumes, DateTimeZone.Utc) { DryRun = dryRun, Consent = consent };

    private static VarveFile Own(string settings) => VarveFile.Parse($"[snapshots.tank]\n{settings}\n", "s.toml");

    private List<Deed> Run(Keeper keeper)
    {
        var now = _volumes.Now;
        var plans = keeper.Plan(now);
        var deeds = keeper.Take(plans, now).ToList();
        deeds.AddRange(keeper.Prune(keeper.DryRun ? plans : keeper.Plan(now)));
        return deeds;
    }

    private string[] Names(string dataset = "tank") => [.. _volumes.Snapshots([dataset]).Select(static s => s.Name)];

    [Fact]
    public void A_day_of_runs_leaves_what_the_simulation_says()
    {
        _volumes.Write("tank", "");
        var file = Own("keep = \"5 hourly, 2 daily\"");
        var simulation = new Simulation(file, [], DateTimeZone.Utc);
        for (var i = 0; i < 60; i++)
        {
            Assert.All(Run(Keeper(file)), static d => Assert.Equal("", d.Failure));
            simulation.Run(_volumes.Now, prune: true);
            _volumes.Now += 1800;
        }
        Assert.Equal(simulation.Left.Select(static s => s.Name), Names());
    }

    [Fact]
    public void A_dry_run_says_the_same_and_does_nothing()
    {
        _volumes.Write("tank", "");
        Assert.Equal("take", Assert.Single(Run(Keeper(Own("keep = \"5 hourly\""), dryRun: true))).Action);
        Assert.Empty(Names());
    }

    [Fact]
    public void One_snapshot_that_cannot_be_destroyed_does_not_keep_the_others()
    {
        _volumes.Write("tank", "");
        var file = Own("keep = \"1 hourly\"");
        for (var i = 0; i < 4; i++, _volumes.Now += 3600) _ = Keeper(file).Take(Keeper(file).Plan(_volumes.Now), _volumes.Now);
        var plans = Keeper(file).Plan(_volumes.Now);
        // Somebody makes a clone between the plan and the prune.
        _volumes.SetCloned("tank", Names()[1], cloned: true);
        var deeds = Keeper(file).Prune(plans);
        Assert.Equal(["", "has clones", ""], deeds.Select(static d => d.Failure.Contains("has clones", StringComparison.Ordinal) ? "has clones" : d.Failure));
        Assert.Equal(2, Names().Length);
    }

    [Fact]
    public void A_prune_of_more_than_the_stated_share_waits_for_a_yes()
    {
        _volumes.Write("tank", "");
        for (var i = 0; i < 60; i++, _volumes.Now += 3600) Run(Keeper(Own("keep = \"100 hourly\"")));
        var shrunk = Own("keep = \"10 hourly\"");
        Assert.Contains(Run(Keeper(shrunk)), static d => d.Failure.Contains("more than 50 %", StringComparison.Ordinal));
        Assert.True(Names().Length >= 60);
        Run(Keeper(shrunk, consent: true));
        Assert.Equal(10, Names().Length);
    }

    [Fact]
    public void The_newest_common_with_a_peer_stays_and_an_unknown_peer_stops_the_prune()
    {
        _volumes.Write("tank", "");
        var file = Own("keep = \"1 hourly\"");
        for (var i = 0; i < 5; i++, _volumes.Now += 3600) _ = Keeper(file).Take(Keeper(file).Plan(_volumes.Now), _volumes.Now);
        Assert.Contains(Keeper(Own("keep = \"1 hourly\"\npeers = [\"backup:x\"]")).Prune(Keeper(Own("keep = \"1 hourly\"\npeers = [\"backup:x\"]")).Plan(_volumes.Now)), static d => d.Failure.Contains("backup:x", StringComparison.Ordinal));
        var second = _volumes.Snapshots(["tank"])[1];
        _volumes.SetNote("tank", Notes.Peers, PeerNotes.With(_volumes.Datasets("tank", false)[0], "backup:x", second.Guid));
        Run(Keeper(file));
        Assert.Contains(second.Name, Names());
        Assert.Equal(2, Names().Length);
    }

    [Fact]
    public void Hooks_get_sanoids_variables_and_a_failing_one_can_stop_the_snapshot()
    {
        var log = Path.GetTempFileName();
        _volumes.Write("tank", "");
        var script = $"env | grep ^SANOID_ | sort >> {log}; [ $SANOID_SCRIPT != pre ]";
        Run(Keeper(SanoidFile.Parse($"[tank]\nhourly=1\ndaily=1\nmonthly=0\npre_snapshot_script = {script}\npost_snapshot_script = {script}\nforce_post_snapshot_script = yes\n", "c")));
        Assert.Equal(["autosnap_2026-01-01_00:00:00_daily", "autosnap_2026-01-01_00:00:00_hourly"], Names());
        Assert.Equal(
            """
            SANOID_SCRIPT=pre
            SANOID_SNAPNAME=autosnap_2026-01-01_00:00:00_daily
            SANOID_SNAPNAMES=autosnap_2026-01-01_00:00:00_daily,autosnap_2026-01-01_00:00:00_hourly
            SANOID_TARGET=tank
            SANOID_TARGETS=tank
            SANOID_TYPES=daily,hourly
            SANOID_PRE_FAILURE=1
            SANOID_SCRIPT=post
            SANOID_SNAPNAME=autosnap_2026-01-01_00:00:00_daily
            SANOID_SNAPNAMES=autosnap_2026-01-01_00:00:00_daily,autosnap_2026-01-01_00:00:00_hourly
            SANOID_TARGET=tank
            SANOID_TARGETS=tank
            SANOID_TYPES=daily,hourly

            """, File.ReadAllText(log));
        File.Delete(log);
        _volumes.Write("other", "");
        var stopped = Run(Keeper(SanoidFile.Parse("[other]\nhourly=1\npre_snapshot_script = false\nno_inconsistent_snapshot = yes\n", "c")));
        Assert.All(stopped, static d => Assert.Contains("not taken", d.Failure, StringComparison.Ordinal));
        Assert.Empty(Names("other"));
    }

    [Fact]
    public void A_hook_that_does_not_end_is_ended()
    {
        _volumes.Write("tank", "");
        var deeds = Run(Keeper(SanoidFile.Parse("[tank]\nhourly=1\npre_snapshot_script = sleep 60\nscript_timeout = 1\nno_inconsistent_snapshot = yes\n", "c")));
        Assert.All(deeds, static d => Assert.Contains("did not end within 1 s", d.Failure, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_one_run_at_a_time_has_the_lock()
    {
        var folder = Directory.CreateTempSubdirectory("varve-lock-").FullName;
        using (var first = RunLock.Take(folder))
        {
            Assert.NotNull(first);
            Assert.Null(RunLock.Take(folder));
        }
        using var next = RunLock.Take(folder);
        Assert.NotNull(next);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Monitoring_speaks_as_sanoid_does()
    {
        _volumes.Write("tank", "");
        var file = SanoidFile.Parse("[tank]\nhourly=2\ndaily=2\nmonthly=0\n", "c");
        string Said(long later) => Monitors.Snapshots(Keeper(file).Plan(Start + later), [], Start + later) is var report ? $"{report.Status} {report.Text}" : "";
        Assert.Equal("2 CRIT: tank has no daily snapshots at all!, CRIT: tank has no hourly snapshots at all!", Said(0));
        Run(Keeper(file));
        Assert.Equal("0 OK: all monitored datasets (tank) have fresh snapshots", Said(60));
        Assert.Equal("1 WARN: tank newest hourly snapshot is 1h 56m 40s old (should be < 1h 30m 0s)", Said(7000));
        Assert.Equal("2 CRIT: tank newest daily snapshot is 1d 23h 13m 20s old (should be < 1d 8h 0m 0s), CRIT: tank newest hourly snapshot is 1d 23h 13m 20s old (should be < 6h 0m 0s)", Said(170_000));
        Assert.Contains("varve_snapshot_age_seconds{dataset=\"tank\",kind=\"hourly\"} 7000\n", Monitors.Prometheus(Keeper(file).Plan(Start + 7000), Start + 7000), StringComparison.Ordinal);
    }
}
