using System.Diagnostics;
using CsCheck;
using Varve.Lineage;
using Xunit;

namespace Varve.Tests;

public sealed class LineageShellTextTests
{
    [Fact]
    public void The_shell_reads_quoted_words_back_as_they_are() =>
        Gen.Char["abz09 '\"\\$`!*?[]{}()<>|&;#~=%\n\t-äλ"].Array[0, 12].Select(c => new string(c)).Array[1, 20].Sample(words =>
        {
            var script = $"printf '%s\\001' {ShellText.Join(words)}";
            using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { UseShellExecute = false, RedirectStandardOutput = true })!;
            var said = shell.StandardOutput.ReadToEnd();
            shell.WaitForExit();
            Assert.Equal(string.Concat(words.Select(w => w + '\u0001')), said);
        }, iter: 100);

    [Fact]
    public void A_plain_word_is_left_as_a_person_would_write_it() => Assert.Equal("gcc -O2 -o out/m m.c", ShellText.Join(["gcc", "-O2", "-o", "out/m", "m.c"]));

    [Fact]
    public void A_path_is_told_from_its_folder_only_when_it_lies_below_it()
    {
        Assert.Equal("b/c", ShellText.Relative("/a/b/c", "/a"));
        Assert.Equal("etc", ShellText.Relative("/etc", "/"));
        Assert.Equal("/ab/c", ShellText.Relative("/ab/c", "/a"));
    }
}
