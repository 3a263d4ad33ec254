using System.Globalization;
using Varve.Lineage;
using Varve.Sandbox;
using Xunit;

namespace Varve.Tests;

/// <summary>How a file came to be, from executions that a test tells of.</summary>
public sealed class LineageChainTests : IDisposable
{
    private readonly TemporaryHome place = new();
    private readonly LineageDatabase lineage;
    private int made;

    public LineageChainTests() => lineage = new LineageDatabase(place.Home);

    public void Dispose()
    {
        lineage.Dispose();
        place.Dispose();
    }

    [Fact]
    public void Steps_come_in_the_order_in_which_each_finds_what_it_reads()
    {
        Ran("sort", reads: [("raw", "r")], writes: [("sorted", "s")]);
        Ran("unrelated", reads: [("raw", "r")], writes: [("other", "o")]);
        Ran("count", reads: [("sorted", "s")], writes: [("n", "3")]);
        var chain = Find("n", "3");
        Assert.Equal(["sort", "count"], Names(chain));
        Assert.Equal([place.At("raw")], chain.Inputs.Select(i => i.Path));
    }

    [Fact]
    public void A_file_edited_in_place_needs_every_edit_before()
    {
        Ran("make", reads: [], writes: [("f", "1")]);
        Ran("edit", reads: [("f", "1")], writes: [("f", "2")]);
        Ran("edit again", reads: [("f", "2")], writes: [("f", "3")]);
        var chain = Find("f", "3");
        Assert.Equal(["make", "edit", "edit again"], Names(chain));
        Assert.Empty(chain.Inputs);
    }

    [Fact]
    public void Of_two_ways_to_a_file_the_shorter_is_told()
    {
        Ran("short", reads: [("raw", "r")], writes: [("f", "x")]);
        Ran("long, first", reads: [("raw", "r")], writes: [("between", "b")]);
        Ran("long, second", reads: [("between", "b")], writes: [("f", "x")]);
        Assert.Equal(["short"], Names(Find("f", "x")));
    }

    [Fact]
    public void A_content_that_comes_back_makes_no_circle()
    {
        Ran("make", reads: [], writes: [("f", "A")]);
        Ran("there", reads: [("f", "A")], writes: [("f", "B")]);
        Ran("back", reads: [("f", "B")], writes: [("f", "A")]);
        Assert.Equal(["make"], Names(Find("f", "A")));
        Assert.Equal(["make", "there"], Names(Find("f", "B")));
    }

    [Fact]
    public void Without_a_beginning_a_circle_starts_from_an_input()
    {
        Ran("there", reads: [("f", "A")], writes: [("f", "B")]);
        Ran("back", reads: [("f", "B")], writes: [("f", "A")]);
        Assert.Equal(["there"], Names(Find("f", "B")));
    }

    [Fact]
    public void A_chain_of_three_thousand_steps_is_found_on_a_small_stack()
    {
        const int length = 3000;
        for (var i = 0; i < length; i++) Ran($"step {i}", reads: [($"f{i}", $"{i}")], writes: [($"f{i + 1}", $"{i + 1}")]);
        Chain? chain = null;
        var thread = new Thread(() => chain = Find($"f{length}", $"{length}"), maxStackSize: 1 << 18);
        thread.Start();
        thread.Join();
        Assert.Equal(Enumerable.Range(0, length).Select(i => $"step {i}"), Names(chain!));
        Assert.Equal([place.At("f0")], chain!.Inputs.Select(i => i.Path));
    }

    [Fact]
    public void A_redirected_output_was_made_by_the_command()
    {
        Ran("wc", reads: [("raw", "r")], writes: [], output: ("n", "3"));
        Assert.Equal(["wc"], Names(Find("n", "3")));
    }

    [Fact]
    public void A_copy_under_another_name_is_known_by_its_content()
    {
        Ran("make", reads: [], writes: [("f", "x")]);
        var chain = Find("published", "x");
        Assert.Equal((place.At("f"), place.At("published")), (chain.Path, chain.CopyAs));
    }

    [Fact]
    public void What_belongs_to_the_system_is_no_input()
    {
        Ran("make", reads: [], writes: [("f", "x")], more: new("/usr/bin/make", ObservationKind.Content, Samples.Named("make"), "f755"));
        Assert.Empty(Find("f", "x").Inputs);
    }

    [Fact]
    public void Looking_at_its_own_last_output_is_not_reading_it()
    {
        Ran("first", reads: [], writes: [("f", "old")]);
        Ran("rm -f f; make", reads: [], writes: [("f", "new")], more: new(place.At("f"), ObservationKind.Status, Samples.Named("old"), "f644"));
        Assert.Equal(["rm -f f; make"], Names(Find("f", "new")));
    }

    [Fact]
    public void A_file_that_nobody_made_or_that_was_changed_since_is_told_so()
    {
        Ran("make", reads: [], writes: [("f", "x")]);
        Assert.Contains("not made by a step", Assert.Throws<NoChainException>(() => Find("f", "changed by hand")).Message, StringComparison.Ordinal);
        Assert.Contains("no file", Assert.Throws<NoChainException>(() => new ChainFinder(lineage).Find(place.At("nothing"))).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<NoChainException>(() => new ChainFinder(lineage).Find(place.Work)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(Chain chain) => chain.Steps.Select(s => s.Key.Command[0]);

    private Chain Find(string name, string content) => new ChainFinder(lineage).Find(place.Write(name, content));

    private void Ran(string name, (string Name, string Content)[] reads, (string Name, string Content)[] writes, (string Name, string Content)? output = null, Observation? more = null)
    {
        var key = Samples.Key(name) with { Directory = place.Work, Workspace = place.Work };
        var seen = reads.Select(r => new Observation(place.At(r.Name), ObservationKind.Content, Samples.Named(r.Content), "f644"));
        lineage.Add(Samples.Plain with
        {
            Key = key,
            Step = key.Id(),
            Execution = (++made).ToString("x32", CultureInfo.InvariantCulture),
            StartedAt = Samples.Plain.StartedAt.AddSeconds(made),
            Observations = [.. more is { } other ? seen.Append(other) : seen],
            Changes = [.. writes.Select(w => Samples.File(place.At(w.Name), w.Content))],
            OutputFile = output is { } file ? Samples.File(place.At(file.Name), file.Content) : null,
        });
    }
}
