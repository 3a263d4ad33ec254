using Varve.Snapshots.Tests.Repository;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary><c>kill -9</c> at any instant of a sync: nothing that was there is lost on either side, and the same command finishes when it is run again.</summary>
public sealed class SyncKillTests
{
    private static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void Try(IVolumes volumes, string home, string source, string target, int seed)
    {
        var killing = new Killing(home, seed) { StartsPrograms = true };
        string[] sync = ["sync", source, target, "--no-sync-snap"];
        for (var round = 0; round <= Killing.Instants; round++)
        {
            File.WriteAllBytes($"{source}/big", Noise(500_000 + round, round));
            File.WriteAllText($"{source}/file", $"round {round}");
            volumes.Take([(source, $"round-{round:00}")], children: false);
            var (ours, theirs) = (volumes.Snapshots([source]), volumes.Snapshots([target]));
            if (round == 0)
            {
                killing.Finish(sync);
                continue;
            }
            var what = killing.Kill(sync);
            // Nothing is lost, and what is there is what the source has under that GUID.
            var (left, came) = (volumes.Snapshots([source]), volumes.Snapshots([target]));
            Assert.True(ours.Select(static s => s.Guid).SequenceEqual(left.Select(static s => s.Guid)), $"{what}: the source lost snapshots");
            Assert.True(theirs.All(t => came.Any(c => c.Guid == t.Guid)), $"{what}: the target lost snapshots");
            Assert.True(came.All(c => ours.Any(o => o.Guid == c.Guid && o.Name == c.Name)), $"{what}: the target has what the source has not");
            killing.Finish(sync);
            Assert.True(ours.Select(static s => (s.Name, s.Guid)).SequenceEqual(volumes.Snapshots([target]).Select(static s => (s.Name, s.Guid))), $"{what}: the next sync did not finish it");
            Assert.True(volumes.Snapshots([source, target]).All(static s => s.Holds == 0), $"{what}: a hold is left");
            Assert.Equal($"{Environment.MachineName}:{source}", volumes.Find(target)!.Note(Notes.Source));
            // The disks of the test are small.
            foreach (var dataset in (string[])[source, target])
                if (volumes.Snapshots([dataset]) is { Count: > 10 } all) volumes.Destroy(dataset, [all[0].Name]);
        }
        Assert.True(killing.Killed > 0, "no run was cut short");
    }

    [Fact]
    public void Between_two_btrfs()
    {
        using var f = new BtrfsFixture();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Try(f.Volumes, Directory.CreateDirectory(f.NewTarget("home")).FullName, source, target, seed: 11);
        var newest = f.Volumes.Snapshots([target])[^1].Name;
        Assert.Equal(File.ReadAllBytes($"{source}/big"), File.ReadAllBytes($"{target}/{BtrfsVolumes.Folder}/{newest}/big"));
    }

    [Fact]
    public void Between_two_folders()
    {
        using var f = new PlainFixture();
        var (source, target) = (f.NewDataset("source"), f.NewTarget("target"));
        Try(f.Volumes, Directory.CreateDirectory($"{f.Root}/home").FullName, source, target, seed: 12);
        var newest = f.Volumes.Snapshots([target])[^1].Name;
        Assert.Equal(File.ReadAllBytes($"{source}/big"), File.ReadAllBytes(f.CheckOut(target, newest) + "/big"));
    }
}
