using CsCheck;
using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What holds for every history of two hosts: one that works, and one that it is synced to.</summary>
public sealed class SyncLawTests
{
    private const string Here = "tank/data", There = "backup/data";
    private const long Epoch = 1_767_225_600;

    private enum Act
    {
        Write,
        Take,
        PruneHere,
        PruneThere,
        DestroyHere,
        TakeThere,
        Sync,
        SyncWithSnapshot,
        SyncNewest,
        BreakThenSync,
        Rollback,
    }

    private static int Histories => Environment.GetEnvironmentVariable("VARVE_TEST_ALL") == "1" ? 1_000_000 : 3000;

    /// <summary>Two hosts in memory, and what happened to them.</summary>
    private sealed class World
    {
        private readonly KeepRetention _keep = new([new KeepRule(Kind.Hourly, 2), new KeepRule(Kind.Daily, 2)]) { CountsBuckets = false };
        private int _taken;

        public MemoryVolumes Source { get; } = new() { Now = Epoch };

        public MemoryVolumes Target { get; } = new("peer") { Now = Epoch };

        public Dataset StateHere => ((IVolumes)Source).Find(Here)!;

        public World() => Source.Write(Here, "0");

        public void Advance(int minutes)
        {
            Source.Now += minutes * 60L;
            Target.Now += minutes * 60L;
        }

        public void Write() => Source.Write(Here, $"{Source.Read(Here)}.{_taken}");

        public void Take() => Source.Take([(Here, $"{KeepRetention.Prefix}{_taken++:0000}")], children: false);

        public void TakeThere()
        {
            if (((IVolumes)Target).Find(There) is not null) Target.Take([(There, $"own-{_taken++:0000}")], children: false);
        }

        public void DestroyHere()
        {
            if (Source.Snapshots([Here]).Where(static s => s.Holds == 0).ToList() is { Count: > 0 } all) Source.Destroy(Here, [all[_taken % all.Count].Name]);
        }

        public void Prune(MemoryVolumes volumes, string dataset)
        {
            if (((IVolumes)volumes).Find(dataset) is not { } state) return;
            var common = PeerNotes.Of(state).ToDictionary(static p => p.Value, static p => p.Key);
            var plan = PrunePlan.Make(volumes.Snapshots([dataset]), _keep, volumes.Now, new Commitments { CommonWithPeers = common });
            volumes.Destroy(dataset, [.. plan.Verdicts.Where(static v => v.Destroy).Select(static v => v.Snapshot.Name)]);
        }

        public TransferResult Sync(SyncOptions options) => Replication.Sync.Run(new Side(Source, Here), new Side(Target, There), options).Results[0];

        public HashSet<ulong> GuidsThere => [.. Target.Snapshots([There]).Select(static s => s.Guid)];

        public Snapshot? NewestThere => Target.Snapshots([There]) is { Count: > 0 } all ? all[^1] : null;
    }

    private static void Play(IEnumerable<(Act Act, int Minutes)> history, Action<World, Act, TransferResult?, HashSet<ulong>> law)
    {
        var world = new World();
        foreach (var (act, minutes) in history)
        {
            world.Advance(minutes);
            var before = world.GuidsThere;
            TransferResult? result = null;
            switch (act)
            {
                case Act.Write: world.Write(); break;
                case Act.Take: world.Take(); break;
                case Act.PruneHere: world.Prune(world.Source, Here); break;
                case Act.PruneThere: world.Prune(world.Target, There); break;
                case Act.DestroyHere: world.DestroyHere(); break;
                case Act.TakeThere: world.TakeThere(); break;
                case Act.Sync: result = world.Sync(new SyncOptions { SyncSnapshot = false }); break;
                case Act.SyncWithSnapshot: result = world.Sync(new SyncOptions()); break;
                case Act.SyncNewest: result = world.Sync(new SyncOptions { SyncSnapshot = false, Intermediates = false }); break;
                case Act.BreakThenSync:
                    world.Source.BreakAfter = minutes;
                    result = world.Sync(new SyncOptions { SyncSnapshot = false });
                    world.Source.BreakAfter = -1;
                    break;
                case Act.Rollback: result = world.Sync(new SyncOptions { SyncSnapshot = false, Rollback = true }); break;
            }
            law(world, act, result, before);
        }
    }

    private static Gen<(Act Act, int Minutes)[]> Of(params Act[] acts) => Gen.Select(Gen.Int[0, acts.Length - 1], Gen.Int[0, 300], (a, minutes) => (acts[a], minutes)).Array[1, 24];

    [Fact]
    public void A_sync_destroys_nothing_on_the_target_but_sync_snapshots_that_were_its_own() =>
        Of(Act.Write, Act.Take, Act.PruneHere, Act.DestroyHere, Act.TakeThere, Act.Sync, Act.SyncWithSnapshot, Act.SyncNewest, Act.BreakThenSync).Sample(static history =>
        {
            var names = new Dictionary<ulong, Snapshot>();
            Play(history, (world, _, result, before) =>
            {
                foreach (var snapshot in world.Target.Snapshots([There])) names[snapshot.Guid] = snapshot;
                if (result is null) return;
                foreach (var gone in before.Except(world.GuidsThere)) Assert.True(SyncNames.IsSyncSnapshot(names[gone]), $"{names[gone].Name} went");
            });
        }, iter: Histories);

    [Fact]
    public void After_a_sync_that_succeeded_the_target_has_what_the_source_has() =>
        Of([.. Enum.GetValues<Act>().Except([Act.DestroyHere])]).Sample(static history => Play(history, static (world, _, result, _) =>
        {
            if (result is not { Failure: "" }) return;
            var newest = world.Source.Snapshots([Here])[^1];
            Assert.Equal(newest.Guid, world.NewestThere!.Guid);
            Assert.Equal(world.Source.Read(Here, newest.Name), world.Target.Read(There, newest.Name));
            Assert.Equal(newest.Guid, PeerNotes.Of(world.StateHere)[$"peer:{There}"]);
            Assert.All(world.Source.Snapshots([Here]).Concat(world.Target.Snapshots([There])), static s => Assert.Equal(0, s.Holds));
        }), iter: Histories);

    [Fact]
    public void Prunes_on_both_sides_never_take_the_last_common_snapshot_and_an_increment_stays_possible() =>
        Of(Act.Write, Act.Take, Act.PruneHere, Act.PruneThere, Act.Sync, Act.SyncWithSnapshot, Act.SyncNewest, Act.BreakThenSync).Sample(static history =>
        {
            var synced = false;
            Play(history, (world, act, result, _) =>
            {
                if (synced && result is not null && act != Act.BreakThenSync)
                {
                    Assert.Equal("", result.Failure);
                    Assert.True(result.Planned.Action is TransferAction.Increment or TransferAction.Nothing, $"{result.Planned.Action}");
                }
                synced |= result is { Failure: "" };
                if (!synced) return;
                var known = PeerNotes.Of(world.StateHere)[$"peer:{There}"];
                Assert.Contains(known, world.Source.Snapshots([Here]).Select(static s => s.Guid));
                Assert.Contains(known, world.GuidsThere);
            });
        }, iter: Histories);

    [Fact]
    public void A_snapshot_destroyed_by_hand_leaves_a_cursor_from_which_the_next_sync_goes_on() =>
        Of(Act.Write, Act.Take, Act.DestroyHere, Act.Sync).Sample(static history =>
        {
            var synced = false;
            Play(history, (world, _, result, _) =>
            {
                if (synced && result is not null) Assert.NotEqual(TransferAction.Full, result.Planned.Action);
                synced |= result is { Failure: "" };
            });
        }, iter: Histories);
}
