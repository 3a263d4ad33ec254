using CsCheck;
using Varve.Snapshots.Datasets;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Catalogues have no server: whoever met whom first, all know the same in the end.</summary>
public sealed class CatalogueTests
{
    private static Gen<string> OneOf(params string[] names) => Gen.Int[0, names.Length - 1].Select(i => names[i]);

    private static readonly Gen<Holding> Holdings = Gen.Select(OneOf("land", "sea/ice"), Gen.ULong, Gen.Bool, Gen.Int[0, 99], static (dataset, guid, leaving, full) =>
        new Holding(dataset, "/data/" + dataset) { Snapshots = [new HeldSnapshot("one", guid, 5)], Count = 1, FullPercent = full, IsLeaving = leaving });

    private static readonly Gen<HostRecord> Records = Gen.Select(OneOf("alpha", "beta", "gamma"), Gen.Long[0, 4], Gen.Long[0, 3], Holdings.Array[0, 2], Gen.Bool, static (name, version, at, holdings, gone) =>
        new HostRecord(name, "root@" + name, version, at) { Holdings = holdings, IsGone = gone });

    private static readonly Gen<Wish> Wishes = Gen.Select(OneOf("land", "sea/ice"), Gen.Int[1, 4], Gen.Long[0, 3], OneOf("alpha", "beta"), static (dataset, copies, version, by) => new Wish(dataset, copies, version, by));

    private static readonly Gen<Catalogue> Catalogues = Gen.Select(Records.Array[0, 4], Wishes.Array[0, 3], static (records, wishes) =>
        wishes.Aggregate(records.Aggregate(Catalogue.Empty, static (c, r) => c.With(r)), static (c, w) => c.With(w)));

    private static string Text(Catalogue catalogue) => System.Text.Encoding.UTF8.GetString(CatalogueText.Of(catalogue));

    [Fact]
    public void Merging_does_not_depend_on_order_or_repetition() =>
        Gen.Select(Catalogues, Catalogues, Catalogues).Sample(static (a, b, c) =>
        {
            Assert.Equal(Text(a.MergedWith(b)), Text(b.MergedWith(a)));
            Assert.Equal(Text(a.MergedWith(b).MergedWith(c)), Text(a.MergedWith(b.MergedWith(c))));
            Assert.Equal(Text(a), Text(a.MergedWith(a)));
        }, iter: 2000);

    [Fact]
    public void What_is_written_is_read_again() =>
        Catalogues.Sample(static c => Assert.Equal(Text(c), Text(CatalogueText.Read(CatalogueText.Of(c), "test"))), iter: 500);

    [Fact]
    public void A_damaged_catalogue_is_named_and_stays()
    {
        var folder = Directory.CreateTempSubdirectory("varve-catalogue-").FullName;
        File.WriteAllText(folder + "/catalogue.json", "{\"format\": \"varve cata");
        var failure = Assert.Throws<SnapshotException>(() => new LocalHost(folder).Update(static c => c));
        Assert.Contains(folder + "/catalogue.json", failure.Message, StringComparison.Ordinal);
        Assert.Equal("{\"format\": \"varve cata", File.ReadAllText(folder + "/catalogue.json"));
        Directory.Delete(folder, recursive: true);
    }

    [Theory, InlineData("../out"), InlineData("/etc/x"), InlineData("a//b"), InlineData("a/./b"), InlineData("")]
    public void A_manifest_that_leads_out_of_the_target_is_refused(string path)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes($"f 420 0 0 1 1\0{path}\0\0");
        Assert.Throws<SnapshotException>(() => Manifest.Read(bytes));
    }

    [Fact]
    public void A_host_that_cannot_be_reached_is_no_copy_to_count_on()
    {
        var snapshot = new HeldSnapshot("one", 7, 5);
        HostRecord Host(string name) => new(name, name, 1, 1) { Holdings = [new Holding("land", "/land") { Snapshots = [snapshot], Count = 1 }] };
        var catalogue = Catalogue.Empty.With(Host("alpha")).With(Host("beta")).With(new Wish("land", 2, 1, "alpha"));
        Assert.Equal(0, Fleet.Nagios(Fleet.Of(catalogue, new Dictionary<string, string>(), [])).Status);
        var fleet = Fleet.Of(catalogue, new Dictionary<string, string> { ["beta"] = "no route" }, []);
        Assert.Equal(1, fleet[0].Copies);
        Assert.Equal(2, Fleet.Nagios(fleet).Status);
    }
}
