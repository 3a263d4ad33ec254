using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>What a step must not do to the host is refused and told; what it leaves behind is ended and told.</summary>
public sealed class HostileTests
{
    private static readonly string[] Harmless = ["setxattr", "sethostname", "seccomp-listener"];

    public static TheoryData<string> Everyone => People.All;

    [Theory, MemberData(nameof(Everyone))]
    public void Nothing_that_would_change_the_view_the_kernel_or_the_host_succeeds(string who)
    {
        using var trial = new Trial(who);
        var outcome = trial.Exec(Programs.Path("forbidden"), trial.Host);
        var done = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.EndsWith(" done", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]);
        // It may signal its own processes, and nothing else is there to signal.
        Assert.Empty(done.Except([.. Harmless, "kill-outside"]));
        Assert.Contains("kill-outside", outcome.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(trial.Host));
        foreach (var call in new[] { "mount", "unshare", "setns", "chroot", "bpf", "open_by_handle_at", "userfaultfd", "keyctl", "io_uring_setup" })
            outcome.Trace.Tells("refused", call);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Writing_outside_the_workspace_is_refused_and_changes_nothing(string who)
    {
        using var trial = new Trial(who);
        var outside = trial.Write($"{trial.Host}/kept.txt", "kept\n");
        var outcome = trial.Sh($"echo gone > {outside}; rm -f {outside}; mv {outside} here; touch {trial.Host}/new; mkdir {trial.Host}/dir; chmod 777 {outside}; ln {outside} linked; true");
        Assert.Contains("Read-only file system", outcome.Said, StringComparison.Ordinal);
        Assert.Equal("kept\n", File.ReadAllText(outside));
        Assert.Equal([outside], Directory.GetFileSystemEntries(trial.Host));
        Assert.All(outcome.Trace.Writes.Keys, path => Assert.StartsWith(trial.Workspace, path, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_further_folder_may_be_written_when_asked_for(string who)
    {
        using var trial = new Trial(who);
        string[] command = ["exec", "--json", "--write", trial.Host, "--", "sh", "-c", $"echo new > {trial.Host}/new.txt"];
        Assert.Contains(trial.Host + "/new.txt", trial.Varve(command).Ran().Trace.Writes.Keys);
        File.Delete(trial.Host + "/new.txt");
        trial.Varve(command).WasReused();
        Assert.Equal("new\n", File.ReadAllText(trial.Host + "/new.txt"));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_daemon_is_ended_with_its_step_and_that_is_told(string who)
    {
        using var trial = new Trial(who);
        var daemon = Programs.Path("daemon");
        var clock = Stopwatch.StartNew();
        var outcome = trial.Exec(daemon, "late.txt").Succeeded();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60));
        outcome.Trace.Tells("leftover");
        Assert.Contains("outlived", outcome.Said, StringComparison.Ordinal);
        Thread.Sleep(2500);
        Assert.False(File.Exists(trial.At("late.txt")));
        Assert.Empty(ProcessesNamed(daemon));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Background_processes_that_keep_the_output_open_do_not_keep_the_step(string who)
    {
        using var trial = new Trial(who);
        var clock = Stopwatch.StartNew();
        trial.Sh("sleep 300 & echo started").Succeeded();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_Unix_socket_of_the_host_is_out_of_reach_and_the_attempt_is_told(string who)
    {
        using var trial = new Trial(who);
        var path = trial.Host + "/s";
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        File.SetUnixFileMode(path, (UnixFileMode)0x1FF);
        foreach (var way in new[] { "connect", "datagram", "second-message" })
        {
            var outcome = trial.Exec(Programs.Path("sockets"), way, path);
            Assert.Equal(3, outcome.ExitCode);
            outcome.Trace.Tells("ipc", path);
            Assert.Contains("ipc", outcome.Said, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_socket_of_the_host_is_out_of_reach_through_links_and_other_names(string who)
    {
        using var trial = new Trial(who);
        var path = trial.Host + "/s";
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        File.SetUnixFileMode(path, (UnixFileMode)0x1FF);
        var sockets = Programs.Path("sockets");
        File.CreateSymbolicLink(trial.At("alias"), path);
        File.CreateSymbolicLink(trial.At("folder"), trial.Host);
        foreach (var name in new[] { "alias", "folder/s", "/proc/self/cwd/alias", $"/../{path}", "made", "../host/s" })
        {
            var outcome = trial.Sh($"ln -sf {path} made; exec {sockets} connect {name}");
            Assert.True(outcome.ExitCode == 3, $"{name} was reached: {outcome.Output}");
            outcome.Trace.Tells("ipc");
        }
        server.Blocking = false;
        Assert.Throws<SocketException>(() => server.Accept());
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Sockets_and_FIFOs_between_its_own_processes_work(string who)
    {
        using var trial = new Trial(who);
        var sockets = Programs.Path("sockets");
        Assert.Equal("inside\n", trial.Exec(sockets, "serve", "own.sock").Succeeded().Output);
        Assert.Equal("through\n", trial.Exec(sockets, "fifo", "pipe").Succeeded().Output);
        var left = trial.Exec(sockets, "leave", "left.sock").Succeeded();
        left.Trace.Tells("ipc", "left.sock");
        Assert.False(Path.Exists(trial.At("left.sock")));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_FIFO_that_stays_is_recorded_and_put_back(string who)
    {
        using var trial = new Trial(who);
        Assert.Contains(trial.At("pipe"), trial.Exec("mkfifo", "pipe").Ran().Trace.Fifos);
        Assert.True(Path.Exists(trial.At("pipe")));
        File.Delete(trial.At("pipe"));
        trial.Exec("mkfifo", "pipe").WasReused();
        Assert.True(Path.Exists(trial.At("pipe")));
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void The_network_is_not_there_and_the_attempt_is_told_with_the_remedy(string kind)
    {
        foreach (var who in People.All.Select(row => row.Data))
        {
            using var trial = new Trial(who);
            var outcome = trial.Exec(Programs.Path("sockets"), kind, "192.0.2.7");
            Assert.Equal(3, outcome.ExitCode);
            outcome.Trace.Tells("network", "192.0.2.7:53");
            Assert.Contains("--net open", outcome.Said, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_network_that_namespaces_do_not_keep_apart_is_refused(string who)
    {
        using var trial = new Trial(who);
        var outcome = trial.Exec(Programs.Path("sockets"), "vsock", "host");
        Assert.Equal(3, outcome.ExitCode);
        outcome.Trace.Tells("network", "address family 40");
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Set_user_id_programs_give_no_powers(string who)
    {
        using var trial = new Trial(who);
        var program = $"{Grounds.Folder}/bin/powers-suid";
        if (!File.Exists(program))
        {
            File.Copy(Programs.Path("powers"), program);
            File.SetUnixFileMode(program, (UnixFileMode)0x9ED);
        }
        var said = trial.Exec(program).Succeeded().Output;
        if (People.IsOrdinary(who)) Assert.Equal("uid 1000 euid 1000 setuid 0 shadow 0\n", said);
        else Assert.StartsWith("uid 0 euid 0", said, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Randomness_and_facts_of_the_host_are_effects(string who)
    {
        using var trial = new Trial(who);
        trial.Exec("head", "-c", "8", "/dev/urandom").Succeeded().Trace.Tells("random");
        trial.Exec("cat", "/proc/cpuinfo").Succeeded().Trace.Tells("host", "/proc/cpuinfo");
        trial.Exec("uname", "-r").Succeeded().Trace.Tells("host", "uname");
        trial.Exec("date").Succeeded();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Other_peoples_processes_and_secrets_are_not_there(string who)
    {
        using var trial = new Trial(who);
        trial.Write($"{trial.Host}/.ssh/id_ed25519", "PRIVATE\n");
        trial.Write($"{trial.Host}/.netrc", "machine x password y\n");
        var outcome = trial.Sh($"cat {trial.Host}/.ssh/id_ed25519 {trial.Host}/.netrc; ls {trial.Home}; ls -d /proc/[0-9]* | wc -l; echo $HOME; ls -A $HOME /tmp; id -un");
        Assert.DoesNotContain("PRIVATE", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("password", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(trial.Host, outcome.Output, StringComparison.Ordinal);
        Assert.True(int.Parse(outcome.Output.Split('\n')[0]) < 8, outcome.Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_varve_inside_a_step_joins_it_and_says_so(string who)
    {
        using var trial = new Trial(who);
        trial.Write("a.txt", "a\n");
        var outcome = trial.Sh($"{Grounds.Program} exec -- cat a.txt > b.txt; echo after").Succeeded();
        Assert.Equal("after\n", outcome.Output);
        Assert.Contains("step", outcome.Said, StringComparison.Ordinal);
        Assert.Contains(trial.At("a.txt"), outcome.Trace.Reads.Keys);
        Assert.Equal("a\n", trial.Read("b.txt"));
        Assert.Equal(3, trial.Sh($"{Grounds.Program} exec -- sh -c 'exit 3'").ExitCode);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Two_hundred_short_processes_and_a_thousand_open_files_are_all_seen(string who)
    {
        using var trial = new Trial(who);
        var many = Programs.Path("many");
        var forks = trial.Exec(many, "processes", "200").Succeeded();
        Assert.Equal("200\n", forks.Output);
        Assert.Equal(200, forks.Trace.Writes.Count);
        for (var i = 0; i < 1500; i++) trial.Write($"in/{i}", "x");
        var open = trial.Sh($"ulimit -n 4096 2>/dev/null; exec {many} descriptors in").Succeeded();
        var opened = int.Parse(open.Output);
        Assert.True(opened >= 1000, open.Output);
        Assert.True(open.Trace.Reads.Keys.Count(path => path.StartsWith(trial.At("in/"), StringComparison.Ordinal)) >= opened);
    }

    private static IEnumerable<string> ProcessesNamed(string program) =>
        Tools.Run("sh", "-c", "readlink /proc/[0-9]*/exe").Said.Split('\n').Where(path => path == program);
}
