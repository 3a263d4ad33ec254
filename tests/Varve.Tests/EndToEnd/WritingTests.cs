using System.Diagnostics;
using System.Text;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Everything a step leaves different in the workspace is recorded, put in place, and brought back.</summary>
public sealed class WritingTests
{
    public static TheoryData<string> Everyone => People.All;

    /// <summary>Name, what stands there first (a script), the step, and what must then be true (a script).</summary>
    public static TheoryData<string, string, string, string> Changes => new()
    {
        { "append", "echo 1 > f", "echo 2 >> f", "test \"$(cat f)\" = \"1\n2\"" },
        { "truncate in place", "echo long text > f", "printf x 1<> f; truncate -s 1 f", "test \"$(cat f)\" = x" },
        { "overwrite a part", "echo abc > f", "printf X 1<> f", "test \"$(cat f)\" = Xbc" },
        { "rename over an input", "echo new > n; echo old > f", "cat f; mv n f", "test \"$(cat f)\" = new && test ! -e n" },
        { "rename a folder", "mkdir -p d/e; echo x > d/e/f", "mv d moved", "test \"$(cat moved/e/f)\" = x && test ! -e d" },
        { "rename a folder and change it", "mkdir d; echo x > d/f", "mv d m; echo y > m/f; echo z > m/g; rmdir d 2>/dev/null || true", "test \"$(cat m/f m/g)\" = \"y\nz\"" },
        { "exchange names through a third", "echo a > a; echo b > b", "mv a t; mv b a; mv t b", "test \"$(cat a b)\" = \"b\na\"" },
        { "folder removed and made again", "mkdir d; echo x > d/old", "rm -r d; mkdir d; echo y > d/new", "test -e d/new && test ! -e d/old" },
        { "file becomes a folder", "echo x > f", "rm f; mkdir f; echo y > f/y", "test \"$(cat f/y)\" = y" },
        { "folder becomes a file", "mkdir f; echo x > f/x", "rm -r f; echo y > f", "test \"$(cat f)\" = y" },
        { "delete", "echo x > f; mkdir d; echo y > d/y", "rm f; rm -r d", "test ! -e f && test ! -e d" },
        { "delete what it made", "true", "echo x > f; rm f; mkdir -p a/b; rm -r a", "test ! -e f && test ! -e a" },
        { "made executable", "echo x > f", "chmod 755 f", "test -x f" },
        { "executable no more", "echo x > f; chmod 755 f", "chmod 644 f", "test $(stat -c %a f) = 644" },
        { "folder mode", "mkdir d; chmod 755 d", "chmod 750 d", "test $(stat -c %a d) = 750" },
        { "hard links", "true", "echo x > a; ln a b", "test $(stat -c %i a) = $(stat -c %i b) && test \"$(cat b)\" = x" },
        { "hard link to an input", "echo x > a", "ln a b", "test \"$(cat b)\" = x" },
        { "symbolic links", "mkdir d", "ln -s nowhere a; ln -s ../f d/b; ln -s d c; echo x > c/through", "test \"$(readlink a)\" = nowhere && test \"$(readlink d/b)\" = ../f && test -L c && test \"$(cat d/through)\" = x" },
        { "a link replaced by a file", "echo x > t; ln -s t f", "rm f; echo y > f", "test ! -L f && test \"$(cat f)\" = y && test \"$(cat t)\" = x" },
        { "a file replaced by a link", "echo x > f; echo y > t", "ln -sf t f", "test -L f && test \"$(cat f)\" = y" },
        { "empty file and empty folder", "true", "touch e; mkdir -p x/y", "test -f e && test -d x/y" },
        { "unreadable for others", "true", "umask 077; echo x > f; mkdir d; echo y > d/y", "test $(stat -c %a f) = 600 && test $(stat -c %a d) = 700" },
        { "without write permission", "true", "mkdir d; echo x > d/f; chmod 444 d/f; chmod 555 d", "test $(stat -c %a d) = 555 && test \"$(cat d/f)\" = x" },
        { "open while deleted", "echo x > f", "exec 3< f; rm f; cat <&3 > g", "test ! -e f && test \"$(cat g)\" = x" },
        { "names with spaces and more", "true", "printf x > 'a b'; printf y > \"$(printf 'new\\nline')\"; printf z > '-n'; mkdir 'o,p:q\\r'; echo u > 'o,p:q\\r/v'", "test \"$(cat 'a b' ./-n)\" = xz && test -e 'o,p:q\\r/v'" },
        { "large file", "true", "head -c 30000000 /dev/zero | tr '\\0' x > f", "test $(stat -c %s f) = 30000000" },
        { "time stamps", "true", "touch -d 2001-02-03T04:05:06Z f", "test $(stat -c %Y f) = 981173106" },
    };

    [Theory, MemberData(nameof(Changes))]
    public void What_a_step_changes_is_what_the_plain_command_changes(string name, string before, string step, string holds)
    {
        foreach (var who in People.All.Select(row => row.Data))
        {
            using var plain = new Trial(who);
            using var trial = new Trial(who);
            plain.Plain(plain.Workspace, "sh", "-ec", before).Succeeded();
            plain.Plain(plain.Workspace, "sh", "-ec", "umask 022\n" + step).Succeeded();
            trial.Plain(trial.Workspace, "sh", "-ec", before).Succeeded();
            trial.Exec("sh", "-ec", step).Ran();
            plain.Plain(plain.Workspace, "sh", "-ec", holds).Succeeded();
            trial.Plain(trial.Workspace, "sh", "-ec", holds).Succeeded();
            Assert.True(Listing(plain) == Listing(trial), $"{name}, {who}: plain\n{Listing(plain)}\nunder varve\n{Listing(trial)}");

            // From the state before, the known result is put in place without running, and is the same again.
            var after = Listing(trial);
            trial.Plain(trial.Workspace, "sh", "-c", "chmod -R u+rwX . ; find . -mindepth 1 -delete").Succeeded();
            trial.Plain(trial.Workspace, "sh", "-ec", before).Succeeded();
            trial.Exec("sh", "-ec", step).WasReused();
            Assert.True(after == Listing(trial), $"{name}, {who}: first\n{after}\nreused\n{Listing(trial)}");
        }
    }

    private static string Listing(Trial trial) =>
        trial.Plain(trial.Workspace, "sh", "-c", "find . -printf '%P %y %m %n %l\\n' | sort; find . -type f -print0 | sort -z | xargs -0r sha256sum").Output;

    [Theory, MemberData(nameof(Everyone))]
    public void A_name_that_is_not_UTF_8_is_recorded_by_its_bytes_and_brought_back(string who)
    {
        using var trial = new Trial(who);
        trial.Plain(trial.Workspace, "bash", "-c", "printf in > $'in\\xff\\xfe'").Succeeded();
        const string script = "cat \"$(printf 'in\\377\\376')\" > \"$(printf 'out\\370')\"";
        var outcome = trial.Sh(script).Ran();
        Assert.Contains(outcome.Trace.PathBytes("reads"), b => b.AsSpan().EndsWith(new byte[] { (byte)'n', 0xFF, 0xFE }));
        Assert.Contains(outcome.Trace.PathBytes("writes"), b => b.AsSpan().EndsWith(new byte[] { (byte)'t', 0xF8 }));
        trial.Plain(trial.Workspace, "bash", "-c", "rm $'out\\xf8'").Succeeded();
        trial.Sh(script).WasReused();
        Assert.Equal("in", trial.Plain(trial.Workspace, "bash", "-c", "cat $'out\\xf8'").Output);
        trial.Plain(trial.Workspace, "bash", "-c", "printf other > $'in\\xff\\xfe'").Succeeded();
        trial.Sh(script).Ran();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_command_that_is_not_UTF_8_is_run_as_it_is(string who)
    {
        using var trial = new Trial(who);
        var outcome = trial.Plain(trial.Workspace, "bash", "-c", $"{Grounds.Program} exec --quiet -- printf '%s' $'\\xff\\xe2' | od -An -tx1");
        Assert.Equal("ff e2", outcome.Output.Trim());
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_path_of_more_than_4096_bytes_is_recorded_or_refused_by_name(string who)
    {
        using var trial = new Trial(who);
        var made = trial.Exec(Programs.Path("deep"), "make");
        if (made.ExitCode == 0)
        {
            Assert.Equal("bottom\n", trial.Plain(trial.Workspace, Programs.Path("deep"), "read").Output);
            var read = trial.Exec(Programs.Path("deep"), "read").Succeeded();
            Assert.Contains(read.Trace.Reads.Keys, path => path.EndsWith("/bottom", StringComparison.Ordinal));
        }
        else
        {
            made.Trace.Tells("refused", "path");
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_path_too_deep_to_name_that_is_there_already_is_recorded_or_refused_by_name(string who)
    {
        using var trial = new Trial(who);
        trial.Plain(trial.Workspace, Programs.Path("deep"), "make").Succeeded();
        var read = trial.Exec(Programs.Path("deep"), "read");
        if (read.ExitCode == 0) Assert.Contains(read.Trace.Reads.Keys, path => path.EndsWith("/bottom", StringComparison.Ordinal));
        else read.Trace.Tells("refused", "path");
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_listing_of_a_hundred_thousand_names_is_kept_whole(string who)
    {
        using var trial = new Trial(who);
        trial.Plain(trial.Workspace, "sh", "-c", "mkdir d; cd d; seq 100000 | xargs touch").Succeeded();
        var clock = Stopwatch.StartNew();
        var outcome = trial.Sh("ls -U d | wc -l").Ran();
        Assert.Equal("100000\n", outcome.Output);
        Assert.Contains(trial.At("d"), outcome.Trace.Listings.Keys);
        trial.Sh("ls -U d | wc -l").WasReused();
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"{clock.Elapsed}");
        trial.Write("d/one-more", "");
        trial.Sh("ls -U d | wc -l").Ran();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_sparse_file_of_4_GB_takes_neither_its_size_on_disk_nor_minutes(string who)
    {
        using var trial = new Trial(who);
        var clock = Stopwatch.StartNew();
        const string script = "truncate -s 4G big; printf end | dd of=big bs=1 seek=4294967290 conv=notrunc status=none";
        trial.Sh(script).Ran();
        File.Delete(trial.At("big"));
        trial.Sh(script).WasReused();
        Assert.Equal(4L << 30, new FileInfo(trial.At("big")).Length);
        var blocks = long.Parse(trial.Plain(trial.Workspace, "sh", "-c", $"du -sk {trial.Home} {trial.Workspace} | awk '{{ n += $1 }} END {{ print n }}'").Output);
        Assert.True(blocks < 100_000, $"{blocks} KiB on disk");
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"{clock.Elapsed}");
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_workspace_in_tmp_works_though_the_step_has_a_tmp_of_its_own(string who)
    {
        foreach (var place in new[] { "/tmp", "/var/tmp" })
        {
            using var trial = new Trial(who, place);
            trial.Write("a.txt", "a\n");
            var outcome = trial.Sh("cat a.txt > b.txt; echo private > /tmp/mine; ls /tmp").Ran();
            Assert.Contains("mine", outcome.Output, StringComparison.Ordinal);
            Assert.False(File.Exists("/tmp/mine"));
            Assert.Equal("a\n", trial.Read("b.txt"));
            trial.Sh("cat a.txt > b.txt; echo private > /tmp/mine; ls /tmp").WasReused();
        }
    }

    [Fact]
    public void Attributes_are_not_there_for_a_step_and_programs_go_on_without()
    {
        using var trial = new Trial();
        trial.Write("a.txt", "a\n");
        Assert.Equal("a\n", trial.Sh("cp -a a.txt b.txt && cat b.txt").Succeeded().Output);
        Assert.Equal(Encoding.UTF8.GetBytes("a\n"), File.ReadAllBytes(trial.At("b.txt")));
    }
}
