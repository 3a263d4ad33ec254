using System.Text.Json;
using Xunit;

namespace Varve.Tests;

/// <summary>Naming, searching and condemning results, as a person does it.</summary>
public sealed class LabelsEndToEndTests : IDisposable
{
    private readonly Played here = new();

    public LabelsEndToEndTests()
    {
        here.Write("heights.txt", "the heights of forty places, the first version\n");
        here.Write("names.txt", "the names of the places, which nobody doubts at all\n");
        here.Varve("exec", "--", "sh", "-c", "tr a-z A-Z < heights.txt > grid.txt");
        here.Varve("exec", "--", "sh", "-c", "cat grid.txt names.txt > map.txt");
        here.Varve("exec", "--", "sort", "-o", "sorted.txt", "names.txt");
    }

    public void Dispose() => here.Dispose();

    private string[] Found(params string[] terms) =>
        [.. here.Varve(["find", "--json", .. terms]).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Path.GetFileName(JsonDocument.Parse(line).RootElement.GetProperty("path").GetString()!)).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_label_stays_with_the_bytes_and_is_found()
    {
        here.Varve("label", "map.txt", "status=final", "paper=zion 2026");
        File.Move(here.At("map.txt"), here.At("moved.txt"));
        Assert.Contains("status=final", here.Varve("label", "moved.txt"), StringComparison.Ordinal);
        Assert.Equal(["map.txt"], Found("--label", "status=final"));
        Assert.Equal(["map.txt"], Found("--label", "status", "--label", "paper=zion 2026"));
        Assert.Empty(Found("--label", "status=draft"));

        here.Varve("label", "moved.txt", "--remove", "status");
        Assert.Empty(Found("--label", "status"));
        Assert.Equal(2, here.Call(["label", "moved.txt", "--remove", "status"], here.Folder, "home").Status);
        Assert.Equal(2, here.Call(["label", "moved.txt", "novalue"], here.Folder, "home").Status);
    }

    [Fact]
    public void A_labelled_input_is_found_though_nobody_made_it()
    {
        here.Varve("label", "heights.txt", "version=1");
        Assert.Equal(["heights.txt"], Found("--label", "version=1"));
        Assert.Empty(Found("--label", "version=1", "--command", "sort"));
    }

    [Fact]
    public void Results_are_found_by_what_they_were_made_from_and_how()
    {
        Assert.Equal(["grid.txt", "map.txt"], Found("--input", "heights.txt"));
        Assert.Equal(["map.txt", "sorted.txt"], Found("--input", "names.txt"));
        Assert.Equal(["map.txt"], Found("--input", "names.txt", "--program", "cat"));
        Assert.Equal(["sorted.txt"], Found("--command", "sorted.txt names"));
        Assert.Equal(["sorted.txt"], Found("--program", "/usr/bin/sort"));
        Assert.Equal(3, Found("--since", "1d").Length);
        Assert.Empty(Found("--until", "2020-01-01"));
        Assert.Empty(Found("--min-time", "1h"));
        Assert.Equal(["map.txt"], Found("--min-size", "60"));
        Assert.Empty(Found("--effect", "network"));
        Assert.Equal(2, here.Call(["find", "--since", "yesterday"], here.Folder, "home").Status);
    }

    [Fact]
    public void A_version_of_an_input_is_told_from_the_next()
    {
        var first = JsonDocument.Parse(here.Varve("label", "--json", "heights.txt", "v=1")).RootElement.GetProperty("digest").GetString()!;
        here.Write("heights.txt", "the heights of forty places, the second version\n");
        Assert.Empty(Found("--input", "heights.txt"));
        Assert.Equal(["grid.txt", "map.txt"], Found("--input", first[..20]));
    }

    [Fact]
    public void A_taint_marks_what_is_downstream_now_and_later_in_every_view()
    {
        var said = here.Varve("taint", "heights.txt", "--reason", "metres, not feet");
        Assert.Contains("2 files downstream", said, StringComparison.Ordinal);
        Assert.DoesNotContain("sorted.txt", said, StringComparison.Ordinal);

        here.Varve("exec", "--", "cp", "map.txt", "later.txt");
        Assert.Equal(["grid.txt", "later.txt", "map.txt"], Found("--tainted"));
        Assert.Contains("TAINTED", here.Varve("show", "later.txt"), StringComparison.Ordinal);
        Assert.Contains("metres, not feet", here.Varve("show", "--json", "later.txt"), StringComparison.Ordinal);
        Assert.Contains("metres, not feet", here.Call(["how", "later.txt"], here.Folder, "home").Error, StringComparison.Ordinal);
        Assert.Equal(3, here.Varve("log").Split('\n').Count(line => line.EndsWith("TAINTED", StringComparison.Ordinal)));
        Assert.Empty(here.Call(["how", "sorted.txt"], here.Folder, "home").Error);

        here.Varve("taint", "--remove", "heights.txt");
        Assert.Empty(Found("--tainted"));
        Assert.DoesNotContain("TAINTED", here.Varve("log"), StringComparison.Ordinal);
        Assert.Equal(2, here.Call(["taint", "--remove", "heights.txt"], here.Folder, "home").Status);
    }

    [Fact]
    public void A_taint_goes_through_standard_input_from_outside()
    {
        File.WriteAllText(here.Beside("outside.txt"), "something that lies outside of the workspace\n");
        here.Start("/bin/sh", ["-c", $"'{Checkout.Program}' exec --quiet -- cat < ../outside.txt > kept.txt"], here.Folder, "home");
        here.Varve("exec", "--", "cp", here.Beside("outside.txt"), "copied.txt");
        var said = here.Varve("taint", here.Beside("outside.txt"));
        Assert.Contains("kept.txt", said, StringComparison.Ordinal);
        Assert.Contains("copied.txt", said, StringComparison.Ordinal);
    }
}
