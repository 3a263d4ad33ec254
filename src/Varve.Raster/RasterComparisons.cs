using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Reductions;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>The statistics of this for each zone, by the zone's number; pixels that are in no zone (where it is missing) are left out.</summary>
    /// <param name="zones">Integers that name areas, on the same grid.</param>
    /// <param name="limits">What may be used.</param>
    /// <exception cref="RasterException">Zones are no integers, or not on this grid.</exception>
    public IReadOnlyDictionary<long, Statistics> Zonal(Raster zones, Limits? limits = null)
    {
        if (zones.Type is PixelType.Float32 or PixelType.Float64) throw new RasterException("zones are integers; astype(zones, int32) makes integers of real numbers");
        // On the area that both have: what lies outside a layer is in no zone, and has no value.
        var both = (Node)Choice.Of(Binary.Of(Operation.And, Always(Node), Always(zones.Node)), zones.Node, Graph.Constant.Of(double.NaN));
        var value = Choice.Of(Binary.Of(Operation.And, Always(Node), Always(zones.Node)), Node, Graph.Constant.Of(double.NaN));
        var pass = new Pass([value, both], limits ?? Limits.Default);
        var sink = new ZoneSink(0, 1);
        var report = pass.Run([sink]);
        limits?.Done?.Invoke(report);
        return sink.Result;
    }

    /// <summary>How many pixels lie in each of some bins of one width, as numpy has it: each from its lower end on, the last to its upper end too.</summary>
    /// <param name="least">The lower end of the first.</param>
    /// <param name="most">The upper end of the last.</param>
    /// <param name="bins">How many, 1 to 65536.</param>
    /// <param name="limits">What may be used.</param>
    /// <exception cref="RasterException">The ends or the number cannot be.</exception>
    public long[] Histogram(double least, double most, int bins, Limits? limits = null)
    {
        if (!double.IsFinite(least) || !double.IsFinite(most) || !(least < most) || bins is < 1 or > 65536) throw new RasterException("a histogram has 1 to 65536 bins, from a number to a larger one");
        // The bin that the quotient names, or, where that was rounded over an end, the one beside it.
        var (x, step) = (AsType(PixelType.Float64), (most - least) / bins);
        var place = Minimum(((x - least) * (1 / step)).Floor(), bins - 1);
        var (isBelow, isAbove) = (x < place * step + least, (x >= (place + 1) * step + least) & (place < bins - 1));
        var bin = Where((x >= least) & (x <= most), place - isBelow.AsType(PixelType.Int8) + isAbove.AsType(PixelType.Int8), Missing).AsType(PixelType.Int32);
        var counts = new long[bins];
        foreach (var (number, found) in x.Zonal(bin, limits)) counts[number] = found.Count;
        return counts;
    }

    /// <summary>True wherever a raster lies.</summary>
    private static Node Always(Node node) => Binary.Of(Operation.Or, new Graph.Missing(node), Unary.Of(Function.Not, new Graph.Missing(node)));

    /// <summary>Where and how much this differs from another: a missing pixel is the same as a missing pixel, and as nothing else.</summary>
    /// <exception cref="RasterException">They are not on one grid.</exception>
    public Difference Difference(Raster other, Limits? limits = null)
    {
        var (here, there) = (Grid, other.Grid);
        var placement = new Placement([(this - other).Node]);
        if (placement.Areas[Node] is { } own && placement.Areas[other.Node] is { } others && own != others)
            throw new RasterException($"they lie on different areas: {here} and {there}; {(placement.Everything.IsEmpty ? "" : "where(b == b, a, nan) takes one to the other's area")}");
        var differs = Of(Operation.NotEqual, this, other).Fill(0).AsType(PixelType.Boolean) | (IsMissing() ^ other.IsMissing());
        var amount = (AsType(PixelType.Float64) - other.AsType(PixelType.Float64)).Abs();
        var isMissing = IsMissing() ^ other.IsMissing();
        var pass = new Pass([differs.Node, amount.Node, isMissing.Node], limits ?? Limits.Default);
        var (count, size, missing, extent) = (new TallySink(0, Wanted.Sum), new TallySink(1, Wanted.Sum | Wanted.Extremes), new TallySink(2, Wanted.Sum), new ExtentSink(0));
        var report = pass.Run([count, size, missing, extent]);
        limits?.Done?.Invoke(report);
        var origin = pass.Everything;
        return new Difference(pass.Everything.Pixels, (long)count.Result.WholeSum!, (long)missing.Result.WholeSum!, size.Result.Max, size.Result.Mean,
            extent.First is { } f ? (f.X - origin.X, f.Y - origin.Y) : null,
            extent.Extent.IsEmpty ? null : (extent.Extent.X - origin.X, extent.Extent.Y - origin.Y, extent.Extent.Width, extent.Extent.Height));
    }
}

/// <summary>How two rasters differ.</summary>
/// <param name="Pixels">Pixels compared.</param>
/// <param name="Count">How many differ.</param>
/// <param name="Missing">How many of those are missing in one of the two.</param>
/// <param name="Largest">The largest difference; NaN when no pixel has a value in both.</param>
/// <param name="Mean">The mean of all differences, without their signs.</param>
/// <param name="First">Column and row of the first that differs, row by row; null when none does.</param>
/// <param name="Extent">Column, row, width and height of the smallest rectangle with all that differ.</param>
public sealed record Difference(long Pixels, long Count, long Missing, double Largest, double Mean, (long Column, long Row)? First, (long Column, long Row, long Width, long Height)? Extent);
