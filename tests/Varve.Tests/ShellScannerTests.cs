using CsCheck;
using Varve.Shell;
using Xunit;

namespace Varve.Tests;

/// <summary>Where the complete commands of a script end (POSIX XCU 2.10).</summary>
public sealed class ShellScannerTests
{
    private static List<Piece> Pieces(string script, out NoPiece end)
    {
        var pieces = new List<Piece>();
        var scanner = new CommandScanner(script);
        var (at, line) = (0, 1);
        while ((end = scanner.Next(at, ref line, out at, out var piece)) == NoPiece.None) pieces.Add(piece!);
        return pieces;
    }

    private static string[] Texts(string script)
    {
        var pieces = Pieces(script, out var end);
        Assert.Equal(NoPiece.End, end);
        return [.. pieces.Select(p => p.Text.TrimEnd('\n'))];
    }

    [Fact]
    public void A_line_is_a_command_and_a_comment_is_none() =>
        Assert.Equal(["echo a; echo b", "x=1"], Texts("#!/bin/sh\n\necho a; echo b\n  # nothing\nx=1\n"));

    [Theory]
    [InlineData("if true\nthen echo a\nelif false; then b\nelse echo c\nfi")]
    [InlineData("for i in 1 2 3\ndo\n  echo $i\ndone | sort")]
    [InlineData("for i do echo; done")]
    [InlineData("while read line; do\n echo \"$line\"\ndone <<EOF\na\nEOF")]
    [InlineData("case $x in\n a|b) echo one;;\n (c) echo two\n ;;\n *) ;;\nesac")]
    [InlineData("{ echo a\n echo b; } > out")]
    [InlineData("(cd /tmp\n pwd)")]
    [InlineData("a &&\n b ||\n c |\n d")]
    [InlineData("echo 'a\nb' \"c $(echo 'd\n) e') \\\" f\ng\"")]
    [InlineData("echo ${x:-\"a\nb\"} $((1 +\n 2)) `echo \\`\necho b`")]
    [InlineData("cat <<A <<-'B C'\n$(\nA\n\tb\n\tB C")]
    [InlineData("cat <<A\nb\\\nA\nc\\\\\nA")]
    [InlineData("cat <<'A'\nb\\\nA")]
    [InlineData("f() {\n echo \"$1\"\n}")]
    [InlineData("f () (\n echo sub\n)")]
    [InlineData("i\\\nf true; th\\\nen :; fi")]
    [InlineData("echo a \\\n  b")]
    [InlineData("[ -f x ] && echo {a,b}")]
    public void One_command_over_several_lines(string command) => Assert.Equal([command, "echo next"], Texts(command + "\necho next\n"));

    [Theory]
    [InlineData("if true; then")]
    [InlineData("echo 'a")]
    [InlineData("echo \"a $(b")]
    [InlineData("cat <<EOF\na")]
    [InlineData("a |")]
    [InlineData("a &&")]
    [InlineData("f() {")]
    [InlineData("case x in a) b")]
    [InlineData("for i in 1 2")]
    public void What_is_not_finished_says_so(string text)
    {
        Assert.Empty(Pieces(text + "\n", out var end));
        Assert.Equal(NoPiece.Incomplete, end);
    }

    [Theory]
    [InlineData("fi")]
    [InlineData("echo )")]
    [InlineData("; echo a")]
    [InlineData("a | | b")]
    [InlineData("if ; then a; fi")]
    [InlineData("case x in a) b;; fi")]
    public void What_is_no_shell_says_so(string text)
    {
        Assert.Empty(Pieces(text + "\n", out var end));
        Assert.Equal(NoPiece.Wrong, end);
    }

    [Fact]
    public void Lines_are_counted()
    {
        var pieces = Pieces("\n# c\nfirst\n\nif a\nthen b\nfi\ncat <<E\nx\nE\nlast", out _);
        Assert.Equal([3, 5, 8, 11], pieces.Select(p => p.Line));
    }

    [Theory]
    [InlineData("sleep 1 &", "background")]
    [InlineData("(sleep 1 &)", "background")]
    [InlineData("trap 'rm x' EXIT", "trap")]
    [InlineData("exec 3>log", "exec")]
    [InlineData("command exec 3>log", "shell")]
    [InlineData("eval \"$x\"", "functions")]
    [InlineData(". ./lib.sh", "functions")]
    [InlineData("set -v", "option")]
    [InlineData("if true; then f() { :; }; fi", "function")]
    [InlineData("getopts ab x", "options")]
    public void What_cannot_be_carried_says_why(string command, string why) =>
        Assert.Contains(why, Assert.Single(Pieces(command + "\n", out _)).Facts.CannotCarry, StringComparison.Ordinal);

    [Theory]
    [InlineData("(trap 'rm x' EXIT; make)")]
    [InlineData("x=$(eval echo a)")]
    [InlineData("set -eu")]
    [InlineData("set -- -v a")]
    [InlineData("while getopts ab x; do :; done")]
    [InlineData("echo a >&2 2>&1")]
    public void What_stays_in_a_subshell_or_can_be_read_off_is_carried(string command) =>
        Assert.Equal("", Assert.Single(Pieces(command + "\n", out _)).Facts.CannotCarry);

    [Fact]
    public void Functions_are_kept_in_their_own_words()
    {
        var piece = Assert.Single(Pieces("f() { echo \"$1\"; }; g() ( f )\n", out _));
        Assert.True(piece.OnlyDefines);
        Assert.Equal(["f() { echo \"$1\"; }", "g() ( f )"], piece.Functions.Select(f => f.Text));
        Assert.False(Assert.Single(Pieces("f() { :; }; f\n", out _)).OnlyDefines);
    }

    [Fact]
    public void No_text_is_too_strange_to_be_looked_at()
    {
        var part = Gen.OneOf(new[] { "if ", "then ", "fi\n", "(", ")", "{ ", "}\n", "$(", "${", "`", "'", "\"", "\\", "\n", ";", ";;", "&", "|", "<<E\n", "E\n", "case x in ", "esac", "a ", "$((", "))", "f()", "#", "é" }.Select(Gen.Const).ToArray());
        part.Array[0, 40].Sample(parts =>
        {
            var text = string.Concat(parts);
            var whole = string.Concat(Pieces(text, out _).Select(p => p.Text));
            Assert.True(whole.Length <= text.Length);
        }, iter: 3000);
    }
}
