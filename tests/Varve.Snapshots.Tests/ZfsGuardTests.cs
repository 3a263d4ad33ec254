using Varve.Snapshots.Keeping;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What a real ZFS lets happen to encrypted replicas, and that a sync does not.</summary>
[Trait("host", "zfs")]
[Collection("zfs guards")]
public sealed class ZfsGuardTests(ZfsMachine machine) : ZfsGround(machine)
{
    private static void IsRefused(TransferResult result, string words) => Assert.Contains(words, result.Failure, StringComparison.Ordinal);

    private string RawReplica(string source)
    {
        Take(source, "first", "one");
        var target = _f.NewTarget("replica");
        Succeeds(Run(source, target));
        Assert.Equal(KeyState.Unavailable, _f.Volumes.Find(target)!.Key);
        return target;
    }

    private void LoadKey(string dataset, string file = ZfsFixture.Key) => Machine.Host.Run(["zfs", "load-key", "-L", $"file://{file}", dataset]);

    [Fact]
    public void An_encrypted_dataset_goes_raw_by_itself_and_is_opened_by_its_key_only()
    {
        var source = _f.NewEncrypted("secret");
        var target = RawReplica(source);
        Take(source, "second", "two");
        Succeeds(Run(source, target));
        Assert.Equal(("raw", $"{ZfsMachine.Name}:{source}"), (_f.Volumes.Find(target)!.Note(Notes.Mode), _f.Volumes.Find(target)!.Note(Notes.Source)));
        Assert.Equal($"raw {Uri.EscapeDataString($"{ZfsMachine.Name}:{target}")}", _f.Volumes.Find(source)!.Note(Notes.Mode));
        Assert.ThrowsAny<SnapshotException>(() => _f.Read(target, "second"));
        LoadKey(target);
        Assert.Equal("two", _f.Read(target, "second"));
    }

    [Fact]
    public void The_disk_of_a_raw_replica_holds_neither_a_plain_byte_nor_the_passphrase()
    {
        var words = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(3000));
        var marker = System.Text.Encoding.ASCII.GetBytes(words[..60]);
        var (secret, open) = (_f.NewEncrypted("secret", passphrase: "passphrase-one"), _f.NewDataset("open"));
        Take(secret, "first", words);
        Succeeds(Run(secret, _f.NewTarget("replica")));
        Assert.False(Machine.DiskHolds("dst", marker) || Machine.DiskHolds("dst", "passphrase-one"u8));
        // The search would find it.
        Take(open, "first", words);
        Succeeds(Run(open, _f.NewTarget("copy")));
        Assert.True(Machine.DiskHolds("dst", marker));
    }

    [Fact]
    public void A_plain_increment_onto_a_raw_replica_is_refused_although_ZFS_would_take_it()
    {
        var source = _f.NewEncrypted("secret");
        var target = RawReplica(source);
        LoadKey(target);
        Take(source, "second", "two");
        IsRefused(Run(source, target, NoSnapshot with { Plain = true }), "has had raw streams so far");
        // Also when the notes are lost on both sides: the snapshots tell.
        foreach (var dataset in (string[])[source, target]) _f.Volumes.SetNote(dataset, Notes.Mode, "");
        IsRefused(Run(source, target, NoSnapshot with { Plain = true }), "has had raw streams so far");
        Succeeds(Run(source, target));
        Take(source, "third", "three");
        Succeeds(Run(source, target));

        // What it keeps from happening.
        Take(source, "fourth", "four");
        Machine.Run("zfs send -i @third \"$1@fourth\" | zfs receive -F -u \"$2\"", source, target);
        Take(source, "fifth", "five");
        var (status, _, words) = Machine.Host.Try(["sh", "-c", "zfs send -w -i @fourth \"$1@fifth\" | zfs receive -u \"$2\"", "sh", source, target]);
        Assert.True(status != 0 && words.Contains("IV set", StringComparison.Ordinal), words);
    }

    [Fact]
    public void A_plain_stream_is_refused_where_the_data_would_lie_in_plain_text()
    {
        var source = _f.NewEncrypted("secret");
        Take(source, "first", "one");
        var target = _f.NewTarget("leak");
        IsRefused(Run(source, target, NoSnapshot with { Plain = true }), "in plain text");
        Assert.Null(_f.Volumes.Find(target));
        var below = _f.NewEncrypted("vault", "dst") + "/copy";
        Succeeds(Run(source, below, NoSnapshot with { Plain = true }));
        Assert.Equal(KeyState.Available, _f.Volumes.Find(below)!.Key);
        Assert.Equal("one", _f.Read(below, "first"));
        Take(source, "second", "two");
        IsRefused(Run(source, below), "has had plain streams so far");
        Succeeds(Run(source, below, NoSnapshot with { Plain = true }));
    }

    [Fact]
    public void A_raw_replica_gets_no_snapshot_of_its_own()
    {
        var source = _f.NewEncrypted("secret");
        var target = RawReplica(source);
        Succeeds(Run(target, _f.NewTarget("further"), new SyncOptions()));
        Assert.Equal(["first"], _f.Volumes.Snapshots([target]).Select(static s => s.Name));
        var policy = Path.GetTempFileName() + ".toml";
        File.WriteAllText(policy, $"[snapshots.\"{target}\"]\nkeep = \"24h hourly\"\n");
        var keeper = new Keeper(Policy.PolicyFiles.Read(policy), _ => _f.Volumes, NodaTime.DateTimeZone.Utc);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.Contains("raw replica", Assert.Single(keeper.Take(keeper.Plan(now), now)).Failure, StringComparison.Ordinal);
        Assert.Equal(["first"], _f.Volumes.Snapshots([target]).Select(static s => s.Name));
        File.Delete(policy);

        // Where somebody took one all the same, it is named and stays.
        _f.Volumes.Take([(target, "own")], children: false);
        Take(source, "second", "two");
        IsRefused(Run(source, target), "own (20");
        Assert.Equal(["first", "own"], _f.Volumes.Snapshots([target]).Select(static s => s.Name));
    }

    [Fact]
    public void A_passphrase_changed_at_the_source_does_not_reach_the_replica_unsaid()
    {
        var source = _f.NewEncrypted("secret", passphrase: "passphrase-one");
        var target = RawReplica(source);
        Machine.Run("echo passphrase-two > /tmp/key2; zfs change-key -o keylocation=file:///tmp/key2 -o keyformat=passphrase \"$1\"", source);
        Take(source, "second", "two");
        IsRefused(Run(source, target), "was changed since the last sync");
        LoadKey(target, ZfsFixture.Passphrase);
        Machine.Run("zfs unload-key \"$1\"", target);
        var accepted = Run(source, target, NoSnapshot with { AcceptNewKey = true });
        Succeeds(accepted);
        Assert.Contains("new key or passphrase", Assert.Single(accepted.Warnings), StringComparison.Ordinal);
        Assert.ThrowsAny<SnapshotException>(() => LoadKey(target, ZfsFixture.Passphrase));
        LoadKey(target, "/tmp/key2");
    }

    [Fact]
    public void A_keyless_host_gets_raw_streams_only_and_a_key_that_is_loaded_there_is_noticed()
    {
        var (secret, open) = (_f.NewEncrypted("secret"), _f.NewDataset("open"));
        Take(open, "first", "one");
        var above = _f.NewTarget("keyless");
        Machine.Run("zfs create \"$1\"", above);
        _f.Volumes.SetNote(above, Notes.Keyless, "yes");
        IsRefused(Run(open, above + "/open"), "must not see plain data");
        Take(secret, "first", "one");
        IsRefused(Run(secret, above + "/secret", NoSnapshot with { Plain = true, PlainAtRest = true }), "keyless host");
        Succeeds(Run(secret, above + "/secret"));
        LoadKey(above + "/secret");
        Take(secret, "second", "two");
        IsRefused(Run(secret, above + "/secret"), "somebody has given it a key");
        Machine.Run("zfs unload-key \"$1\"", above + "/secret");
        Succeeds(Run(secret, above + "/secret"));
    }

    [Fact]
    public void A_raw_replica_is_not_sent_back_onto_what_it_came_from()
    {
        var source = _f.NewEncrypted("secret");
        var target = RawReplica(source);
        LoadKey(target);
        Machine.Run("zfs set readonly=off \"$1\"; zfs set mountpoint=\"/mnt/$1\" \"$1\"; zfs mount \"$1\" 2> /dev/null || grep -q \" /mnt/$1 \" /proc/mounts", target);
        Take(target, "later", "changed");
        IsRefused(Run(target, source, NoSnapshot with { Rollback = true }), "to a new dataset there");
        Succeeds(Run(target, source + "-back"));
        LoadKey(source + "-back");
        Assert.Equal("changed", _f.Read(source + "-back", "later"));
    }

    [Fact]
    public void A_raw_increment_goes_on_from_a_bookmark_when_its_snapshot_is_gone()
    {
        var source = _f.NewEncrypted("secret");
        var target = RawReplica(source);
        _f.Volumes.Destroy(source, ["first"]);
        Take(source, "second", "two");
        Take(source, "third", "three");
        var result = Run(source, target);
        Succeeds(result);
        Assert.StartsWith("varve-cursor", result.Planned.Base, StringComparison.Ordinal);
        LoadKey(target);
        Assert.Equal("three", _f.Read(target, "third"));
    }

    [Fact]
    public void A_cloned_snapshot_of_the_target_is_not_destroyed()
    {
        var source = _f.NewDataset("open");
        foreach (var name in (string[])["a", "b"]) Take(source, name, name);
        var target = _f.NewTarget("copy");
        Succeeds(Run(source, target));
        Machine.Run("zfs clone \"$1@a\" \"$1-clone\"", target);
        _f.Volumes.Destroy(source, ["a"]);
        Assert.Empty(Run(source, target, NoSnapshot with { DeleteTargetSnapshots = true }).Destroyed);
        Assert.Equal(["a", "b"], _f.Volumes.Snapshots([target]).Select(static s => s.Name));
    }

    [Fact]
    public void Properties_come_when_asked_for_but_nothing_is_mounted_and_no_note_is_copied()
    {
        var source = _f.NewDataset("open");
        Machine.Run("zfs set compression=gzip-9 \"$1\"; zfs set varve:keyless=no \"$1\"", source);
        Take(source, "first", "one");
        var target = _f.NewTarget("copy");
        Succeeds(Run(source, target, NoSnapshot with { Properties = true }));
        Assert.Equal("gzip-9 none no noauto - on", string.Join(' ', Machine.Run("zfs get -H -o value compression,mountpoint,mounted,canmount,varve:keyless,readonly \"$1\"", target).Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Take(source, "second", "two");
        Succeeds(Run(source, target, NoSnapshot with { Properties = true }));
    }

    [Fact]
    public void What_was_written_on_a_target_is_not_thrown_away_unsaid()
    {
        var source = _f.NewDataset("open");
        Take(source, "first", "one");
        var target = _f.NewTarget("copy");
        Succeeds(Run(source, target, NoSnapshot with { ReadOnlyTarget = false }));
        Machine.Run("zfs set mountpoint=\"/mnt/$1\" \"$1\"; zfs mount \"$1\" 2> /dev/null || grep -q \" /mnt/$1 \" /proc/mounts; echo mine > \"/mnt/$1/mine\"; sync", target);
        Take(source, "second", "two");
        IsRefused(Run(source, target), "was written to since first");
        Assert.Equal("mine\n", Machine.Run("cat \"/mnt/$1/mine\"", target));
        Succeeds(Run(source, target, NoSnapshot with { Rollback = true }));
    }
}
