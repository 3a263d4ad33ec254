using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>`varve sh`: scripts behave as under the system's own shell, and what did not change does not run again.</summary>
public sealed class ShellTests
{
    public static TheoryData<string> Everyone => People.All;

    /// <summary>Each is run by the system's shell and by Varve, twice: output, messages, status and files must be the same.</summary>
    public static TheoryData<string, string> Scripts => new()
    {
        { "state", "x=1; y='it'\"'\"'s\n2'\nexport E=3\nf() {\n  echo \"f $1 $x\"\n}\nf a\nx=2\nf b\necho \"$y\" \"$E\"\nsh -c 'echo $E $x'\nunset E\necho ${E-none}\nset -- p 'q r'\necho $# \"$2\" \"$0\"\nshift\necho $#\numask 027\nnumask=$(umask)\necho $numask\nset -u\necho ${nothing-ok}\n" },
        { "folders", "mkdir -p d/e\ncd d\npwd | sed 's,.*/,,'\ncd e && cd ..\ncd - >/dev/null\npwd | sed 's,.*/,,'\necho x > f\ncd ../..\nls d/e\nln -s d l\ncd l/e\npwd | sed 's,.*/l,l,'\n" },
        { "compounds", "for i in 1 2 3\ndo\n  echo $i\ndone | sort -r\nif [ -e none ]\nthen echo yes\nelse echo no\nfi\ncase abc in a*) echo a;; *) echo b;; esac\ncat <<EOF | tr a-z A-Z\nhere $((1 + 2))\nEOF\n{ echo one; echo two; } > both\ncat both\ni=0\nwhile [ $i -lt 3 ]; do i=$((i+1)); done\necho $i\n" },
        { "statuses", "false\necho $?\ntrue && false || echo or\n! true\necho $?\ngrep -q x /dev/null\necho $?\nnosuchcommand\necho $?\nexit 7\n" },
        { "errexit", "set -e\necho a\nif false; then :; fi\nfalse || true\nfalse\necho not reached\n" },
        { "traps", "echo a\nt=$(mktemp -d)\ntrap 'rm -rf $t; echo gone' EXIT\necho b > $t/f\ncat $t/f\n" },
        { "background", "echo a > f\nsleep 0.1 &\nwait $!\necho $?\ncat f &\nwait\n" },
        { "descriptors", "exec 3>log\necho to log >&3\nexec 3>&-\ncat log\n" },
        { "temporary files", "t=$(mktemp)\necho x > \"$t\"\ncat \"$t\"\nrm \"$t\"\necho home > ~/h\ncat ~/h\n" },
        { "aliases", "alias hi='echo hello'\nhi you\nalias e='echo '\nalias w=world\ne w\nunalias hi\n" },
        { "functions later", "if true; then g() { echo g; }; fi\ng\n. ./lib.sh\nfromlib\neval 'h() { echo h; }'\nh\n" },
        { "syntax error", "echo before\nif true; then\necho ( oops\n" },
        { "open quote", "echo before\necho 'never closed\n" },
        { "input", "read a < data\necho $a\nwhile read b; do echo \"got $b\"; done < data\n" },
        { "xtrace", "x=1\nset -x\necho $x\nset +x\necho done\n" },
        { "unset", "f() { echo f; }\nf=1\nunset f\nf ${f-unset}\ng() { echo g; }\nh() { echo h; }\nwhich=g\nunset -f \"$which\" f\nf 2>/dev/null || echo no f\ng 2>/dev/null || echo no g\nh\nh() { unset -f h; echo last; }\nh\nh 2>/dev/null || echo no h\n" },
        { "readonly in a loop", "readonly a=a\nfor a in b\ndo\n  echo not reached\ndone\necho nor this\n" },
        { "no permissions", "umask 777\necho a > f\numask\numask 022\necho b > g\nls -l f g | cut -c 1-10\n" },
        { "joined lines", "ab=19\necho ${ab\\\n}\necho ${a\\\nb}\necho $a\\\nb\nset -- p\necho $\\\n1\ncat <<E\nx\\\nE\n$ab\nE\ncat <<'E'\ny\\\nE\necho end\n" },
        { "no newline at the end", "echo a\necho b" },
    };

    [Theory, MemberData(nameof(Scripts))]
    public void A_script_behaves_as_under_the_systems_shell(string name, string script)
    {
        using var trial = new Trial(test: name);
        (Outcome Outcome, string Files) Run(params string[] command)
        {
            foreach (var entry in Directory.GetFileSystemEntries(trial.Workspace))
            {
                if (Directory.Exists(entry) && new DirectoryInfo(entry).LinkTarget is null) Directory.Delete(entry, recursive: true);
                else File.Delete(entry);
            }
            trial.Write("s.sh", script);
            trial.Write("lib.sh", "fromlib() { echo from lib; }\n");
            trial.Write("data", "one\ntwo\n");
            var outcome = trial.Plain(trial.Workspace, command);
            return (outcome, trial.Plain(trial.Workspace, "sh", "-c", "find . -type f | sort | while read f; do echo $f; cat $f; done").Succeeded().Output);
        }

        trial.Variables["HOME"] = trial.Host;
        var plain = Run("sh", "s.sh");
        foreach (var time in new[] { "first", "again" })
        {
            var ours = Run(Grounds.Program, "sh", "s.sh");
            Assert.Equal((time, plain.Outcome.ExitCode), (time, ours.Outcome.ExitCode));
            Assert.Equal((time, plain.Outcome.Output), (time, ours.Outcome.Output));
            Assert.Equal((time, plain.Outcome.Error), (time, ours.Outcome.Error));
            Assert.Equal((time, plain.Files), (time, ours.Files));
        }
    }

    [Theory]
    [InlineData("s.sh")]
    [InlineData("-c", "umask; mkdir d; echo x > f")]
    [InlineData("-c", "trap '' INT; umask; mkdir d; echo x > f")]
    [InlineData("-c", "-", "umask; mkdir d; echo x > f")]
    public void The_file_mode_mask_is_that_of_whoever_starts_the_shell(params string[] words)
    {
        using var trial = new Trial();
        trial.Write("s.sh", "umask; mkdir d; echo x > f\n");
        foreach (var (mask, folder, file) in new[] { ("0022", "drwxr-xr-x", "-rw-r--r--"), ("0077", "drwx------", "-rw-------"), ("0002", "drwxrwxr-x", "-rw-rw-r--"), ("0077", "drwx------", "-rw-------") })
        {
            var outcome = trial.Plain(trial.Workspace, ["sh", "-c", $"rm -rf d f; umask {mask}; exec \"$@\"", "sh", Grounds.Program, "sh", .. words]).Succeeded();
            Assert.Equal(mask + "\n", outcome.Output);
            Assert.Equal($"{folder}\n{file}\n", trial.Plain(trial.Workspace, "sh", "-c", "ls -ld d f | cut -c 1-10").Output);
        }
        var piped = trial.Plain(trial.Workspace, "sh", "-c", $"umask 0037; printf 'umask\n' | {Grounds.Program} sh").Succeeded();
        Assert.Equal("0037\n", piped.Output);
    }

    private static string[] Ran(Outcome outcome) => [.. outcome.Error.Split('\n').Where(l => l.StartsWith("varve: ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1])];

    [Theory, MemberData(nameof(Everyone))]
    public void Only_what_an_edit_has_to_do_with_runs_again(string who)
    {
        using var trial = new Trial(who);
        trial.Write("in.txt", "b\na\n");
        trial.Write("s.sh", "limit=1\nsort in.txt > sorted\nhead -n $limit sorted > top\nwc -l < in.txt > count\n");
        Assert.Equal(["ran", "ran", "ran", "ran"], Ran(trial.Varve("sh", "--verbose", "s.sh").Succeeded()));
        Directory.GetFiles(trial.Workspace).Where(f => !f.EndsWith("in.txt", StringComparison.Ordinal) && !f.EndsWith("s.sh", StringComparison.Ordinal)).ToList().ForEach(File.Delete);
        Assert.Equal(["reused", "reused", "reused", "reused"], Ran(trial.Varve("sh", "--verbose", "s.sh").Succeeded()));
        Directory.GetFiles(trial.Workspace).Where(f => !f.EndsWith("in.txt", StringComparison.Ordinal) && !f.EndsWith("s.sh", StringComparison.Ordinal)).ToList().ForEach(File.Delete);
        trial.Write("s.sh", "limit=2\nsort in.txt > sorted\nhead -n $limit sorted > top\nwc -l < in.txt > count\n");
        Assert.Equal(["ran", "reused", "ran", "reused"], Ran(trial.Varve("sh", "--verbose", "s.sh").Succeeded()));
        Assert.Equal("a\nb\n", trial.Read("top"));
    }

    [Fact]
    public void What_appends_runs_each_time()
    {
        using var trial = new Trial();
        for (var i = 0; i < 3; i++) trial.Varve("sh", "-c", "echo x >> log").Succeeded();
        Assert.Equal("x\nx\nx\n", trial.Read("log"));
    }

    [Fact]
    public void The_lineage_knows_the_command_and_not_how_the_shell_was_set_up()
    {
        using var trial = new Trial();
        trial.Write("a", "2\n1\n");
        trial.Varve("sh", "-c", "unused=1\nflag=-r\nsort $flag a > b").Succeeded();
        var how = trial.Varve("how", "b").Succeeded().Output;
        Assert.Contains("sort $flag a > b", how, StringComparison.Ordinal);
        Assert.Contains("flag=", how, StringComparison.Ordinal);
        Assert.DoesNotContain("unused", how, StringComparison.Ordinal);
        Assert.DoesNotContain("epilogue", how, StringComparison.Ordinal);
        trial.Write("how.sh", trial.Varve("how", "--as", "sh", "b").Succeeded().Output);
        var before = trial.Read("b");
        File.Delete(trial.At("b"));
        trial.Plain(trial.Workspace, "sh", "how.sh").Succeeded();
        Assert.Equal(before, trial.Read("b"));
    }

    [Fact]
    public void A_script_can_name_varve_in_its_first_line()
    {
        using var trial = new Trial();
        File.SetUnixFileMode(trial.Write("s.sh", $"#!/usr/bin/env -S {Grounds.Program} sh\necho \"$1\" > out\n"), (UnixFileMode)0x1ED);
        trial.Plain(trial.Workspace, "./s.sh", "word").Succeeded();
        Assert.Equal("word\n", trial.Read("out"));
    }

    [Theory]
    [InlineData(127, "no such file", "sh", "none.sh")]
    [InlineData(126, "is no file", "sh", ".")]
    [InlineData(126, "a program", "sh", "/bin/true")]
    [InlineData(125, "-c needs", "sh", "-c")]
    public void What_is_no_script_is_told(int status, string said, params string[] words)
    {
        using var trial = new Trial();
        var outcome = trial.Varve(words);
        Assert.Equal(status, outcome.ExitCode);
        Assert.Contains(said, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_megabytes_on_one_line_are_a_script_like_any_other()
    {
        using var trial = new Trial();
        trial.Write("s.sh", $"echo start\nx={new string('a', 10 << 20)}\necho ${{#x}}\n");
        Assert.Equal($"start\n{10 << 20}\n", trial.Varve("sh", "s.sh").Succeeded().Output);
    }

    [Fact]
    public void A_person_types_commands_and_the_prompt_tells_of_reuse()
    {
        Tools.Require("script", "bsdutils");
        using var trial = new Trial();
        trial.Variables["HOME"] = trial.Host;
        var keys = "sleep 1.5; printf 'x=5\\nfor i in 1 2\\ndo\\necho item-$i-$x\\ndone\\n'; sleep 1; printf 'for i in 1 2\\ndo\\necho item-$i-$x\\ndone\\n'; sleep 1; printf 'ech\\tdone-wi\\b\\bwith-keys\\n'; sleep 1; printf 'cat nofile\\n\\004'; sleep 1";
        var outcome = Trial.Await(trial.Begin(["sh", "-c", $"{{ {keys}; }} | script -qfec 'stty rows 33 cols 99; {Grounds.Program} sh' /dev/null"], trial.Workspace, input: null));
        Assert.Contains("item-2-5", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("reused", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("done-with-keys", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("[1]", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("echo done-with-keys", File.ReadAllText(trial.Host + "/.local/state/varve/history"), StringComparison.Ordinal);
    }
}
