using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>What Varve saw of a real build, held against what `gcc -MD` and `strace` saw of the same build.</summary>
public sealed partial class OracleTests
{
    private const int Files = 60;

    public static TheoryData<string> Everyone => People.All;

    private static void WriteProject(Trial trial)
    {
        Tools.Require("gcc", "gcc");
        Tools.Require("make", "make");
        var random = new Random(7);
        var objects = string.Join(' ', Enumerable.Range(0, Files).Select(i => $"obj/f{i}.o"));
        trial.Write("Makefile", $"""
            CFLAGS = -O1 -Iinclude/first -Iinclude/second -MD
            prog: obj/main.o lib.a
            	gcc -o $@ obj/main.o lib.a -lm
            lib.a: {objects}
            	rm -f $@
            	ar rcsD $@ $^
            obj/%.o: src/%.c | obj
            	gcc $(CFLAGS) -c $< -o $@
            obj:
            	mkdir obj
            clean:
            	rm -rf obj lib.a prog
            -include $(wildcard obj/*.d)

            """);
        var main = new StringBuilder("#include <stdio.h>\n");
        for (var i = 0; i < Files; i++)
        {
            var folder = i % 3 == 0 ? "first" : "second";
            trial.Write($"include/{folder}/h{i}.h", $"#ifndef H{i}\n#define H{i}\n{(i > 0 ? $"#include \"h{random.Next(i)}.h\"\n" : "")}int f{i}(int);\n#define V{i} {random.Next(100)}\n#endif\n");
            trial.Write($"src/f{i}.c", $"#include <stdlib.h>\n#include <math.h>\n#include \"h{i}.h\"\n#include \"h{random.Next(Files)}.h\"\nint f{i}(int x) {{ return x * V{i} + {(i > 0 ? $"f{random.Next(i)}(x)" : "1")}; }}\n".Replace("int f", $"{string.Concat(Enumerable.Range(0, i).Select(n => $"int f{n}(int);"))}\nint f", StringComparison.Ordinal));
            main.Append($"int f{i}(int);\n");
        }
        trial.Write("src/main.c", $"{main}int main(void) {{ printf(\"%d\\n\", f{Files - 1}(3)); return 0; }}\n");
    }

    private static string Bytes(Trial trial) =>
        trial.Plain(trial.Workspace, "sh", "-c", "find . -type f ! -name '*.d' -print0 | sort -z | xargs -0 sha256sum").Succeeded().Output;

    [Theory, MemberData(nameof(Everyone))]
    public void A_build_is_the_plain_build_byte_for_byte_is_reused_and_after_an_edit_is_as_a_clean_one(string who)
    {
        using var plain = new Trial(who);
        using var trial = new Trial(who);
        WriteProject(plain);
        WriteProject(trial);
        plain.Plain(plain.Workspace, "make", "-s", "-j2").Succeeded();
        var built = trial.Exec("make", "-s", "-j2").Ran();
        Assert.Equal(Bytes(plain), Bytes(trial));
        foreach (var path in Dependencies.ListedBy(trial, trial.At("obj"), atLeast: Files * 3))
            Assert.True(built.Trace.Reads.ContainsKey(path), $"gcc read {path}, and the trace does not have it");

        // A built tree is another state than an empty one: the second make finds nothing to do, the third is known.
        trial.Exec("make", "-s", "-j2").Succeeded();
        trial.Exec("make", "-s", "-j2").WasReused();
        Assert.Equal(Bytes(plain), Bytes(trial));

        foreach (var each in new[] { plain, trial })
        {
            var source = File.ReadAllText(each.At("src/f17.c"));
            each.Write("src/f17.c", source + "int extra17(void) { return 17; }\n");
        }
        plain.Plain(plain.Workspace, "make", "-s", "clean").Succeeded();
        plain.Plain(plain.Workspace, "make", "-s", "-j2").Succeeded();
        trial.Exec("make", "-s", "-j2").Ran();
        Assert.Equal(Bytes(plain), Bytes(trial));

        var header = File.ReadAllText(trial.At("include/first/h0.h"));
        foreach (var each in new[] { plain, trial }) each.Write("include/first/h0.h", header.Replace("#define V0 ", "#define V0 1", StringComparison.Ordinal));
        plain.Plain(plain.Workspace, "make", "-s", "clean").Succeeded();
        plain.Plain(plain.Workspace, "make", "-s", "-j2").Succeeded();
        trial.Exec("make", "-s", "-j2").Ran();
        Assert.Equal(Bytes(plain), Bytes(trial));
    }

    [Theory, MemberData(nameof(Everyone))]
    public void The_trace_holds_every_path_that_strace_saw_succeed(string who)
    {
        Tools.Require("strace", "strace");
        using var plain = new Trial(who);
        using var trial = new Trial(who);
        WriteProject(plain);
        WriteProject(trial);
        // The plain build runs with the variables a step has, as far as they decide where programs look.
        var log = plain.Host + "/strace.log";
        var straced = plain.Plain(plain.Workspace, "strace", "-f", "-y", "-qq", "-s", "4096", "-e", "trace=%file", "-o", log, "make", "-s", "-j2");
        Assert.SkipUnless(straced.ExitCode == 0, $"strace cannot trace here: {straced.Error}");
        var trace = trial.Exec("make", "-s", "-j2").Ran().Trace;
        var missing = Paths(File.ReadLines(log), plain.Workspace).Select(path => path.Replace(plain.Workspace, trial.Workspace, StringComparison.Ordinal))
            .Where(path => !IsOwn(path) && !trace.Knows(path) && !trace.Knows(Dependencies.Real(path))).ToArray();
        Assert.True(missing.Length == 0, $"{missing.Length} paths that strace saw are not in the trace: {string.Join(", ", missing.Take(10))}");
        Assert.True(trace.Absent.Count > 50);
    }

    [GeneratedRegex("""/st[A-Za-z0-9]{6}$""", RegexOptions.NonBacktracking)]
    private static partial Regex TemporaryOfAr();

    [GeneratedRegex("""^\d+ +\w+\((?:(?:AT_FDCWD|\d+)(?:<(?<folder>[^>]*)>)?, )?"(?<path>(?:[^"\\]|\\.)*)".*\) = (?!-1)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Success();

    private static HashSet<string> Paths(IEnumerable<string> lines, string workspace)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (Success().Match(line) is not { Success: true } match || match.Groups["path"].Length == 0) continue;
            var folder = match.Groups["folder"] is { Success: true, Length: > 0 } named ? named.Value : workspace;
            paths.Add(Path.GetFullPath(match.Groups["path"].Value, folder));
        }
        Assert.True(paths.Count > 200, "strace's log was not understood");
        return paths;
    }

    /// <summary>Places that are a step's own, or that hold nothing but facts of the kernel.</summary>
    private static bool IsOwn(string path) =>
        // ar's temporary file has another name each time.
        TemporaryOfAr().IsMatch(path) || path is "/" or "/etc/ld.so.cache" or "/etc/passwd" or "/etc/group" || path.StartsWith("/tmp", StringComparison.Ordinal)
        || path.StartsWith("/proc", StringComparison.Ordinal) || path.StartsWith("/dev", StringComparison.Ordinal) || path.StartsWith("/sys", StringComparison.Ordinal);
}
