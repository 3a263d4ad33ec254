using Varve.Snapshots.Replication;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What a person types for a side of a sync, and what it means.</summary>
public sealed class PlaceTests
{
    [Theory]
    [InlineData("tank/home", "", "tank/home", false)]
    [InlineData("/data/x/", "", "/data/x", false)]
    [InlineData("ann@far:tank/home", "ann@far", "tank/home", false)]
    [InlineData("far:/data", "far", "/data", false)]
    [InlineData("repo:/backup", "", "/backup", true)]
    [InlineData("far:repo:/backup", "far", "/backup", true)]
    [InlineData("/odd:name", "", "/odd:name", false)]
    public void Names_are_read_as_they_are_documented(string typed, string host, string name, bool isRepository) =>
        Assert.Equal(new Place(host, name, isRepository), Place.Parse(typed));

    [Fact]
    public void A_folder_may_be_named_from_the_current_one() =>
        Assert.Equal(Path.GetFullPath("./some/folder"), Place.Parse("./some/folder").Name);

    [Fact]
    public void A_folder_that_reads_as_a_dataset_is_pointed_at()
    {
        Assert.SkipWhen(Directory.Exists("/sys/module/zfs"), "this host has ZFS, where the name is a dataset's");
        var name = $"varve-place-{Environment.ProcessId}";
        Directory.CreateDirectory(name);
        try
        {
            Assert.Contains($"./{name}", Assert.Throws<SnapshotException>(() => Place.Parse(name)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(name);
        }
    }

    [Theory, InlineData("tank/home@monday"), InlineData("far:"), InlineData("far:repo:backup")]
    public void What_makes_no_sense_is_refused(string typed) => Assert.Throws<SnapshotException>(() => Place.Parse(typed));
}
