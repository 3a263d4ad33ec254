using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>`varve export`: from nothing but a result, the pipeline that makes it again.</summary>
public sealed class ExportTests
{
    private const int Species = 12;

    /// <summary>What a person typed, in one way or another: a table of species, one map for each, a sum of all.</summary>
    public static TheoryData<string> Ways => ["exec", "sh loop", "script", "document"];

    private static void Type(Trial trial, string way)
    {
        trial.Write("base.txt", string.Concat(Enumerable.Range(1, 40).Select(i => $"{i}\n")));
        trial.Write("unused.txt", "nobody reads this\n");
        const string each = "awk -v least={0} '$1 >= least' base.txt > species-{1}.txt";
        string Line(int i) => each.Replace("{0}", $"{i * 2}", StringComparison.Ordinal).Replace("{1}", $"s{i:00}", StringComparison.Ordinal);
        trial.Exec("sh", "-c", "cp unused.txt aside.txt").Succeeded();
        switch (way)
        {
            case "exec":
                for (var i = 1; i <= Species; i++) trial.Exec("sh", "-c", Line(i)).Succeeded();
                trial.Exec("sh", "-c", "cat species-*.txt | sort -n | uniq -c > richness.txt").Succeeded();
                break;
            case "sh loop":
                trial.Varve("sh", "-c", $"for i in $(seq {Species}); do awk -v least=$((i * 2)) '$1 >= least' base.txt > species-$i.txt; done\ncat species-*.txt | sort -n | uniq -c > richness.txt\n").Succeeded();
                break;
            case "script":
                trial.Write("go.sh", string.Concat(Enumerable.Range(1, Species).Select(i => Line(i) + "\n")) + "cat species-*.txt | sort -n | uniq -c > richness.txt\n");
                trial.Varve("sh", "go.sh").Succeeded();
                break;
            default:
                trial.Write("species.csv", "id,least\n" + string.Concat(Enumerable.Range(1, Species).Select(i => $"s{i:00},{i * 2}\n")));
                trial.Write("p.md", "```sh name=one map=species.csv\nawk -v least=$least '$1 >= least' base.txt > species-$id.txt\n```\n\n```sh name=all join=one\ncat \"$@\" | sort -n | uniq -c > richness.txt\n```\n");
                trial.Varve("run", "p.md").Succeeded();
                break;
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public void The_document_is_minimal_and_makes_the_same_bytes_where_only_its_inputs_are(string way)
    {
        using var trial = new Trial(test: "export " + way);
        Type(trial, way);
        var made = trial.Read("richness.txt");
        trial.Varve("export", "richness.txt", "--as", "md", "-o", trial.Host + "/out/").Succeeded();
        var document = File.ReadAllText(trial.Host + "/out/pipeline.md");
        Assert.Contains("sha256:", document, StringComparison.Ordinal);
        Assert.DoesNotContain("unused", document, StringComparison.Ordinal);
        if (way is "exec" or "script" or "document")
        {
            Assert.Single(document.Split("```sh").Skip(1), block => block.Contains("map=", StringComparison.Ordinal));
            Assert.Equal(2, document.Split("```sh").Length - 1);
            var table = Directory.GetFiles(trial.Host + "/out", "*.csv", SearchOption.AllDirectories).Single();
            Assert.Equal(Species + 1, File.ReadLines(table).Count());
        }

        using var other = new Trial(test: "export elsewhere " + way);
        other.Plain(other.Workspace, "cp", "-r", trial.Host + "/out/.", ".").Succeeded();
        other.Write("base.txt", trial.Read("base.txt"));
        other.Varve("run", "pipeline.md").Succeeded();
        var result = Directory.GetFiles(other.Workspace, "richness.txt", SearchOption.AllDirectories).First();
        Assert.Equal(made, File.ReadAllText(result));

        // Another input than the one it was written for is an error that names it, unless it is given on purpose.
        other.Write("base.txt", "1\n");
        var refused = other.Varve("run", "pipeline.md");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("base.txt has the digest", refused.Error, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Ways))]
    public void The_script_makes_the_same_bytes_and_checks_its_inputs(string way)
    {
        using var trial = new Trial(test: "export sh " + way);
        Type(trial, way);
        trial.Varve("export", "richness.txt", "--as", "sh", "-o", trial.Host + "/p.sh").Succeeded();
        using var other = new Trial(test: "export sh elsewhere " + way);
        other.Write("base.txt", trial.Read("base.txt"));
        File.Copy(trial.Host + "/p.sh", other.At("p.sh"));
        other.Plain(other.Workspace, "sh", "p.sh").Succeeded();
        Assert.Equal(trial.Read("richness.txt"), other.Read("richness.txt"));
        other.Write("base.txt", "1\n");
        Assert.NotEqual(0, other.Plain(other.Workspace, "sh", "p.sh").ExitCode);
    }

    [Fact]
    public void What_is_exported_again_from_the_exported_document_is_the_same()
    {
        using var trial = new Trial();
        Type(trial, "exec");
        trial.Varve("export", "richness.txt", "--as", "md", "-o", trial.Host + "/out/").Succeeded();
        using var other = new Trial();
        other.Plain(other.Workspace, "cp", "-r", trial.Host + "/out/.", ".").Succeeded();
        other.Write("base.txt", trial.Read("base.txt"));
        other.Varve("run", "pipeline.md").Succeeded();
        other.Varve("export", "richness.txt", "--as", "md", "-o", other.Host + "/out/").Succeeded();
        static string Blocks(string text) => text[text.IndexOf("```sh", StringComparison.Ordinal)..];
        Assert.Equal(Blocks(File.ReadAllText(trial.Host + "/out/pipeline.md")), Blocks(File.ReadAllText(other.Host + "/out/pipeline.md")));
    }

    [Fact]
    public void Pictures_and_graphs_come_out_as_of_how_and_an_unknown_file_is_said()
    {
        using var trial = new Trial();
        Type(trial, "exec");
        Assert.StartsWith("<svg", trial.Varve("export", "richness.txt", "--as", "svg").Succeeded().Output, StringComparison.Ordinal);
        Assert.StartsWith("digraph", trial.Varve("export", "richness.txt", "--as", "dot").Succeeded().Output, StringComparison.Ordinal);
        var unknown = trial.Varve("export", "base.txt", "--as", "md");
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.Contains("base.txt", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_may_differ_next_time_is_said_in_the_document()
    {
        using var trial = new Trial();
        trial.Exec("sh", "-c", "head -c 4 /dev/urandom | od -An -tx1 > random.txt").Succeeded();
        Assert.Contains("drew random numbers", trial.Varve("export", "random.txt", "--as", "md").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_published_file_carries_its_ancestry_to_a_machine_that_knows_nothing()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "[sidecar]\non = true\n");
        trial.Write("base.txt", "3\n1\n2\n");
        trial.Write("p.md", "---\npublish: {folder: results, files: [sorted.txt]}\n---\n\n```sh name=sorting\nsort base.txt > sorted.txt\n```\n");
        trial.Varve("run", "p.md").Succeeded();
        var sidecar = trial.At("results/sorted.txt.varve.json");
        Assert.True(File.Exists(sidecar), "there is no sidecar");
        var before = File.GetLastWriteTimeUtc(sidecar);
        trial.Varve("run", "p.md").Succeeded();
        Assert.Equal(before, File.GetLastWriteTimeUtc(sidecar));

        using var other = new Trial();
        File.Copy(trial.At("results/sorted.txt"), other.At("mailed.txt"));
        File.Copy(sidecar, other.At("mailed.txt.varve.json"));
        Assert.Contains("sort base.txt > sorted.txt", other.Varve("how", "mailed.txt").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("base.txt", other.Varve("how", "mailed.txt", "--json").Succeeded().Output, StringComparison.Ordinal);
        // The whole pipeline comes out of it, too.
        var script = other.Varve("how", "mailed.txt", "--as", "sh").Succeeded().Output;
        using var third = new Trial();
        third.Write("base.txt", "3\n1\n2\n");
        third.Write("go.sh", script);
        third.Plain(third.Workspace, "sh", "go.sh").Succeeded();
        Assert.Equal("1\n2\n3\n", third.Read("sorted.txt"));

        other.Write("mailed.txt", "changed\n");
        var refused = other.Varve("how", "mailed.txt");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("tells of another content", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sidecar_that_was_cut_or_garbled_is_said_so()
    {
        using var trial = new Trial();
        trial.Write("varve.toml", "sidecar.on = true\n");
        trial.Write("p.md", "---\npublish: {folder: results, files: [x.txt]}\n---\n\n```sh name=x\necho x > x.txt\n```\n");
        trial.Varve("run", "p.md").Succeeded();
        var text = trial.Read("results/x.txt.varve.json");
        using var other = new Trial();
        other.Write("x.txt", "x\n");
        var random = new Random(7);
        for (var i = 0; i < 12; i++)
        {
            var at = random.Next(text.Length);
            other.Write("x.txt.varve.json", i % 3 == 0 ? text[..at] : i % 3 == 1 ? text[..at] + (char)random.Next(33, 126) + text[(at + 1)..] : text.Replace("\"key\": \"", "\"key\": \"AAAA", StringComparison.Ordinal));
            var outcome = other.Varve("how", "x.txt");
            Assert.DoesNotContain("internal error", outcome.Error, StringComparison.Ordinal);
            Assert.Equal(outcome.ExitCode != 0, outcome.Error.StartsWith("varve: ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Provenance_is_read_by_the_reference_library_and_is_the_same_in_both_notations()
    {
        using var trial = new Trial();
        Type(trial, "exec");
        trial.Varve("export", "richness.txt", "--as", "prov", "-o", trial.Host + "/p.provjson").Succeeded();
        trial.Varve("export", "richness.txt", "--as", "prov-n", "-o", trial.Host + "/p.provn").Succeeded();
        var text = File.ReadAllText(trial.Host + "/p.provn");
        Assert.StartsWith("document\n", text, StringComparison.Ordinal);
        var counts = text.Split('\n').Select(l => l.Trim().Split('(')[0]).Where(k => k is "entity" or "activity" or "used" or "wasGeneratedBy" or "wasDerivedFrom" or "wasAssociatedWith").CountBy(k => k).ToDictionary();
        Assert.Equal((Species + 1, Species + 1), (counts["activity"], counts["wasGeneratedBy"]));
        var check = trial.Plain(trial.Workspace, "/usr/bin/python3", "-c", """
            import sys
            try: from prov.model import ProvDocument, ProvActivity, ProvEntity, ProvUsage, ProvGeneration, ProvDerivation, ProvAssociation
            except ImportError: sys.exit(77)
            d = ProvDocument.deserialize(sys.argv[1])
            for name, kind in dict(entity=ProvEntity, activity=ProvActivity, used=ProvUsage, wasGeneratedBy=ProvGeneration, wasDerivedFrom=ProvDerivation, wasAssociatedWith=ProvAssociation).items():
                print(name, len(list(d.get_records(kind))))
            """, trial.Host + "/p.provjson");
        Assert.SkipWhen(check.ExitCode == 77, "python3-prov is not installed");
        foreach (var line in check.Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.Equal($"{line.Split(' ')[0]} {counts.GetValueOrDefault(line.Split(' ')[0])}", line);
    }

    [Theory, MemberData(nameof(Ways))]
    public void The_Snakefile_makes_the_same_bytes_and_checks_its_inputs(string way)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/snakemake"), "snakemake is not installed");
        using var trial = new Trial(test: "snakemake-" + way.Replace(' ', '-'));
        Type(trial, way);
        trial.Varve("export", "richness.txt", "--as", "snakemake", "-o", trial.Host + "/out/").Succeeded();
        using var other = new Trial(test: "snakemake-elsewhere-" + way.Replace(' ', '-'));
        other.Plain(other.Workspace, "cp", "-r", trial.Host + "/out/.", ".").Succeeded();
        other.Write("base.txt", trial.Read("base.txt"));
        string[] run = ["/usr/bin/env", "PATH=/usr/bin:/bin", "/usr/bin/snakemake", "--cores", "2"];
        other.Plain(other.Workspace, run).Succeeded();
        Assert.Equal(trial.Read("richness.txt"), other.Read("richness.txt"));
        other.Write("base.txt", "1\n");
        var refused = other.Plain(other.Workspace, run);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("base.txt has the SHA-256", refused.Error + refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_Snakefile_cannot_do_is_refused_by_name()
    {
        using var trial = new Trial();
        trial.Write("list.txt", "3\n1\n2\n");
        trial.Sh("sort -o list.txt list.txt").Succeeded();
        var refused = trial.Varve("export", "list.txt", "--as", "snakemake", "-o", "out/");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("replaces list.txt", refused.Error, StringComparison.Ordinal);
        trial.Varve("export", "list.txt", "--as", "md").Succeeded();
    }
}
