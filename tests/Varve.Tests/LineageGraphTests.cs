using System.Xml.Linq;
using CsCheck;
using Varve.Lineage;
using Varve.Sandbox;
using Xunit;

namespace Varve.Tests;

/// <summary>The picture of a lineage: what is folded, where it stands, and that it is sound SVG whatever the names hold.</summary>
public sealed class LineageGraphTests
{
    private static Trace Step(string name, string[] command, string[] reads, string[] writes, Origin? origin = null) => Samples.Plain with
    {
        Execution = name,
        Key = Samples.Key(command),
        Step = Samples.Named(name),
        Origin = origin,
        Observations = [.. reads.Select(r => new Observation(r, ObservationKind.Content, Samples.Named(r), "f644"))],
        Changes = [.. writes.Select(w => Samples.File(w, w))],
    };

    private static Chain ChainTo(string path, string[] inputs, params Trace[] steps) =>
        new(path, Samples.Named(path), "", steps, [.. inputs.Select(i => new ChainInput(i, Samples.Named(i), 1, false))]);

    /// <summary>A table, a map over it, and what gathers the map.</summary>
    private static Chain Map(int elements)
    {
        var map = Enumerable.Range(0, elements).Select(i => Step($"m{i}", ["/bin/sh", "-eu", "-c", "make", "species"], ["/work/zion/t.csv"], [$"/work/zion/aoh/{i}.tif"], new Origin("/work/zion/p.md", "aoh", $"{i}")));
        var last = Step("last", ["python3", "sum.py"], [.. Enumerable.Range(0, elements).Select(i => $"/work/zion/aoh/{i}.tif")], ["/work/zion/sum.tif"]);
        return ChainTo("/work/zion/sum.tif", ["/work/zion/t.csv"], [.. map, last]);
    }

    [Fact]
    public void A_map_becomes_one_node_with_a_count()
    {
        var graph = GraphFolding.Of(Map(5_000));
        Assert.Equal(["aoh 5000", "python3 sum.py 1"], graph.Nodes.Where(n => n.Kind == GraphNodeKind.Step).Select(n => $"{n.Title} {n.Count}"));
        Assert.Equal(["*.tif 5000", "sum.tif 1", "t.csv 1"], graph.Nodes.Where(n => n.Kind != GraphNodeKind.Step).Select(n => $"{n.Title} {n.Count}").Order(StringComparer.Ordinal));
        Assert.Equal(4, graph.Edges.Count);
        Assert.Equal(5_001, graph.Steps);
    }

    [Fact]
    public void Two_of_a_kind_stay_two() => Assert.Equal(3, GraphFolding.Of(Map(2)).Nodes.Count(n => n.Kind == GraphNodeKind.Step));

    [Fact]
    public void Commands_that_differ_only_in_values_have_one_shape()
    {
        static string Shape(params string[] command) => CommandShape.Of(Step("s", command, [], []));
        Assert.Equal(Shape("gdalwarp", "-q", "-t_srs", "EPSG:4326", "a/1.tif", "b/1.tif"), Shape("gdalwarp", "-q", "-t_srs", "EPSG:3857", "a/2.tif", "b/2.tif"));
        Assert.NotEqual(Shape("gdalwarp", "-q", "a/1.tif"), Shape("gdalwarp", "-r", "a/1.tif"));
        Assert.NotEqual(Shape("python3", "mean.py", "1.csv"), Shape("python3", "sum.py", "1.csv"));
        Assert.Equal(Shape("/bin/sh", "-eu", "-c", "sort 1.csv | head -n 3", "b"), Shape("/bin/sh", "-eu", "-c", "sort 2.csv | head -n 9", "b"));
    }

    [Fact]
    public void A_chain_of_thousands_of_different_depths_is_folded_too()
    {
        var steps = Enumerable.Range(1, 3_000).Select(i => Step($"s{i}", ["smooth", $"{i - 1}.tif", $"{i}.tif"], [$"/work/zion/{i - 1}.tif"], [$"/work/zion/{i}.tif"])).ToArray();
        var graph = GraphFolding.Of(ChainTo("/work/zion/3000.tif", ["/work/zion/0.tif"], steps));
        Assert.Equal(3_000, Assert.Single(graph.Nodes, n => n.Kind == GraphNodeKind.Step).Count);
    }

    [Fact]
    public void Steps_in_a_circle_once_folded_become_one_node()
    {
        var steps = Enumerable.Range(1, 1_000).Select(i => Step($"s{i}", [i % 2 == 0 ? "grow" : "shrink", $"{i}.tif"], [$"/work/zion/{i - 1}.tif"], [$"/work/zion/{i}.tif"])).ToArray();
        var graph = GraphFolding.Of(ChainTo("/work/zion/1000.tif", ["/work/zion/0.tif"], steps));
        Assert.Equal("steps of several kinds", Assert.Single(graph.Nodes, n => n.Kind == GraphNodeKind.Step).Title);
    }

    [Fact]
    public void Edges_go_to_the_right_and_nothing_overlaps() =>
        Gen.Select(Gen.Int[1, 40], Gen.Select(Gen.Int[0, 39], Gen.Int[0, 39]).Array[0, 90]).Sample((nodes, pairs) =>
        {
            var edges = pairs.Where(p => p.Item1 < p.Item2 && p.Item2 < nodes).Select(p => new GraphEdge(p.Item1, p.Item2)).Distinct().ToList();
            var places = GraphLayout.Of(nodes, edges);
            Assert.All(edges, e => Assert.True(places.Column[e.From] < places.Column[e.To]));
            Assert.All(edges.Zip(places.Bends), e => Assert.Equal(places.Column[e.First.To] - places.Column[e.First.From] - 1, e.Second.Count));
            foreach (var column in Enumerable.Range(0, nodes).GroupBy(n => places.Column[n]))
            {
                var rows = column.Select(n => places.Row[n]).Order().ToList();
                Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.True(pair.Second - pair.First > 0.999));
                Assert.All(rows, row => Assert.True(row > 0.499));
            }
        });

    [Fact]
    public void Circles_are_found() =>
        Assert.Equal(new[] { true, true, false }, Circles.Of([[1], [0, 2], []]) is var c ? [c[0] == c[1], c[1] != c[2], c[0] == c[2]] : []);

    [Fact]
    public void The_picture_is_sound_xml_whatever_the_names_hold()
    {
        const string bad = "/work/zion/<script>alert(\"1\")&'\u0001\uDCFF\uD800.tif";
        var chain = ChainTo(bad, [], Step("s", ["echo", "</title><script>"], [], [bad]));
        using var text = new StringWriter();
        GraphPicture.Write(text, GraphFolding.Of(chain), static _ => "/file?path=\"><b>");
        var svg = XDocument.Parse(text.ToString());
        Assert.DoesNotContain(svg.Descendants(), e => e.Name.LocalName is "script" or "b");
        Assert.Contains("\\x01\\xFF", text.ToString(), StringComparison.Ordinal);
    }
}
