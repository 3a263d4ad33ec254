using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>
/// `--strict`: two runs by different people, at different moments and on another number of processors, in workspaces of
/// their own with homes of their own, say and leave the same bytes.
/// </summary>
public sealed class StrictEndToEndTests
{
    private const string OneProcessor = "taskset";

    /// <summary>What a strict run of a script said, and the files it left, by one person after another.</summary>
    private static void AssertTheSameForAll(string script, Action<Trial>? prepare = null, params string[] files)
    {
        var known = new List<string>();
        foreach (var (who, alone) in new[] { (People.Me, false), (People.Ordinary, true) })
        {
            if (who == People.Ordinary && !People.All.Any(static p => p.Data == People.Ordinary)) Assert.Skip("only root can run as somebody else");
            using var trial = new Trial(who);
            prepare?.Invoke(trial);
            string[] words = [Grounds.Program, "exec", "--strict", "--quiet", "--", "sh", "-c", script];
            var outcome = Trial.Await(trial.Begin(alone ? [OneProcessor, "-c", "0", .. words] : words, trial.Workspace, [])).Succeeded();
            var left = files.Select(f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(trial.At(f)))));
            known.Add($"{outcome.Output}\n{string.Join('\n', left)}");
        }
        Assert.Equal(known[0], known[1]);
    }

    [Fact]
    public void The_shell_and_its_tools() =>
        AssertTheSameForAll("""
            date; date +%s.%N; sleep 0.1; date +%N; nproc; id; uname -a; whoami; hostname; echo $$
            od -An -N8 -tx1 /dev/urandom; head -c 100000 /dev/random | cksum; cat /proc/sys/kernel/random/uuid; mktemp -u
            cat /proc/cpuinfo /proc/meminfo /proc/uptime /proc/loadavg /proc/version /proc/self/status /proc/self/stat /proc/mounts
            echo 1 >a; echo 2 >b; touch -d 2001-02-03 c; stat a b c . /etc/passwd; ls -U; ls -li --full-time; find .; df .; du -a .
            (date; date) | cat | (cat; date); ulimit -a; ls /sys/devices/system/cpu
            """);

    [Fact]
    public void Dates_are_those_of_SOURCE_DATE_EPOCH_and_sleeping_passes_time()
    {
        using var trial = new Trial();
        var outcome = trial.Varve("exec", "--strict", "--quiet", "--", "sh", "-c", "date -u +%F; a=$(date +%s%3N); sleep 1.5; b=$(date +%s%3N); echo $((b - a))").Succeeded();
        var lines = outcome.Output.Split('\n');
        Assert.Equal("1980-01-01", lines[0]);
        Assert.InRange(int.Parse(lines[1]), 1500, 1502);
    }

    [Fact]
    public void Archives_and_compressed_files() =>
        AssertTheSameForAll("mkdir d; for i in 3 1 2; do date >d/$i; done; tar cf a.tar d; gzip -k a.tar; tar czf b.tgz d; sha256sum a.tar a.tar.gz b.tgz", files: ["a.tar", "a.tar.gz", "b.tgz"]);

    [Fact]
    public void Python() =>
        AssertTheSameForAll("""
            python3 - <<'EOF'
            import os, random, tempfile, threading, time, uuid, platform, resource, subprocess, multiprocessing
            print(random.random(), random.SystemRandom().random(), time.time(), time.monotonic(), time.perf_counter(), time.process_time())
            print(os.cpu_count(), len(os.sched_getaffinity(0)), multiprocessing.cpu_count(), os.getloadavg(), platform.platform(), platform.node())
            print(uuid.uuid4(), uuid.uuid1(), hash('x'), os.urandom(4), os.path.basename(tempfile.mkdtemp()), os.getpid(), os.getuid())
            print(os.stat('.'), os.listdir('/proc')[:0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, os.times())
            began = time.monotonic()
            print(threading.Event().wait(0.2), round(time.monotonic() - began, 2))
            print(subprocess.run(['sh', '-c', 'echo $$; date +%N'], capture_output=True).stdout)
            until = time.time() + 3
            while time.time() < until: pass
            print(time.time())
            for i in range(20): open(f'f{i * 7 % 20}', 'w').close()
            print(os.listdir('.'), [os.stat(n).st_mtime_ns for n in os.listdir('.')])
            EOF
            """);

    [Fact]
    public void C_programs_static_or_not_with_the_counter_of_cycles() =>
        AssertTheSameForAll("""
            cc -O1 -o dynamic clock.c && ./dynamic && cc -O1 -static -o static clock.c && ./static
            """, static trial => trial.Write("clock.c", """
            #define _GNU_SOURCE
            #include <sched.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/auxv.h>
            #include <sys/random.h>
            #include <sys/stat.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>
            #include <x86intrin.h>
            int main(void)
            {
                struct timespec t;
                struct timeval v;
                unsigned processor, random[4];
                memcpy(random, (void *)getauxval(AT_RANDOM), 16);
                printf("%08x %08x vdso %lu\n", random[0], random[3], getauxval(AT_SYSINFO_EHDR));
                for (int clock = 0; clock < 8; clock++) clock_gettime(clock, &t), printf("%d: %ld.%09ld\n", clock, (long)t.tv_sec, t.tv_nsec);
                gettimeofday(&v, NULL);
                printf("%ld %ld %ld %ld\n", (long)v.tv_sec, (long)v.tv_usec, (long)time(NULL), (long)clock());
                printf("%llu ", (unsigned long long)__rdtsc());
                printf("%llu %d\n", (unsigned long long)__rdtscp(&processor), sched_getcpu());
                if (getrandom(random, 16, 0) != 16) return 1;
                printf("%08x %08x %ld %ld\n", random[0], random[3], sysconf(_SC_NPROCESSORS_ONLN), sysconf(_SC_PHYS_PAGES));
                char name[] = "tmpXXXXXX";
                if (mkstemp(name) < 0) return 1;
                struct stat s;
                stat(name, &s);
                printf("%s %ld %lu %p\n", name, (long)s.st_mtime, (unsigned long)s.st_ino, (void *)&t);
                unlink(name);
                return 0;
            }
            """));

    [Fact]
    public void Make_with_as_many_jobs_as_there_are_processors_and_it_is_not_fooled() =>
        AssertTheSameForAll("""
            make -s -j$(nproc) && ./a && echo 'int main(void){return 3;}' >b.c && make -j$(nproc) && make && ls -l --full-time
            """, static trial =>
        {
            trial.Write("Makefile", "all: a b\n%: %.c\n\tcc -o $@ $<\n");
            trial.Write("a.c", "#include <stdio.h>\nint main(void){puts(__DATE__ \" \" __TIME__);}\n");
            trial.Write("b.c", "int main(void){return 0;}\n");
        }, "a", "b");

    [Fact]
    public void Go_which_reads_clocks_and_chance_by_itself()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/go"), "Go is not installed");
        AssertTheSameForAll("./hello", static trial =>
        {
            trial.Write("hello.go", """
                package main
                import ("crypto/rand"; "fmt"; "os"; "runtime"; "time")
                func main() {
                    t := time.Now()
                    b := make([]byte, 8)
                    rand.Read(b)
                    fmt.Printf("%d %d %x %d\n", t.UnixNano(), runtime.NumCPU(), b, os.Getuid())
                    time.Sleep(200 * time.Millisecond)
                    fmt.Println(time.Since(t).Round(time.Millisecond), time.Now().Unix())
                    m := map[int]int{}
                    for i := 0; i < 8; i++ { m[i] = i }
                    for k := range m { fmt.Print(k, " ") }
                }
                """);
            Trial.Await(trial.Begin(["env", $"GOCACHE={trial.Host}/go", "CGO_ENABLED=0", "go", "build", "hello.go"], trial.Workspace, [])).Succeeded();
        });
    }

    [Fact]
    public void A_tool_of_GDAL_and_its_processors() =>
        AssertTheSameForAll("""
            gdal_create -of GTiff -outsize 200 100 -bands 1 -burn 7 -a_srs EPSG:4326 -a_ullr 0 10 20 0 -co COMPRESS=DEFLATE -co NUM_THREADS=ALL_CPUS a.tif
            gdalwarp -q -multi -wo NUM_THREADS=ALL_CPUS -t_srs EPSG:3857 -r cubic a.tif b.tif
            gdal_translate -q -of PNG b.tif c.png
            """, files: ["a.tif", "b.tif", "c.png"]);

    [Fact]
    public void Waits_that_a_clock_ends_end_when_they_should_and_the_clock_tells()
    {
        using var trial = new Trial();
        var outcome = trial.Varve("exec", "--strict", "--quiet", "--", "python3", "-c", """
            import asyncio, queue, select, signal, socket, subprocess, threading, time
            def took(name, work):
                real, began = time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.monotonic()
                try: work()
                except (queue.Empty, subprocess.TimeoutExpired, TimeoutError): pass
                print(name, round(time.monotonic() - began, 2))
            a, b = socket.socketpair()
            a.settimeout(0.3)
            took('sleep', lambda: time.sleep(0.3))
            took('event', lambda: threading.Event().wait(0.3))
            took('queue', lambda: queue.Queue().get(timeout=0.3))
            took('select', lambda: select.select([a], [], [], 0.3))
            took('socket', lambda: a.recv(1))
            took('asyncio', lambda: asyncio.run(asyncio.sleep(0.3)))
            took('child', lambda: subprocess.run(['sleep', '0.3']))
            took('in time', lambda: subprocess.run(['sleep', '0.3'], timeout=20))
            took('too late', lambda: subprocess.run(['sleep', '20'], timeout=0.3))
            took('signal', lambda: signal.sigtimedwait([signal.SIGUSR1], 0.3))
            """).Succeeded();
        foreach (var line in outcome.Output.TrimEnd().Split('\n')) Assert.InRange(double.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture), 0.29, 0.35);
    }

    [Fact]
    public void Strictness_is_part_of_a_step_and_is_shown_and_its_recomputation_is_strict()
    {
        using var trial = new Trial();
        trial.Varve("exec", "--", "sh", "-c", "date +%N >out").Succeeded();
        var lax = trial.Read("out");
        var first = trial.Varve("exec", "--strict", "--", "sh", "-c", "date +%N >out").Succeeded();
        Assert.Contains("varve: ran", first.Error, StringComparison.Ordinal);
        Assert.NotEqual(lax, trial.Read("out"));
        Assert.Contains("reused", trial.Varve("exec", "--strict", "--", "sh", "-c", "date +%N >out").Succeeded().Error, StringComparison.Ordinal);
        var shown = JsonDocument.Parse(trial.Varve("show", "out", "--json").Succeeded().Output).RootElement;
        Assert.Contains("strict", shown.GetProperty("options").EnumerateArray().Select(static o => o.GetString()));
        Assert.DoesNotContain(shown.GetProperty("effects").EnumerateArray(), static e => e.GetProperty("kind").GetString() is "clock" or "random");
        Assert.Contains("same", trial.Varve("recompute", "out").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("--strict", trial.Varve("exec", "--help").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Documents_and_scripts_are_strict_by_option_by_attribute_and_by_setting()
    {
        using var trial = new Trial();
        trial.Write("doc.md", "```sh name=one strict=yes\ndate +%F >one\n```\n\n```sh name=two\ndate +%F >two\n```\n");
        trial.Varve("run", "doc.md").Succeeded();
        Assert.Equal("1980-01-01\n", trial.Read("one"));
        Assert.NotEqual("1980-01-01\n", trial.Read("two"));
        trial.Varve("run", "--strict", "doc.md").Succeeded();
        Assert.Equal("1980-01-01\n", trial.Read("two"));
        Assert.Contains("2 the same", trial.Varve("recompute", "--strict", "doc.md").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("strict=yes", trial.Varve("export", "one", "--as", "md").Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal("1980-01-01\n", trial.Varve("sh", "--strict", "-c", "x=$(date +%F); echo $x").Succeeded().Output);
        trial.Write("varve.toml", "strict = true\n");
        Assert.Equal("1980-01-01\n", trial.Varve("exec", "-q", "--", "date", "+%F").Succeeded().Output);
        trial.Write("wrong.md", "```sh name=one strict=maybe\ntrue\n```\n");
        Assert.Contains("strict=maybe: it is yes or no", trial.Varve("run", "wrong.md").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_strictness_does_not_fix_is_told()
    {
        using var trial = new Trial();
        var told = trial.Varve("exec", "--strict", "--json", "--", "python3", "-c", "import os\nopen('/proc/self/maps').read()\np = os.fork()\nif p == 0: os._exit(0)\nos.wait4(p, 0)").Succeeded();
        Assert.Contains("/proc/PID/maps, which --strict leaves as it is", told.Error, StringComparison.Ordinal);
        Assert.Contains("how long a child worked", told.Error, StringComparison.Ordinal);
    }
}
