using System.Text.Json;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>Finer than a command: within a script or `make` that runs again, a program of which nothing changed is not run.</summary>
public sealed class PartsTests
{
    public static TheoryData<string> Everyone => People.All;

    /// <summary>A script and what somebody edits it to.</summary>
    private static readonly (string Name, string Before, string After)[] Edits =
    [
        ("pipeline", "seq 1 2000 | sort -r | head -n 3\n", "seq 1 2000 | sort -r | head -n 4\n"),
        ("last stage only", "seq 1 2000 | sort -r | tail -n 3\n", "seq 1 2000 | sort -r | tail -n 4; echo x >&2\n"),
        ("loop", "for i in 1 2 3 4; do echo $i | sha256sum > $i.txt; ls $i.txt; done\necho end\n", "for i in 1 2 3 4 5; do echo $i | sha256sum > $i.txt; ls $i.txt; done\necho fin\n"),
        ("while", "seq 10 > n\nwhile read a; do expr $a + 1; done < n\ncat n | while read a; do expr $a + 2; done\n", "seq 11 > n\nwhile read a; do expr $a + 1; done < n\ncat n | while read a; do expr $a + 2; done; echo done\n"),
        ("one input, two readers", "seq 10 > n\n( head -n 2; echo --; cat ) < n\nseq 100 | ( head -c 4; cat ) | wc\n", "seq 10 > n\n( head -n 3; echo --; cat ) < n\nseq 100 | ( head -c 4; cat ) | wc -l\n"),
        ("order of output", "echo a; ls /etc/passwd; echo b; ls /nonexistent; echo c >&2; sed -n 1p /etc/debian_version; echo d\n", "echo a; ls /etc/passwd; echo b2; ls /nonexistent; echo c >&2; sed -n 1p /etc/debian_version; echo d\n"),
        ("broken pipe", "yes | head -n 2\nseq 1 1000000 | head -n 1; echo $?\ntr a b < /dev/null; echo ok\n", "yes | head -n 3\nseq 1 1000000 | head -n 1; echo $?\ntr a b < /dev/null; echo ok2\n"),
        ("statuses", "false; echo $?; grep -q x /dev/null; echo $?; sh -c 'exit 3'; echo $?; test -f x && rm x; touch x\n", "false; echo $?; grep -q x /dev/null; echo $?; sh -c 'exit 3'; echo $?; test -f x && rm x; touch x; exit 7\n"),
        ("append", "echo one > log; date -u -d @0 >> log; cat log >> log2; sort log > log.s; mv log.s log; wc -c < log\n", "echo two > log; date -u -d @0 >> log; cat log >> log2; sort log > log.s; mv log.s log; wc -c < log\n"),
        ("renames", "mkdir -p d; cp s.sh d/a; mv d e; wc -l e/a; mkdir d; cp -r e d; rm -rf e; find d | sort\n", "mkdir -p d; cp s.sh d/a; mv d e; wc -c e/a; mkdir d; cp -r e d; rm -rf e; find d | sort\n"),
        ("background", "(sleep 0.05; echo late > late) & cp /etc/debian_version p; wait; cat late; ls\n", "(sleep 0.05; echo later > late) & cp /etc/debian_version p; wait; cat late; ls\n"),
        ("a reader that a background writer overtakes", "(sleep 0.03; echo new > shared) & echo old > shared; sleep 0.1; cat shared; wait\n", "(sleep 0.03; echo newer > shared) & echo old > shared; sleep 0.1; cat shared; wait\n"),
        ("fifo", "mkfifo f; seq 5 > f & cat < f; rm f; wait; echo ok\n", "mkfifo f; seq 6 > f & cat < f; rm f; wait; echo ok\n"),
        ("substitutions", "a=$(seq 3 | tr '\\n' ' '); echo \"$a\"; b=`uname -s`; echo $b; cat <<X | rev\nhello\nX\n", "a=$(seq 4 | tr '\\n' ' '); echo \"$a\"; b=`uname -s`; echo $b; cat <<X | rev\nhello you\nX\n"),
        ("xargs", "seq 20 > n; xargs -n 5 echo < n; xargs -P 2 -n 1 sh -c 'echo $0 > o.$0' < n; cat o.* | sort -n | md5sum\n", "seq 21 > n; xargs -n 5 echo < n; xargs -P 2 -n 1 sh -c 'echo $0 > o.$0' < n; cat o.* | sort -n | md5sum\n"),
        ("links", "echo a > t; ln -s t l; cat l; ln t h; echo b > h; cat t; rm t; cat l 2>/dev/null || echo dangling; ln -sf h l; cat l; chmod 600 h; stat -c %a h\n", "echo c > t; ln -s t l; cat l; ln t h; echo b > h; cat t; rm t; cat l 2>/dev/null || echo dangling; ln -sf h l; cat l; chmod 640 h; stat -c %a h\n"),
        ("in place", "seq 5 > a; sed -i s/3/x/ a; cat a; tee b < a | wc; cmp a b; sort -o a a; cat a b > c; tac c\n", "seq 6 > a; sed -i s/3/y/ a; cat a; tee b < a | wc; cmp a b; sort -o a a; cat a b > c; tac c\n"),
        ("temporary files", "t=$(mktemp); echo hi > $t; cat $t; wc -c < $t; rm $t; echo x > ~/fixed; cat ~/fixed\n", "t=$(mktemp); echo hi2 > $t; cat $t; wc -c < $t; rm $t; echo y > ~/fixed; cat ~/fixed\n"),
        ("descriptors", "exec 3> out3; echo a >&3; ls /etc/passwd >&3; exec 3>&-; cat out3; { ls /etc/passwd; ls /no; } > both 2>&1; cat both\n", "exec 3> out3; echo b >&3; ls /etc/passwd >&3; exec 3>&-; cat out3; { ls /etc/passwd; ls /no; echo z; } > both 2>&1; cat both\n"),
        ("masks", "umask 022; cp /etc/debian_version a; umask 077; cp /etc/debian_version b; ls -l a b | cut -c 1-10\n", "umask 027; cp /etc/debian_version a; umask 077; cp /etc/debian_version b; ls -l a b | cut -c 1-10\n"),
        ("variables", "A=1 sh -c 'env | grep ^A='; B=2; export B; printenv B; cd /; pwd; ls -d usr\n", "A=2 sh -c 'env | grep ^A='; B=2; export B; printenv B; cd /usr; pwd; ls -d bin\n"),
    ];

    public static TheoryData<string, string> EditsByEveryone
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var person in new[] { People.Me, People.Ordinary }.Where(p => Everyone.Any(e => (string)e.Data! == p)))
                foreach (var edit in Edits) all.Add(person, edit.Name);
            return all;
        }
    }

    [Theory, MemberData(nameof(EditsByEveryone))]
    public void An_edited_script_does_what_it_does_without_varve(string who, string name)
    {
        using var trial = new Trial(who, test: name);
        var (_, before, after) = Edits.Single(e => e.Name == name);
        trial.Variables["HOME"] = trial.Host;
        foreach (var text in new[] { before, after, before, after + "# read again\n" })
        {
            var (plain, plainFiles) = Run(trial, text, "sh", "s.sh");
            var (ours, files) = Run(trial, text, Grounds.Program, "exec", "--quiet", "--", "sh", "s.sh");
            Assert.Equal((plain.ExitCode, plain.Output, plain.Error), (ours.ExitCode, ours.Output, ours.Error));
            Assert.Equal(plainFiles, files);
        }
    }

    /// <summary>Empties the workspace, puts the script into it, runs it; what came of it and of the workspace.</summary>
    private static (Outcome Outcome, string Files) Run(Trial trial, string script, params string[] command)
    {
        trial.Plain(trial.Workspace, "find", trial.Workspace, "-mindepth", "1", "-delete").Succeeded();
        trial.Write("varve.toml", "parts = \"all\"\n");
        trial.Write("s.sh", script);
        var outcome = trial.Plain(trial.Workspace, command);
        return (outcome, trial.Plain(trial.Workspace, "sh", "-c", "find . -printf '%p %y %m %l\\n' | sort; find . -type f | sort | xargs sha256sum").Succeeded().Output);
    }

    [Theory, MemberData(nameof(Everyone))]
    public void A_build_compiles_what_was_edited_and_no_more(string who)
    {
        using var trial = new Trial(who);
        Assert.SkipUnless(File.Exists("/usr/bin/gcc") && File.Exists("/usr/bin/make"), "gcc and make are not installed");
        WriteBuild(trial);
        // All objects are made anew each time, as after a change of the makefile: five by the compiler, then the program, which runs.
        (int Reused, int Ran) Make()
        {
            trial.Plain(trial.Workspace, "sh", "-c", "rm -f *.o prog").Succeeded();
            var inside = trial.Exec("sh", "-c", "make -s prog && ./prog").Ran().Trace.Json.GetProperty("inside");
            return (inside.GetProperty("reused").GetInt32(), inside.GetProperty("kept").GetInt32());
        }
        void IsAsWithoutVarve()
        {
            var ours = trial.Plain(trial.Workspace, "sh", "-c", "./prog; sha256sum *.o prog").Succeeded().Output;
            Assert.Equal(trial.Plain(trial.Workspace, "sh", "-c", "rm -f *.o prog; make -s prog && ./prog; sha256sum *.o prog").Succeeded().Output, ours);
        }

        Assert.Equal((0, 7), Make());
        trial.Write("f2.c", "#include \"h.h\"\nint f2(void) { return H + 20; }\n");
        Assert.Equal((4, 3), Make());
        IsAsWithoutVarve();
        trial.Write("h.h", "#define H 5\n");
        Assert.Equal((1, 6), Make());
        IsAsWithoutVarve();
        // As it was at first: nothing of it has to be compiled, though the build as a whole is a new one.
        trial.Write("h.h", "#define H 1\n");
        trial.Write("f2.c", "#include \"h.h\"\nint f2(void) { return H + 2; }\n");
        trial.Write("Makefile", trial.Read("Makefile") + "# edited\n");
        Assert.Equal((7, 0), Make());
        IsAsWithoutVarve();
        // Other flags, the same objects: they are linked no second time.
        trial.Write("Makefile", trial.Read("Makefile").Replace("-O1", "-O1 -DUNUSED", StringComparison.Ordinal));
        Assert.Equal((2, 5), Make());
        IsAsWithoutVarve();
    }

    private static void WriteBuild(Trial trial)
    {
        for (var i = 0; i < 4; i++) trial.Write($"f{i}.c", $"#include \"h.h\"\nint f{i}(void) {{ return H + {i}; }}\n");
        trial.Write("h.h", "#define H 1\n");
        trial.Write("m.c", "#include <stdio.h>\nint f0(void), f1(void), f2(void), f3(void);\nint main(void) { printf(\"%d\\n\", f0() + f1() + f2() + f3()); return 0; }\n");
        trial.Write("Makefile", "OBJECTS = m.o f0.o f1.o f2.o f3.o\nprog: $(OBJECTS)\n\tgcc -o $@ $^\n%.o: %.c h.h\n\tgcc -O1 -c $< -o $@\n");
        // A compiler at work may be quicker than what is worth keeping by default.
        trial.Write("varve.toml", "parts = \"all\"\n");
    }

    [Fact]
    public void Whatever_a_program_saw_makes_it_run_again()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        var tool = trial.WriteTool("tool", "#!/bin/cat\none\n");
        trial.Write("in", "1\n");
        Directory.CreateDirectory(trial.At("folder"));
        string Script(int turn) => $": {turn}; {tool}; cat in; ls folder; cat none 2>/dev/null; printenv GIVEN; true";
        var turn = 0;
        (int Reused, string Output) Next()
        {
            var outcome = trial.Varve("exec", "--json", "--pass", "GIVEN", "--", "sh", "-c", Script(turn++)).Ran();
            return (outcome.Trace.Json.TryGetProperty("inside", out var inside) ? inside.GetProperty("reused").GetInt32() : 0, outcome.Output);
        }

        trial.Variables["GIVEN"] = "a";
        Assert.Equal((0, "#!/bin/cat\none\n1\na\n"), Next());
        var all = Next();
        Assert.Equal("#!/bin/cat\none\n1\na\n", all.Output);
        Assert.True(all.Reused >= 4, $"{all.Reused} of tool, cat, ls and printenv were reused");

        trial.WriteTool("tool", "#!/bin/cat\ntwo\n");
        Assert.Equal((all.Reused - 1, "#!/bin/cat\ntwo\n1\na\n"), Next());
        trial.Write("in", "2\n");
        Assert.Equal((all.Reused - 1, "#!/bin/cat\ntwo\n2\na\n"), Next());
        trial.Write("folder/new", "");
        Assert.Equal((all.Reused - 1, "#!/bin/cat\ntwo\n2\nnew\na\n"), Next());
        trial.Write("none", "some\n");
        Assert.Equal("#!/bin/cat\ntwo\n2\nnew\nsome\na\n", Next().Output);
        // The variable is every program's.
        trial.Variables["GIVEN"] = "b";
        Assert.Equal((0, "#!/bin/cat\ntwo\n2\nnew\nsome\nb\n"), Next());
    }

    [Fact]
    public void Random_replicates_stay_replicates_and_time_passes()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        string Script(int times) => $"for i in $(seq {times}); do head -c 8 /dev/urandom | od -An -tx1; done; sleep 0.3";
        string[] Values(Outcome outcome) => outcome.Ran().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var three = Values(trial.Sh(Script(3)));
        Assert.Equal(3, three.Distinct().Count());
        var five = trial.Sh(Script(5));
        Assert.Equal(5, Values(five).Distinct().Count());
        Assert.Equal(three, Values(five)[..3]);
        Assert.True(five.Trace.Json.GetProperty("seconds").GetDouble() >= 0.3, "the sleep was not slept");
        Assert.Contains("sleep: it sleeps", five.Trace.Json.GetProperty("inside").GetProperty("whole").EnumerateArray().Select(w => w.GetString()));
    }

    [Fact]
    public void Folders_that_a_program_makes_come_back_with_what_is_in_them()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        trial.Write("from/a/b", "deep\n");
        trial.Sh("umask 027; cp -r from to; :").Ran();
        var first = trial.Plain(trial.Workspace, "sh", "-c", "find to -printf '%p %m\n' | sort").Output;
        Directory.Delete(trial.At("to"), recursive: true);
        var again = trial.Sh("umask 027; cp -r from to; : again").Ran();
        Assert.Equal(1, again.Trace.Json.GetProperty("inside").GetProperty("reused").GetInt32());
        Assert.Equal(first, trial.Plain(trial.Workspace, "sh", "-c", "find to -printf '%p %m\n' | sort").Output);
        Assert.Equal("deep\n", trial.Read("to/a/b"));
    }

    [Fact]
    public void Again_runs_everything_and_false_keeps_nothing()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        string[] command = ["sh", "-c", "seq 3 | sort -r; :"];
        trial.Exec(command).Ran();
        Assert.Equal(0, trial.Varve(["exec", "--json", "--again", "--", .. command]).Ran().Trace.Json.GetProperty("inside").GetProperty("reused").GetInt32());
        trial.Write("varve.toml", "parts = false\n");
        Assert.False(trial.Exec("sh", "-c", "seq 3 | sort -r; : other").Ran().Trace.Json.TryGetProperty("inside", out _));
        trial.Write("varve.toml", "parts = 3\n");
        var wrong = trial.Exec(command);
        Assert.Equal(125, wrong.ExitCode);
        Assert.Contains("varve.toml", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_taken_apart_is_said_and_runs_with_the_whole()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        trial.Write("a", "1\n");
        var first = trial.Exec("sh", "-c", "sort -o a a; cat a; sed -i s/1/2/ a; (sleep 0.05; echo x >> a) & cat a; wait; cat a; :").Ran();
        var whole = first.Trace.Json.GetProperty("inside").GetProperty("whole").EnumerateArray().Select(w => w.GetString()!).ToArray();
        Assert.Contains(whole, w => w.StartsWith("sort: ", StringComparison.Ordinal));
        Assert.Contains($"reads and replaces {trial.At("a")}", string.Join("\n", whole), StringComparison.Ordinal);
        Assert.Contains("not apart from the whole: sort: ", trial.Varve("why", first.Trace.Execution).Succeeded().Output, StringComparison.Ordinal);
        var told = JsonDocument.Parse(trial.Varve("why", "--json", first.Trace.Execution).Succeeded().Output).RootElement;
        Assert.Equal(whole, told.GetProperty("inside").GetProperty("whole").EnumerateArray().Select(w => w.GetString()!));
    }

    [Fact]
    public void A_part_whose_files_the_store_has_lost_runs_again()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        trial.Exec("sh", "-c", "seq 100 | sort -r > sorted; :").Ran();
        foreach (var folder in Directory.GetDirectories(trial.Home + "/store")) Directory.Delete(folder, recursive: true);
        File.Delete(trial.At("sorted"));
        trial.Exec("sh", "-c", "seq 100 | sort -r > sorted; : again").Ran();
        Assert.StartsWith("99\n98\n", trial.Read("sorted"), StringComparison.Ordinal);
    }

    [Fact]
    public void Collecting_lets_parts_go_and_what_holds_stays_right()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "parts = \"all\"\n");
        for (var i = 0; i < 3; i++) trial.Sh($"seq 20000 | sort -r > sorted; head -c 300000 /dev/zero | tr '\\0' {i} > fill{i}; :").Ran();
        trial.Varve("gc", "--to", "1").Succeeded();
        trial.Varve("verify").Succeeded();
        trial.Sh("seq 20000 | sort -r > sorted; wc -l < sorted").Ran();
        Assert.Equal(20000, File.ReadLines(trial.At("sorted")).Count());
        trial.Varve("verify").Succeeded();
    }
}
