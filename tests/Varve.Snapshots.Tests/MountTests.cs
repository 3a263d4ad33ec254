using System.Diagnostics;
using System.Globalization;
using Varve.Snapshots.Mounting;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;
using Xunit;
using Place = Varve.Snapshots.Tests.Repository.Place;

namespace Varve.Snapshots.Tests;

/// <summary>A repository seen as a folder, through the kernel.</summary>
public sealed class MountTests
{
    private static string Target(Place place, string name = "mounted") => Directory.CreateDirectory($"{place.Root}/{name}").FullName;

    private static void NeedsFuse()
    {
        if (!File.Exists("/dev/fuse")) Assert.Skip("this kernel has no /dev/fuse");
        if (Environment.UserName != "root") Assert.Skip("only root can mount by itself");
    }

    private static void Mounted(Place place, Func<MountOptions, MountOptions>? change, Action<string> look, List<string>? warnings = null)
    {
        NeedsFuse();
        var target = Target(place);
        using var repository = place.Open();
        var options = new MountOptions { Target = target };
        using (Mount.Begin(repository, change is null ? options : change(options), line =>
        {
            if (warnings is not null) lock (warnings) warnings.Add(line);
        })) look(target);
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
    }

    private static void Fill(Place place)
    {
        place.Write("raster.tif", [.. Place.Noise(9_000_000, 1), .. new byte[3_000_000], .. Place.Noise(2_000_000, 2)]);
        for (var i = 0; i < 300; i++) place.Write($"many/{i}", $"file {i}");
        place.Write("deep/er/still", "deep");
        place.Write("empty", "");
        Place.Run("/bin/sh", "-c", """
            cd "$1" && ln -s raster.tif link && ln raster.tif hard && mkfifo fifo && mknod null c 1 3 && truncate -s 50M holes && printf end >> holes && printf x > "$(printf 'new\nline \377 name')" \
                && chmod 4751 empty && chown 1234:5678 deep/er/still && touch -d 1969-12-31T23:59:58.5Z deep && ln -s ../../outside up && ln -s /etc/passwd absolute
            """, "make", place.Source);
    }

    [Fact]
    public void A_snapshot_is_seen_as_it_was_saved()
    {
        using var place = new Place();
        Fill(place);
        place.Backup(static o => o with { Label = "one" });
        Mounted(place, o => o with { Snapshot = SnapshotOf(place, "one") }, target =>
        {
            Place.Run("/usr/bin/diff", "-r", "--no-dereference", "--exclude=fifo", "--exclude=null", place.Source, target);
            string Looks(string folder) => Place.Run("/bin/sh", "-c", """cd "$1" && find . -printf '%P|%y|%m|%U:%G|%T@|%l|%s\n' | grep -v '|d|' | LC_ALL=C sort""", "look", folder);
            Assert.Equal(Looks(place.Source), Looks(target));
            Assert.Equal(Place.Run("/usr/bin/stat", "-c", "%t:%T", $"{place.Source}/null"), Place.Run("/usr/bin/stat", "-c", "%t:%T", $"{target}/null"));
            var inodes = Place.Run("/usr/bin/stat", "-c", "%i %h", $"{target}/raster.tif", $"{target}/hard").Split('\n');
            Assert.Equal(inodes[0], inodes[1]);
            Assert.EndsWith(" 2", inodes[0], StringComparison.Ordinal);
            // A listing gives the numbers that a look gives.
            Assert.Equal(Place.Run("/bin/sh", "-c", "cd \"$1\" && ls -i1 many | sed 's/^ *//' | sort", "x", target), Place.Run("/bin/sh", "-c", "cd \"$1/many\" && stat -c '%i %n' * | sort", "x", target));
            Assert.Contains("fuse.varve", Place.Run("/bin/sh", "-c", "grep varve /proc/self/mounts", "x"), StringComparison.Ordinal);
            Assert.Throws<IOException>(() => File.WriteAllText($"{target}/new", "x"));
            Assert.NotEqual(0, Host.Local.Try(["sh", "-c", "echo x >> \"$1\"", "sh", $"{target}/raster.tif"]).Status);
            Assert.NotEqual(0, Host.Local.Try(["cat", $"{target}/null"]).Status);
            Assert.NotEqual(0, Host.Local.Try(["cat", $"{target}/not-there"]).Status);
            Assert.Equal("", Place.Run("/bin/sh", "-c", "getfattr -d \"$1\" 2>/dev/null || true", "x", target));
        });
    }

    private static string SnapshotOf(Place place, string name)
    {
        using var repository = place.Open();
        return repository.Find(name).Name;
    }

    [Fact]
    public void A_repository_is_a_folder_of_its_snapshots()
    {
        using var place = new Place();
        place.Write("a", "old");
        place.Backup(static o => o with { Label = "first/of all" });
        place.Write("a", "new");
        place.Backup();
        place.Backup(static o => o with { Label = new string('x', 300) });
        Mounted(place, null, target =>
        {
            var names = Directory.EnumerateDirectories(target).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
            Assert.Equal(4, names.Count);
            Assert.Contains("latest", names);
            var first = Assert.Single(names, static n => n!.EndsWith("_first_of all", StringComparison.Ordinal));
            Assert.Equal(("old", "new"), (File.ReadAllText($"{target}/{first}/a"), File.ReadAllText($"{target}/latest/a")));
            Assert.EndsWith($"_{SnapshotOf(place, "latest")[..12]}", new DirectoryInfo($"{target}/latest").LinkTarget, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_large_raster_is_read_at_any_place_and_what_is_kept_stays_within_bounds()
    {
        using var place = new Place();
        place.Write("raster", [.. Place.Noise(30_000_000, 1), .. new byte[2_000_000], .. Place.Noise(10_000_000, 2)]);
        place.Backup();
        var whole = File.ReadAllBytes($"{place.Source}/raster");
        Mounted(place, o => o with { Snapshot = SnapshotOf(place, "latest"), CacheBytes = 6_000_000 }, target => Parallel.For(0, 4, seed =>
        {
            var random = new Random(seed);
            using var file = File.OpenHandle($"{target}/raster");
            for (var i = 0; i < 100; i++)
            {
                var (at, into) = (random.NextInt64(whole.Length + 10), new byte[random.Next(1, 300_000)]);
                var got = RandomAccess.Read(file, into, at);
                Assert.Equal((int)Math.Clamp(whole.Length - at, 0, into.Length), got);
                Assert.True(whole.AsSpan((int)Math.Min(at, whole.Length), got).SequenceEqual(into.AsSpan(0, got)), $"at {at}, {got} bytes");
            }
        }));
    }

    [Fact]
    public void What_is_kept_of_chunks_never_grows_past_its_bound_and_a_failure_is_not_kept()
    {
        var cache = new ChunkCache(1000);
        for (var i = 0; i < 100; i++) Assert.Equal(i, cache.Get(new ChunkId((ulong)i, 0, 0, 1), 100, () => [(byte)i])[0]);
        Assert.Equal(1000, cache.Bytes);
        Assert.Throws<SnapshotException>(() => cache.Get(new ChunkId(7, 7, 7, 7), 10, static () => throw new SnapshotException("gone")));
        Assert.Equal(1, cache.Get(new ChunkId(7, 7, 7, 7), 10, static () => [1])[0]);
    }

    [Fact]
    public void A_damaged_chunk_is_an_error_of_its_file_alone_and_is_said()
    {
        using var place = new Place();
        place.Write("bad", Place.Noise(3_000_000, 1));
        place.Backup();
        place.Write("good", "fine");
        place.Backup();
        var pack = Directory.EnumerateFiles($"{place.Store}/packs", "*", SearchOption.AllDirectories).MaxBy(static f => new FileInfo(f).Length)!;
        var bytes = File.ReadAllBytes(pack);
        bytes[1_500_000] ^= 1;
        File.WriteAllBytes(pack, bytes);
        var warnings = new List<string>();
        Mounted(place, o => o with { Snapshot = SnapshotOf(place, "latest") }, target =>
        {
            Assert.Throws<IOException>(() => File.ReadAllBytes($"{target}/bad"));
            Assert.Equal("fine", File.ReadAllText($"{target}/good"));
        }, warnings);
        Assert.Contains(warnings, static w => w.Contains("damaged at byte", StringComparison.Ordinal));
    }

    [Fact]
    public void Hostile_sizes_parts_and_targets_are_errors_and_no_more()
    {
        using var place = new Place(RepositoryCipher.None);
        place.Backup();
        using var repository = place.Open();
        using var reader = new ChunkReader(repository);
        TreeEntry File(long size, params ContentPart[] parts) => new() { Kind = EntryKind.File, Name = "x"u8.ToArray(), Mode = 0x1FF, Uid = 0, Gid = 0, ModifiedNs = 0, Size = size, Content = new Content(parts, Indirect: false) };
        foreach (var bad in (TreeEntry[])[File(-5, new ContentPart(default, 5)), File(10), File(10, new ContentPart(default, long.MaxValue), new ContentPart(default, long.MaxValue)), File(long.MaxValue, new ContentPart(new ChunkId(1, 1, 1, 1), long.MaxValue))])
            Assert.Throws<InvalidDataException>(() => new OpenFile(bad, reader));
        // A hole as large as a number can say costs nothing.
        var into = new byte[] { 1, 2, 3 };
        Assert.Equal(3, new OpenFile(File(long.MaxValue, new ContentPart(default, long.MaxValue)), reader).Read(into, long.MaxValue - 3, reader, new ChunkCache(10)));
        Assert.Equal([0, 0, 0], into);
        Assert.Equal(0, new OpenFile(File(3, new ContentPart(default, 3)), reader).Read(into, -1, reader, new ChunkCache(10)));
        var server = new FuseServer(new MountedTree(repository, null), new ChunkCache(10), static _ => { });
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            // Whatever a kernel might send, cut off anywhere.
            var request = new byte[FuseRequest.HeadSize + random.Next(64)];
            random.NextBytes(request.AsSpan(FuseRequest.HeadSize));
            BitConverter.TryWriteBytes(request.AsSpan(4), random.Next(55));
            BitConverter.TryWriteBytes(request.AsSpan(16), (ulong)random.Next(3));
            server.Answer(new FuseRequest(request), new FuseAnswer(FuseServer.BufferSize), reader);
        }
    }

    private static VarveProgram VarveWithKeyOf(Place place)
    {
        var varve = new VarveProgram(Directory.CreateDirectory($"{place.Root}/home").FullName);
        varve.Variables["VARVE_KEY_FILE"] = $"{place.Root}/key";
        return varve;
    }

    private static void EndsCleanly(VarveProgram varve, Place place, string target, string[] mount, Func<Process, string[]> end)
    {
        using var process = varve.Start(mount);
        var error = process.StandardError.ReadToEndAsync();
        Assert.StartsWith($"mounted {place.Store} at {target}", process.StandardOutput.ReadLine() ?? error.Result, StringComparison.Ordinal);
        Place.Run("/usr/bin/diff", "-r", place.Source, $"{target}/latest");
        Place.Run(end(process)[0], end(process)[1..]);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)), "it did not end");
        Assert.True(process.ExitCode == 0, $"status {process.ExitCode}: {error.Result}");
        Assert.DoesNotContain(target, File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_ends_by_a_signal_and_by_an_unmount()
    {
        NeedsFuse();
        using var place = new Place();
        place.Write("a/b", Place.Noise(400_000, 1));
        place.Backup();
        var varve = VarveWithKeyOf(place);
        var target = Target(place);
        string[] mount = ["snap", "repo", "mount", place.Store, target];
        EndsCleanly(varve, place, target, mount, static p => ["/bin/kill", "-INT", p.Id.ToString(CultureInfo.InvariantCulture)]);
        EndsCleanly(varve, place, target, mount, _ => ["/bin/umount", target]);
        Assert.Contains("there is no folder", varve.Fail(2, "snap", "repo", "mount", place.Store, $"{place.Root}/absent"), StringComparison.Ordinal);
        Assert.Contains("is no folder", varve.Fail(2, "snap", "repo", "mount", place.Store, $"{place.Root}/key"), StringComparison.Ordinal);
        Assert.Contains("has no snapshot", varve.Fail(2, "snap", "repo", "mount", place.Store, target, "absent"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mount_whose_program_was_killed_is_said_by_every_command_and_ended_by_the_next_mount()
    {
        NeedsFuse();
        using var place = new Place();
        place.Write("a/b", Place.Noise(400_000, 1));
        place.Backup();
        var varve = VarveWithKeyOf(place);
        varve.Variables["VARVE_STATE"] = $"{place.Root}/state";
        var target = Target(place, "mounted here");
        string[] mount = ["snap", "repo", "mount", place.Store, target];
        void Kill()
        {
            using var process = varve.Start(mount);
            Assert.StartsWith("mounted", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
            process.Kill();
            process.WaitForExit();
        }
        Kill();
        string[][] looks = [["snap", "repo", "backup", place.Store, target], ["snap", "repo", "list", $"{target}/latest"], ["how", "../mounted here/latest/a/b"], ["data", "add", "land/cover", target], ["sync", target, $"repo:{place.Store}"]];
        Assert.All(looks, words => Assert.Contains($"at {target} there is still the mount of a varve that was killed: umount {target} ends it", varve.Run(words).Error, StringComparison.Ordinal));
        Assert.DoesNotContain("killed", varve.Run("snap", "repo", "backup", place.Store, $"{place.Root}/absent").Error, StringComparison.Ordinal);
        EndsCleanly(varve, place, target, mount, _ => ["/bin/umount", target]);
        Kill();
        Place.Run("/bin/umount", target);
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
    }

    [Fact]
    public void A_dead_mount_of_another_program_is_left_to_its_owner()
    {
        NeedsFuse();
        using var place = new Place();
        place.Backup();
        using var repository = place.Open();
        var target = Target(place);
        // A mount whose descriptor is closed before the first answer is as dead as one whose program was killed.
        Place.Run("/usr/bin/python3", "-c", "import ctypes, os, sys; d = os.open('/dev/fuse', os.O_RDWR); assert ctypes.CDLL(None).mount(b'x', sys.argv[1].encode(), b'fuse.other', 0, b'fd=%d,rootmode=40000,user_id=0,group_id=0' % d) == 0", target);
        try
        {
            Assert.Contains("not one of Varve's own", Assert.Throws<SnapshotException>(() => Mount.Begin(repository, new MountOptions { Target = target }, static _ => { })).Message, StringComparison.Ordinal);
        }
        finally
        {
            Place.Run("/bin/umount", target);
        }
    }

    /// <summary>/dev/fuse as udev makes it, which a host without udev lacks: for all, for the time of a test.</summary>
    private sealed class OpenDevice : IDisposable
    {
        private const string Device = "/dev/fuse";
        private readonly UnixFileMode _mode = File.GetUnixFileMode(Device);

        public OpenDevice() => File.SetUnixFileMode(Device, _mode | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

        public void Dispose() => File.SetUnixFileMode(Device, _mode);
    }

    [Fact]
    public async Task An_ordinary_user_mounts_through_fusermount3()
    {
        NeedsFuse();
        if (!File.Exists("/usr/bin/fusermount3")) Assert.Skip("fusermount3 is not installed (apt-get install fuse3)");
        using var open = new OpenDevice();
        using var place = new Place();
        place.Write("a/b", Place.Noise(400_000, 1));
        place.Write("secret", "of root");
        File.SetUnixFileMode($"{place.Source}/secret", UnixFileMode.None);
        place.Backup();
        var target = Target(place);
        Place.Run("/bin/sh", "-c", "chmod 755 \"$1\" && chmod -R a+rX \"$1/repository\" \"$1/key\" && chown 65534 \"$2\"", "x", place.Root, target);
        string[] Nobody(params string[] words) => ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", .. words];
        var program = $"{VarveProgram.Folder}/varve";
        if (Host.Local.Try(Nobody(program, "--help")).Status != 0) Assert.Skip("nobody may not run the program here");
        var start = new ProcessStartInfo("setpriv", [.. Nobody(program, "snap", "repo", "mount", place.Store, target)[1..]]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["VARVE_KEY_FILE"] = $"{place.Root}/key";
        start.Environment["XDG_CACHE_HOME"] = Directory.CreateDirectory($"{place.Root}/nobody").FullName;
        Place.Run("/bin/chown", "65534", $"{place.Root}/nobody");
        // One that is killed is followed by one that finds what it left.
        using (var killed = Process.Start(start)!)
        {
            Assert.StartsWith("mounted", await killed.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? "", StringComparison.Ordinal);
            killed.Kill();
            await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("mounted", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? await error, StringComparison.Ordinal);
        // Who mounts sees what the key opens, and nobody else sees anything, root included.
        Assert.Equal("of root", Host.Local.Run(Nobody("cat", $"{target}/latest/secret")));
        Assert.Equal(0, Host.Local.Try(Nobody("cmp", $"{place.Source}/a/b", $"{target}/latest/a/b")).Status);
        Assert.NotEqual(0, Host.Local.Try(["ls", $"{target}/latest"]).Status);
        Host.Local.Run(Nobody("fusermount3", "-u", target));
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)), "it did not end");
        Assert.True(process.ExitCode == 0, await error);
    }

    [Fact]
    public void A_repository_on_another_host_is_mounted_too()
    {
        NeedsFuse();
        using var place = new RemotePlace();
        place.Here.Write("raster", Place.Noise(5_000_000, 1));
        place.Init();
        place.Backup();
        var target = Target(place.Here);
        using var process = place.Varve.Start(place.Words("mount", target, "latest"));
        Assert.StartsWith("mounted", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        Place.Run("/usr/bin/cmp", $"{place.Here.Source}/raster", $"{target}/raster");
        Place.Run("/bin/umount", target);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)), "it did not end");
        Assert.Equal(0, process.ExitCode);
    }
}
