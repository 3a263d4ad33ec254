using CsCheck;
using Varve.Documents;
using Varve.Sandbox;
using Xunit;

namespace Varve.Tests;

/// <summary>What a document says, and what is told when it cannot be read.</summary>
public sealed class DocumentTests
{
    private const string Path = "/work/pipeline.md";

    [Fact]
    public void A_fence_with_attributes_is_a_step_and_one_without_is_prose()
    {
        var document = Document.Parse(Path, "# Title\n\n```sh\nnot run\n```\n\n```sh name=grid net=open timeout=2m memory=1G pass=A,B\ntrue\n```\n");
        var block = Assert.Single(document.Blocks);
        Assert.Equal(("grid", 7, "true"), (block.Name, block.Line, block.Text));
        Assert.Equal(StepNetwork.Open, block.Network);
        Assert.Equal(TimeSpan.FromMinutes(2), block.Timeout);
        Assert.Equal(1L << 30, block.MemoryBytes);
        Assert.Equal(["A", "B"], block.Pass);
    }

    [Theory]
    [InlineData("```sh name=a color=red\n```", "1: unknown attribute color=")]
    [InlineData("text\n\n```sh map=x.csv\n```", "3: a block needs a name")]
    [InlineData("```sh name=a name=b\n```", "1: name= is given twice")]
    [InlineData("```sh name=a\n```\n```sh name=a\n```", "3: the name a is taken by the block in line 1")]
    [InlineData("```sh name=a join=b\n```", "1: join=b names no block before this one")]
    [InlineData("```sh name=a net=maybe\n```", "1: net=maybe")]
    [InlineData("```sh name=a map=*.tif\n```", "1: map=*.tif: files need a variable")]
    [InlineData("```sh name='a\n```", "1: name=: the quote is not closed")]
    [InlineData("---\ninputs:\n  a: x\ncolour: red\n---\n```sh name=a\n```", "4: unknown key `colour`")]
    [InlineData("---\ninputs:\n  1a: x\n---\n```sh name=a\n```", "3: `1a` cannot be a variable's name")]
    [InlineData("---\ninputs: [a\n---\n```sh name=a\n```", ": the front matter is not YAML")]
    [InlineData("no block at all", "1: no block to run")]
    [InlineData("```sh name=a\n```\n```shark-run:host\nls\n```", "1: a document is either Shark's")]
    public void What_is_wrong_is_told_with_file_and_line(string text, string told)
    {
        var problem = Assert.Throws<DocumentException>(() => Document.Parse(Path, text));
        Assert.StartsWith(Path, problem.Message);
        Assert.Contains(told, problem.Message);
    }

    [Fact]
    public void The_command_line_overrides_what_the_front_matter_names_and_nothing_else()
    {
        var front = Document.Parse(Path, "---\ninputs: {dem: a.tif}\nparameters: {cell: 30, year: [1, 2]}\n---\n```sh name=a\n```\n").FrontMatter;
        var changed = front.With([new("dem", "/other.tif")], [new("cell", "10"), new("cell", "20")]);
        Assert.Equal("/other.tif", changed.Inputs["dem"]);
        Assert.Equal(["10", "20"], changed.Parameters["cell"]);
        Assert.Equal(["1", "2"], changed.Parameters["year"]);
        Assert.Contains("it has: dem", Assert.Throws<DocumentException>(() => front.With([new("den", "x")], [])).Message);
        Assert.Contains("it has: cell, year", Assert.Throws<DocumentException>(() => front.With([], [new("sell", "x")])).Message);
    }

    [Fact]
    public void A_variable_is_mentioned_as_a_whole_word_and_not_inside_a_file_name() =>
        Assert.Equal(["cell", "cp", "dem", "n", "of"], Identifier.In("cp $dem of $((n + 1)) ${cell} grid/elevation.tif out/part/x.csv").Where(w => w is not ("grid" or "x" or "out")).Order());

    [Fact]
    public void A_table_survives_being_written_as_RFC_4180_says()
    {
        var field = Gen.String[Gen.Char["abc ,\"\n"], 0, 8];
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 5]).SelectMany((columns, rows) => field.Array[columns].Array[rows]).Sample(rows =>
        {
            var header = string.Join(',', rows[0].Select((_, i) => $"c{i}"));
            var text = header + "\r\n" + string.Concat(rows.Select(r => string.Join(',', r.Select(f => $"\"{f.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n"));
            // A single empty field on a line cannot be told from an empty line.
            if (rows.Any(r => r is [""])) return;
            Assert.Equal(rows, CsvTable.Parse("t.csv", text).Rows.Select(r => r.ToArray()).ToArray());
        });
    }

    [Theory]
    [InlineData("a,b\n1,2\n1\n", "t.csv:3: this row has 1 fields, the header has 2")]
    [InlineData("a,b c\n", "t.csv:1: the column \"b c\" cannot be a variable's name")]
    [InlineData("a\n\"open\n", "t.csv:2: a quote is opened and never closed")]
    [InlineData("", "t.csv:1: the table is empty")]
    [InlineData("a,a\n", "t.csv:1: the column a stands twice")]
    public void A_broken_table_is_told_with_its_line(string text, string told) =>
        Assert.StartsWith(told, Assert.Throws<DocumentException>(() => CsvTable.Parse("t.csv", text)).Message);

    [Fact]
    public void Rows_files_and_lists_make_a_product_and_only_what_is_mentioned_is_passed_on()
    {
        var folder = Directory.CreateTempSubdirectory("varve-document-").FullName;
        File.WriteAllText(folder + "/species.csv", "\uFEFFid,limit,note\nfox,10,a\nowl,20,b\n");
        foreach (var name in new[] { "b.tif", "a.tif" }) File.WriteAllText($"{folder}/{name}", "");
        var document = Document.Parse(folder + "/p.md", "---\nparameters: {year: [1, 2], unused: [8, 9]}\n---\n```sh name=m map=species.csv map=\"tile=*.tif\"\necho $id $tile_stem $year\n```\n");
        var elements = new Expansion(document, document.FrontMatter).Expand(document.Blocks[0], static _ => []);
        Assert.Equal(8, elements.Count);
        Assert.Equal("fox x a.tif x 1", elements[0].Id);
        Assert.Equal(["id", "tile_stem", "year"], elements[0].Variables.Select(v => v.Key));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Templates_are_filled_and_an_unknown_one_is_an_error()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "1" };
        Assert.Equal("x1 %{not a name} %d", Template.Fill("x%{a} %{not a name} %d", values, n => new DocumentException(n)));
        Assert.Equal("b", Assert.Throws<DocumentException>(() => Template.Fill("%{b}", values, n => new DocumentException(n))).Message);
    }

    [Fact]
    public void Each_line_of_a_Shark_run_is_a_block_and_what_it_carries_stands_before_it()
    {
        var document = Document.Parse(Path, "---\nyears: [1, 2]\nplace: {name: zion}\n---\n```shark-build:gdal:4213af\n((from ./rootfs)) ; a comment\n```\n```shark-run:gdal\n$ export A=1\nfirst \\\n  line\nsecond %{years}\n```\n");
        Assert.True(document.IsShark);
        Assert.Equal(["gdal", "gdal-10", "gdal-12"], document.Blocks.Select(b => b.Name));
        Assert.Equal("export A=1\nfirst line", document.Blocks[1].Text);
        Assert.Equal(["1", "2"], document.FrontMatter.Parameters["years"]);
        Assert.Equal(["zion"], document.FrontMatter.Parameters["place.name"]);
    }

    [Fact]
    public void An_S_expression_keeps_its_lines_and_its_quotes()
    {
        var spec = SExpression.Parse("((from debian) ; base\n (run (network host) (shell \"apt \\\n   install \\\"x\\\"\")))");
        Assert.Equal("from", spec.Items[0].Head);
        Assert.Equal(1, spec.Items[1].Line);
        Assert.Equal("apt install \"x\"", spec.Items[1].Find("shell")!.Words.First());
        Assert.StartsWith("1 ", Assert.Throws<FormatException>(() => SExpression.Parse("(a\n(b)")).Message);
    }
}
