using System.Globalization;
using Microsoft.Data.Sqlite;
using Varve.Lineage;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

public sealed class LineageDatabaseTests : IDisposable
{
    private readonly TemporaryHome place = new();
    private int made;

    public void Dispose() => place.Dispose();

    [Fact]
    public void What_was_added_is_found_as_it_was()
    {
        using var lineage = new LineageDatabase(place.Home);
        lineage.Add(Samples.Full with { Step = Samples.Full.Key.Id() });
        using var later = new LineageDatabase(place.Home);
        var found = Assert.Single(later.Reusable(Samples.Full.Key.Id()));
        Assert.Equal(Samples.Full.Observations.OrderBy(o => o.Path, StringComparer.Ordinal), found.Observations.OrderBy(o => o.Path, StringComparer.Ordinal));
        Assert.Equal(Samples.Full.Changes, found.Changes);
        Assert.Equal(Samples.Full.Origin, found.Origin);
        Assert.Equal(Samples.Full.StartedAt, found.StartedAt);
        Assert.Equal(Samples.Full.Key.Command, found.Key.Command);
    }

    [Fact]
    public void A_failed_execution_is_known_and_never_offered_for_reuse()
    {
        using var lineage = new LineageDatabase(place.Home);
        var failed = Made("f") with { ExitCode = 1, NotReusable = "it failed" };
        lineage.Add(failed);
        Assert.Empty(lineage.Reusable(failed.Step));
        Assert.Equal(failed.Execution, lineage.Newest(failed.Step)!.Execution);
    }

    [Fact]
    public void Loading_ahead_answers_as_asking_one_by_one()
    {
        using var writer = new LineageDatabase(place.Home);
        foreach (var name in "abcab") writer.Add(Made(name.ToString()));
        Digest[] steps = [Made("a").Step, Made("b").Step, Made("c").Step, Made("never").Step];
        using var single = new LineageDatabase(place.Home);
        using var ahead = new LineageDatabase(place.Home);
        ahead.LoadAhead(steps);
        foreach (var step in steps)
            Assert.Equal(single.Reusable(step).Select(t => t.Execution), ahead.Reusable(step).Select(t => t.Execution));
    }

    [Fact]
    public void What_another_connection_adds_is_seen_although_it_was_loaded_ahead()
    {
        using var mine = new LineageDatabase(place.Home);
        using var theirs = new LineageDatabase(place.Home);
        var step = Made("a").Step;
        mine.LoadAhead([step]);
        Assert.Empty(mine.Reusable(step));
        theirs.Add(Made("a"));
        Assert.Single(mine.Reusable(step));
    }

    [Fact]
    public async Task Two_connections_write_at_once_and_nothing_is_lost()
    {
        var traces = Enumerable.Range(0, 40).Select(i => Made($"{i % 4}")).ToArray();
        await Task.WhenAll(new[] { 0, 1 }.Select(half => Task.Run(() =>
        {
            using var lineage = new LineageDatabase(place.Home);
            for (var i = half; i < traces.Length; i += 2) lineage.Add(traces[i]);
        }, TestContext.Current.CancellationToken)));
        using var reader = new LineageDatabase(place.Home);
        Assert.Equal(40, Enumerable.Range(0, 4).Sum(i => reader.Reusable(Made($"{i}").Step).Count));
    }

    [Fact]
    public void The_newest_of_a_block_is_the_one_it_last_used()
    {
        using var lineage = new LineageDatabase(place.Home);
        var origin = new Origin("/d/p.md", "block", "");
        var (first, second) = (Made("a") with { Origin = origin }, Made("b") with { Origin = origin });
        lineage.Add(first);
        lineage.Add(second);
        Assert.Equal(second.Execution, Assert.Single(lineage.NewestOf(origin.Document)).Execution);
        lineage.AddUse(first.Execution, Samples.Plain.StartedAt, origin);
        Assert.Equal(first.Execution, Assert.Single(lineage.NewestOf(origin.Document)).Execution);
    }

    [Fact]
    public void Writers_of_a_name_that_is_not_text_are_found()
    {
        using var lineage = new LineageDatabase(place.Home);
        var trace = Made("a") with { Changes = [Samples.File("/work/zion/caf\uDCE9", "x")] };
        lineage.Add(trace);
        Assert.Equal(trace.Execution, Assert.Single(lineage.Writers("/work/zion/caf\uDCE9", Samples.Named("x"))).Execution);
    }

    [Fact]
    public void A_database_from_the_future_is_named_and_left_alone()
    {
        using (var lineage = new LineageDatabase(place.Home)) lineage.Add(Made("a"));
        using (var connection = new SqliteConnection($"Data Source={place.Home.LineageFile};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode=DELETE; PRAGMA user_version=999";
            command.ExecuteNonQuery();
        }
        IsRefusedUntouched("newer Varve");
    }

    [Fact]
    public void A_file_that_is_no_database_is_named_and_left_alone()
    {
        Directory.CreateDirectory(place.Home.Folder);
        File.WriteAllText(place.Home.LineageFile, new string('?', 5000));
        IsRefusedUntouched("cannot be used");
    }

    private void IsRefusedUntouched(string saying)
    {
        var before = File.ReadAllBytes(place.Home.LineageFile);
        using var lineage = new LineageDatabase(place.Home);
        var refused = Assert.Throws<DamagedLineageException>(() => lineage.Reusable(Made("a").Step));
        Assert.Contains(place.Home.LineageFile, refused.Message, StringComparison.Ordinal);
        Assert.Contains(saying, refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(place.Home.LineageFile));
    }

    private Trace Made(string command)
    {
        var key = Samples.Key(command);
        return Samples.Plain with { Key = key, Step = key.Id(), Execution = (++made).ToString("x32", CultureInfo.InvariantCulture) };
    }
}
