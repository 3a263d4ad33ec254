using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>However a step gets at a file's bytes: the file and its digest are in the trace, or the step is refused and it says so.</summary>
public sealed class HostileReadTests
{
    private const string Secret = "the bytes that were read\n";
    private static readonly string SecretDigest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Secret)));

    public static TheoryData<string> Everyone => People.All;

    public static TheoryData<string, string> Ways
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var way in new[] { "opath", "opath-parent", "devfd", "openat2", "mmap", "sendfile", "hardlink", "linkfd", "symlink", "rename", "copy", "deleted", "vfork" })
                foreach (var who in People.All) data.Add(way, who.Data);
            return data;
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public void A_file_read_in_an_unusual_way_is_in_the_trace(string way, string who)
    {
        var reader = Programs.Path("reader");
        using var trial = new Trial(who);
        var input = trial.Write("input.txt", Secret);
        var outcome = trial.Exec(reader, way, "input.txt").Succeeded();
        Assert.StartsWith(Secret, outcome.Output, StringComparison.Ordinal);
        Assert.Equal(SecretDigest, outcome.Trace.Reads.GetValueOrDefault(input));

        // And it counts: other bytes, another run.
        Directory.Delete(trial.Workspace, recursive: true);
        Directory.CreateDirectory(trial.Workspace);
        People.Named(who).Own(trial.Workspace);
        trial.Write("input.txt", "others\n");
        Assert.StartsWith("others\n", trial.Exec(reader, way, "input.txt").Ran().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dirfd")]
    [InlineData("fchdir")]
    [InlineData("cwd")]
    [InlineData("openat2-root")]
    [InlineData("rename-folder")]
    public void A_file_reached_through_a_folder_is_in_the_trace(string way)
    {
        var reader = Programs.Path("reader");
        foreach (var who in People.All.Select(row => row.Data))
        {
            using var trial = new Trial(who);
            var input = trial.Write("folder/input.txt", Secret);
            var outcome = trial.Exec(reader, way, "folder", way == "openat2-root" ? "/input.txt" : "input.txt").Succeeded();
            Assert.Equal(Secret, outcome.Output);
            Assert.Equal(SecretDigest, outcome.Trace.Reads.GetValueOrDefault(input));
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Io_uring_is_refused_so_that_nothing_is_opened_unseen(string who)
    {
        using var trial = new Trial(who);
        trial.Write("input.txt", Secret);
        var outcome = trial.Exec(Programs.Path("uring"), "input.txt");
        Assert.Equal(3, outcome.ExitCode);
        Assert.DoesNotContain(Secret, outcome.Output, StringComparison.Ordinal);
        outcome.Trace.Tells("refused", "io_uring_setup");
        Assert.Contains("io_uring_setup", outcome.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int80", "32-bit")]
    [InlineData("x32", "x32")]
    public void Calls_of_another_kind_are_refused(string kind, string told)
    {
        foreach (var who in People.All.Select(row => row.Data))
        {
            using var trial = new Trial(who);
            var input = trial.Write("input.txt", Secret);
            var outcome = trial.Exec(Programs.Path("foreign"), kind, input);
            Assert.Equal(3, outcome.ExitCode);
            Assert.DoesNotContain(Secret, outcome.Output, StringComparison.Ordinal);
            outcome.Trace.Tells("refused", told);
            Assert.Contains("refused", outcome.Said, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_32_bit_program_is_refused_by_name(string who)
    {
        using var trial = new Trial(who);
        trial.Write("input.txt", Secret);
        var outcome = trial.Exec(Programs.Path("reader", "-m32", "-Wno-all"), "mmap", "input.txt");
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.DoesNotContain(Secret, outcome.Output, StringComparison.Ordinal);
        outcome.Trace.Tells("refused", "32-bit");
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_static_program_is_observed_like_any_other(string who)
    {
        var reader = Programs.Path("reader", "-static");
        using var trial = new Trial(who);
        var input = trial.Write("input.txt", Secret);
        var outcome = trial.Exec(reader, "openat2", "input.txt").Succeeded();
        Assert.Equal(SecretDigest, outcome.Trace.Reads.GetValueOrDefault(input));
        Assert.Contains(reader, outcome.Trace.Reads.Keys);
        trial.Exec(reader, "openat2", "input.txt").WasReused();
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_Go_program_is_observed_like_any_other(string who)
    {
        Tools.Require("go", "golang-go");
        using var trial = new Trial(who);
        var source = $"{Grounds.Folder}/bin/read.go";
        lock (Secret)
        {
            File.WriteAllText(source, """
                package main

                import (
                	"fmt"
                	"os"
                	"sync"
                )

                func main() {
                	var wait sync.WaitGroup
                	for i := 0; i < 50; i++ {
                		wait.Add(1)
                		go func(i int) {
                			defer wait.Done()
                			os.ReadFile(fmt.Sprintf("in-%d", i))
                		}(i)
                	}
                	wait.Wait()
                	text, _ := os.ReadFile("input.txt")
                	os.Stdout.Write(text)
                }
                """);
            if (!File.Exists($"{Grounds.Folder}/bin/read-go"))
            {
                var (code, said) = Tools.Run("env", "HOME=" + Grounds.Folder, "GOFLAGS=-modcacherw", "go", "build", "-o", $"{Grounds.Folder}/bin/read-go", source);
                Assert.SkipUnless(code == 0, $"go cannot build: {said}");
            }
        }
        for (var i = 0; i < 50; i += 2) trial.Write($"in-{i}", $"{i}");
        var input = trial.Write("input.txt", Secret);
        var outcome = trial.Exec($"{Grounds.Folder}/bin/read-go").Succeeded();
        Assert.Equal(Secret, outcome.Output);
        Assert.Contains(input, outcome.Trace.Reads.Keys);
        for (var i = 0; i < 50; i++)
        {
            if (i % 2 == 0) Assert.Contains(trial.At($"in-{i}"), outcome.Trace.Reads.Keys);
            else Assert.Contains(trial.At($"in-{i}"), outcome.Trace.Absent);
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_script_and_its_interpreter_and_the_tools_it_runs_are_in_the_trace(string who)
    {
        using var trial = new Trial(who);
        var inner = trial.WriteTool("inner", "#!/bin/sh\ncat /dev/null\n");
        var outer = trial.WriteTool("outer", $"#! {inner} argument\nnot read by a shell\n");
        var outcome = trial.Exec(outer).Succeeded();
        Assert.Contains(outer, outcome.Trace.Reads.Keys);
        Assert.Contains(inner, outcome.Trace.Reads.Keys);
        Assert.Contains(outer, outcome.Trace.Programs);
        Assert.Contains(outcome.Trace.Reads.Keys, path => path.EndsWith("/dash", StringComparison.Ordinal) || path.EndsWith("/bash", StringComparison.Ordinal));
        Assert.Contains(outcome.Trace.Programs, path => path.EndsWith("/cat", StringComparison.Ordinal));
        Assert.Contains(outcome.Trace.Reads.Keys, path => path.Contains("ld-linux-x86-64", StringComparison.Ordinal));
        Assert.Contains(outcome.Trace.Reads.Keys, path => path.EndsWith("/libc.so.6", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_program_executed_by_descriptor_is_in_the_trace(string who)
    {
        using var trial = new Trial(who);
        var program = Programs.Path("powers");
        var outcome = trial.Exec(Programs.Path("reader"), "fexecve", program).Succeeded();
        Assert.StartsWith("uid ", outcome.Output, StringComparison.Ordinal);
        Assert.Contains(program, outcome.Trace.Reads.Keys);
        Assert.Contains(program, outcome.Trace.Programs);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Libraries_loaded_at_run_time_or_forced_in_are_in_the_trace(string who)
    {
        using var trial = new Trial(who);
        var library = Programs.Path("plugin", "-DPLUGIN", "-shared", "-fPIC");
        var loader = Programs.Path("plugin");
        var outcome = trial.Exec(loader, library).Succeeded();
        Assert.Equal("42\n", outcome.Output);
        Assert.Contains(library, outcome.Trace.Reads.Keys);
        var forced = trial.Exec("env", "LD_PRELOAD=" + library, "cat", "/dev/null").Succeeded();
        Assert.Contains(library, forced.Trace.Reads.Keys);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_read_through_links_records_each_link_and_the_target(string who)
    {
        using var trial = new Trial(who);
        var input = trial.Write("real/input.txt", Secret);
        File.CreateSymbolicLink(trial.At("folder"), "real");
        File.CreateSymbolicLink(trial.At("real/alias"), "input.txt");
        var outcome = trial.Exec("cat", "folder/alias").Ran();
        Assert.Equal("real", outcome.Trace.Followed[trial.At("folder")]);
        Assert.Equal("input.txt", outcome.Trace.Followed[trial.At("real/alias")]);
        Assert.Equal(SecretDigest, outcome.Trace.Reads[input]);
        trial.Exec("cat", "folder/alias").WasReused();

        trial.Write("other/alias", "elsewhere\n");
        File.Delete(trial.At("folder"));
        File.CreateSymbolicLink(trial.At("folder"), "other");
        Assert.Equal("elsewhere\n", trial.Exec("cat", "folder/alias").Ran().Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void Every_target_of_a_link_that_is_swapped_while_it_is_read_is_in_the_trace(string who)
    {
        using var trial = new Trial(who);
        trial.Write("first", "first\n");
        trial.Write("second", "second\n");
        File.CreateSymbolicLink(trial.At("pointer"), "first");
        var outcome = trial.Exec(Programs.Path("swap"), "pointer", "first", "second", "3000").Succeeded();
        var read = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(read);
        foreach (var name in read) Assert.Contains(trial.At(name), outcome.Trace.Reads.Keys);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_debugger_in_the_step_hides_nothing(string who)
    {
        using var trial = new Trial(who);
        var input = trial.Write("input.txt", Secret);
        var outcome = trial.Exec(Programs.Path("trace"), "input.txt");
        if (outcome.Output == Secret) Assert.Equal(SecretDigest, outcome.Trace.Reads.GetValueOrDefault(input));
        else outcome.Trace.Tells("refused", "ptrace");
    }
}
