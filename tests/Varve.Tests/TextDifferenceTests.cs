using CsCheck;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

/// <summary>Lines in which texts differ, as `diff -u` shows them.</summary>
public sealed class TextDifferenceTests
{
    [Fact]
    public void A_change_is_shown_with_three_lines_around_it() =>
        Assert.Equal(["@@ -2,7 +2,7 @@", " 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8"], TextDifference.Between("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n")!);

    [Fact]
    public void A_new_file_and_an_emptied_one()
    {
        Assert.Equal(["@@ -0,0 +1,2 @@", "+a", "+b"], TextDifference.Between("", "a\nb\n")!);
        Assert.Equal(["@@ -1 +0,0 @@", "-a"], TextDifference.Between("a\n", "")!);
    }

    [Fact]
    public void The_hunks_lead_from_one_text_to_the_other()
    {
        var lines = Gen.OneOf(new[] { "a", "b", "c", "d" }.Select(Gen.Const).ToArray()).Array[0, 30];
        Gen.Select(lines, lines).Sample((first, second) =>
        {
            string Text(string[] all) => string.Concat(all.Select(l => l + "\n"));
            var hunks = TextDifference.Between(Text(first), Text(second))!;
            var made = new List<string>();
            var at = 0;
            foreach (var line in hunks)
            {
                if (line.StartsWith("@@", StringComparison.Ordinal))
                {
                    var range = line.Split(' ')[1][1..].Split(',');
                    var from = int.Parse(range[0], System.Globalization.CultureInfo.InvariantCulture) - (range.Length > 1 && range[1] == "0" ? 0 : 1);
                    made.AddRange(first[at..from]);
                    at = from;
                }
                else if (line[0] != '+')
                {
                    Assert.Equal(first[at++], line[1..]);
                    if (line[0] == ' ') made.Add(line[1..]);
                }
                else
                {
                    made.Add(line[1..]);
                }
            }
            made.AddRange(first[at..]);
            Assert.Equal(second, made);
        });
    }
}
