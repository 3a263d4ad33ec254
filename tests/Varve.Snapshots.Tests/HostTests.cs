using Varve.Snapshots.Volumes;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Calls on another host, behind a real ssh: one shell answers many of them.</summary>
public sealed class HostTests
{
    private sealed class There : IDisposable
    {
        private readonly Sshd sshd = new();

        public There() => Host = Host.Remote("root@127.0.0.1", new SshOptions { Arguments = ["-F", sshd.Config], Program = Path.Combine(sshd.PathWithCount.Split(':')[0], "ssh") });

        public Host Host { get; }

        public string Folder { get; } = Directory.CreateTempSubdirectory("varve-host-").FullName;

        public int Channels => sshd.Calls();

        public string[] Counted => ["sh", "-c", "echo >> \"$1\"; wc -l < \"$1\"", "sh", $"{Folder}/count"];

        public void Dispose()
        {
            Host.Dispose();
            sshd.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }

    [Fact]
    public void A_call_gives_its_status_output_and_errors_as_they_are()
    {
        using var there = new There();
        Assert.Equal((7, "a\n\nb", "oops\nagain"), there.Host.Try(["sh", "-c", "printf 'a\\n\\nb'; echo oops >&2; echo again >&2; exit 7"]));
        Assert.Equal((255, "", ""), there.Host.Try(["sh", "-c", "exit 255"]));
        foreach (var word in (string[])["", "'", "a\nb\n", "$(touch pwned)", "`x`", "\"$N\"", "\\", "é\t\r", "*", "-n", new string('x', 50_000)])
            Assert.Equal((0, $"<{word}>", ""), there.Host.Try(["printf", "<%s>", word]));
        Assert.Equal((0, "", ""), there.Host.Try(["cat"]));
        Assert.Equal(300_000, there.Host.Run(["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' 'y'"]).Length);
        Assert.Equal("given", there.Host.Run(["cat"], "given"));
        // One for the shell, and one for what reads its input.
        Assert.Equal(2, there.Channels);
    }

    [Fact]
    public void What_was_asked_ahead_is_asked_once_and_serves_only_while_nothing_else_is_asked()
    {
        using var there = new There();
        there.Host.Expect(there.Counted);
        there.Host.Expect(["echo", "second"]);
        Assert.Equal("1\n", there.Host.Run(there.Counted));
        Assert.Equal("second\n", there.Host.Run(["echo", "second"]));
        there.Host.Expect(there.Counted);
        Assert.Equal("else\n", there.Host.Run(["echo", "else"]));
        Assert.Equal("3\n", there.Host.Run(there.Counted));
    }

    [Fact]
    public void The_same_holds_for_this_host()
    {
        using var there = new There();
        Host.Local.Expect(there.Counted);
        Assert.Equal("1\n", Host.Local.Run(there.Counted));
        Assert.Equal("2\n", Host.Local.Run(there.Counted));
    }

    [Fact]
    public void Threads_that_ask_at_once_get_their_own_answers()
    {
        using var there = new There();
        there.Host.Run(["true"]);
        Parallel.For(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, i => Assert.Equal($"{i}\n", there.Host.Run(["sh", "-c", "sleep 0.01; echo $1", "sh", $"{i}"])));
    }

    [Fact]
    public void A_shell_that_was_ended_there_fails_the_call_and_the_next_call_has_another()
    {
        using var there = new There();
        var failed = Assert.Throws<SnapshotException>(() => there.Host.Run(["sh", "-c", "kill -9 $(ps -o ppid= -p $PPID)"]));
        Assert.StartsWith("root@127.0.0.1: ", failed.Message, StringComparison.Ordinal);
        Assert.Equal("yes\n", there.Host.Run(["echo", "yes"]));
    }

    [Fact]
    public void A_channel_that_stands_ready_takes_any_stream()
    {
        using var there = new There();
        var noise = new byte[3_000_000];
        new Random(1).NextBytes(noise);
        there.Host.Run(["true"]);
        foreach (var ready in (bool[])[true, false])
        {
            if (ready) there.Host.ExpectStream();
            using (var end = new ProcessEnd(there.Host, ["sh", "-c", "mkdir -p \"$1\"\ncat > \"$1/$2\"", "sh", there.Folder, "new\nline"], receives: true))
            {
                end.Bytes.Write(noise);
                end.Complete();
            }
            Assert.Equal(noise, File.ReadAllBytes($"{there.Folder}/new\nline"));
            if (ready) there.Host.ExpectStream();
            using var back = new ProcessEnd(there.Host, ["cat", $"{there.Folder}/new\nline"], receives: false);
            var came = new MemoryStream();
            back.Bytes.CopyTo(came);
            back.Complete();
            Assert.Equal(noise, came.ToArray());
            using var fails = new ProcessEnd(there.Host, ["sh", "-c", "echo no >&2; exit 3"], receives: false);
            fails.Bytes.CopyTo(Stream.Null);
            Assert.EndsWith("no", Assert.Throws<SnapshotException>(fails.Complete).Message, StringComparison.Ordinal);
        }
    }
}
