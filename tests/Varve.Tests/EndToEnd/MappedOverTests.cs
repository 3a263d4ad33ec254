using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>What a map is over may be made by an earlier block, also when no element ever opens it.</summary>
public sealed class MappedOverTests
{
    private static string Document(string first, string map) => $"""
        ```sh name=slow
        sleep 0.3; cat names.txt >copy.txt
        ```

        ```sh name=table
        {first}
        ```

        ```sh name=each map={map}
        echo "$id" >"made-$id.txt"
        ```

        """;

    private const string Table = "sleep 0.3; { echo id; cat names.txt; } >rows.csv";

    [Fact]
    public void A_table_made_anew_gives_the_new_rows()
    {
        using var trial = new Trial();
        trial.Write("names.txt", "a\nb\n");
        trial.Write("p.md", Document(Table, "rows.csv"));
        trial.Varve("run", "-j", "2", "p.md").Succeeded();

        trial.Write("names.txt", "a\nb\nc\n");
        trial.Varve("run", "-j", "2", "p.md").Succeeded();
        Assert.Equal("c\n", trial.Read("made-c.txt"));
    }

    [Fact]
    public void A_table_or_files_that_were_deleted_are_back_before_they_are_looked_for()
    {
        using var trial = new Trial();
        trial.Write("names.txt", "a\nb\n");
        trial.Write("p.md", Document(Table, "rows.csv"));
        trial.Write("q.md", Document("sleep 0.3; mkdir -p parts; for n in $(cat names.txt); do : >parts/$n; done", "\"id=parts/*\"").Replace("made-$id", "made-$id_name", StringComparison.Ordinal));
        trial.Varve("run", "-j", "2", "p.md").Succeeded();
        trial.Varve("run", "-j", "2", "q.md").Succeeded();
        File.Delete(trial.At("rows.csv"));
        Directory.Delete(trial.At("parts"), recursive: true);

        Assert.Contains("table comes first", trial.Varve("run", "--dry-run", "p.md").Succeeded().Output, StringComparison.Ordinal);
        foreach (var document in new[] { "p.md", "q.md" })
            Assert.Contains("steps: 0 ran", trial.Varve("run", "-j", "2", document).Succeeded().Error, StringComparison.Ordinal);
        Assert.Equal("id\na\nb\n", trial.Read("rows.csv"));
        Assert.True(File.Exists(trial.At("parts/b")));
    }

    [Fact]
    public void A_block_edited_to_make_another_table_is_waited_for()
    {
        using var trial = new Trial();
        trial.Write("names.txt", "a\nb\n");
        trial.Write("p.md", Document(Table, "rows.csv"));
        trial.Varve("run", "-j", "2", "p.md").Succeeded();

        trial.Write("p.md", Document(Table.Replace("rows", "other", StringComparison.Ordinal).Replace("cat names.txt", "echo z", StringComparison.Ordinal), "other.csv"));
        trial.Varve("run", "-j", "2", "p.md").Succeeded();
        Assert.Equal("z\n", trial.Read("made-z.txt"));
    }
}
