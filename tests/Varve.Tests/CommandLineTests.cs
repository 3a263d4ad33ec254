using Varve.Cli;
using Varve.Lineage;
using Xunit;

namespace Varve.Tests;

/// <summary>How words on the command line are understood.</summary>
public sealed class CommandLineTests
{
    private static string Separate(string line)
    {
        var exec = CommandLine.Root("exec").Subcommands[0];
        return string.Join(' ', ExecCommand.Separate(line.Split(' '), exec, "exec"));
    }

    [Theory]
    [InlineData("exec -- ls -l", "exec -- ls -l")]
    [InlineData("exec ls -l", "exec -- ls -l")]
    [InlineData("exec ls -- -l", "exec -- ls -- -l")]
    [InlineData("exec --quiet --pass A --net=open ls --json", "exec --quiet --pass A --net=open -- ls --json")]
    [InlineData("-C dir exec --timeout 3 env", "-C dir exec --timeout 3 -- env")]
    [InlineData("exec --help", "exec --help")]
    public void From_the_first_word_that_is_no_option_all_belongs_to_the_command(string line, string understood) =>
        Assert.Equal(understood, Separate(line));

    [Fact]
    public void An_unknown_option_before_the_command_is_a_mistake_and_not_a_program() =>
        Assert.Equal("there is no option --sealed; see `varve exec --help`", Assert.Throws<UsageException>(() => Separate("exec --sealed ls")).Message);

    [Theory]
    [InlineData("90", 90)]
    [InlineData("1.5s", 1.5)]
    [InlineData("15m", 900)]
    [InlineData("2h", 7200)]
    public void Times(string text, double seconds) => Assert.Equal(seconds, StepOptionSet.ParseTime(text).TotalSeconds);

    [Theory]
    [InlineData("1000", 1000)]
    [InlineData("500M", 524288000)]
    [InlineData("4g", 4294967296)]
    [InlineData("64K", 65536)]
    [InlineData("64MiB", 67108864)]
    [InlineData("64 mib", 67108864)]
    [InlineData("1.5G", 1610612736)]
    [InlineData("64MB", 64000000)]
    [InlineData("2GB", 2000000000)]
    [InlineData("2 kb", 2000)]
    [InlineData("100B", 100)]
    [InlineData(".5T", 549755813888)]
    public void Sizes(string text, long bytes) => Assert.Equal(bytes, StepOptionSet.ParseSize(text));

    [Theory]
    [InlineData("")]
    [InlineData("-3")]
    [InlineData("h")]
    [InlineData("0")]
    [InlineData("3 days")]
    public void What_is_no_time_is_refused(string text) => Assert.Throws<UsageException>(() => StepOptionSet.ParseTime(text));

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("0")]
    [InlineData("-3M")]
    [InlineData("1e3")]
    [InlineData("12 34")]
    [InlineData("5Mi")]
    [InlineData("5MM")]
    [InlineData("5iB")]
    [InlineData("1,5G")]
    [InlineData("0.5")]
    [InlineData("9999999T")]
    public void What_is_no_size_is_refused(string text) => Assert.Contains("such as 500M", Assert.Throws<UsageException>(() => StepOptionSet.ParseSize(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "0.00 s")]
    [InlineData(1.236, "1.24 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(61, "1 min 01 s")]
    [InlineData(3600 + 59 * 60, "1 h 59 min")]
    [InlineData(86400 * 3.5, "3 d 12 h")]
    public void Times_as_people_read_them(double seconds, string text) => Assert.Equal(text, Words.Time(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(812, "812 B")]
    [InlineData(4200, "4.2 kB")]
    [InlineData(123456, "123 kB")]
    [InlineData(999_960_000, "1.0 GB")]
    public void Sizes_as_people_read_them(long bytes, string text) => Assert.Equal(text, Words.Size(bytes));

    [Fact]
    public void A_command_is_shown_as_a_shell_would_take_it() =>
        Assert.Equal("sh -c 'echo '\\''a b'\\''' ''", ShellText.Join(["sh", "-c", "echo 'a b'", ""]));
}
