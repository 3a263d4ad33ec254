using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Layers;
using Varve.Raster.Outputs;
using Varve.Raster.Reductions;

namespace Varve.Raster;

/// <summary>
/// A raster: a file's band, or what is computed from others. Nothing is read or computed before a number or a file is
/// asked for; then all of it goes tile by tile through the memory there is, on all cores. Pixels may be missing, and stay
/// so through every operation; docs/rasters.md has the rules.
/// </summary>
public sealed partial class Raster
{
    internal Raster(Node node) => Node = node;

    internal Node Node { get; }

    /// <summary>What its pixels hold.</summary>
    public PixelType Type => Node.Type;

    /// <summary>Where it lies: the area of its layers, joined as its operators say.</summary>
    /// <exception cref="RasterException">Its layers are not on one grid, or it has none.</exception>
    public Grid Grid
    {
        get
        {
            var placement = new Placement([Node]);
            return placement.GridOf(placement.Everything);
        }
    }

    /// <summary>A band of a raster file: GeoTIFF, or, where GDAL is installed, whatever it reads.</summary>
    /// <param name="path">The file.</param>
    /// <param name="band">Which band, from 1.</param>
    /// <param name="ignoresNoData">Whether the file's nodata value is a value like others, and its mask or alpha band does not count.</param>
    /// <exception cref="RasterException">It cannot be read.</exception>
    public static Raster Open(string path, int band = 1, bool ignoresNoData = false) => new(FileBand.Open(path, band - 1, ignoresNoData));

    /// <summary>Files that lie on one grid as one layer; where they overlap the later one is seen, but for its missing pixels.</summary>
    /// <exception cref="RasterException">One cannot be read, or they are not on one grid, or not alike.</exception>
    public static Raster Open(IReadOnlyList<string> paths, int band = 1) => new(FileBand.OpenTiles(paths, band - 1));

    /// <summary>A file one pixel wide, whose values hold for their whole rows, however wide the other layers are.</summary>
    /// <exception cref="RasterException">It cannot be read, or is wider.</exception>
    public static Raster OpenRows(string path, int band = 1, bool ignoresNoData = false) => new(FileBand.OpenRows(path, band - 1, ignoresNoData));

    /// <summary>One number everywhere.</summary>
    public static Raster Constant(double value) => new(Graph.Constant.Of(value));

    /// <summary>A missing pixel everywhere.</summary>
    public static Raster Missing { get; } = Constant(double.NaN);

    /// <summary>The same pixels on another grid with as many: what a file says wrongly is put right.</summary>
    /// <exception cref="RasterException">It is not a file's band, or the grid has not as many pixels.</exception>
    public Raster At(Grid grid)
    {
        var own = Grid;
        if (grid.Width != own.Width || grid.Height != own.Height) throw new RasterException($"it is {own.Width} x {own.Height} pixels, and the grid {grid.Width} x {grid.Height}");
        return FileBand.At(Node, grid) is { } there ? new Raster(there) : throw new RasterException("only a layer of files can be put at another place; write it to a file first");
    }

    /// <summary>Sum, count, extremes, mean and standard deviation in one pass.</summary>
    /// <exception cref="RasterException">A file is damaged, or layers are not on one grid.</exception>
    public Statistics Statistics(Limits? limits = null) => Statistics([this], limits)[0];

    /// <summary>The statistics of several rasters; those on one area are computed in one pass, and share what they share.</summary>
    public static IReadOnlyList<Statistics> Statistics(IReadOnlyList<Raster> rasters, Limits? limits = null) => Tallied(rasters, Wanted.All, limits);

    /// <summary>The sum of all pixels that are not missing: exact, and rounded once.</summary>
    public double Sum(Limits? limits = null) => Tallied([this], Wanted.Sum, limits)[0].Sum;

    /// <summary>The sums of several rasters, in one pass where they lie on one area.</summary>
    public static IReadOnlyList<Statistics> Sums(IReadOnlyList<Raster> rasters, Limits? limits = null) => Tallied(rasters, Wanted.Sum, limits);

    /// <summary>The sum through the count; NaN when all is missing.</summary>
    public double Mean(Limits? limits = null) => Tallied([this], Wanted.Sum, limits)[0].Mean;

    /// <summary>The least value; NaN when all is missing.</summary>
    public double Min(Limits? limits = null) => Tallied([this], Wanted.Extremes, limits)[0].Min;

    /// <summary>The most; NaN when all is missing.</summary>
    public double Max(Limits? limits = null) => Tallied([this], Wanted.Extremes, limits)[0].Max;

    /// <summary>How many pixels are not missing.</summary>
    public long Count(Limits? limits = null) => Tallied([this], Wanted.Count, limits)[0].Count;

    /// <summary>For each fraction (0.5: the median) the value below which that part of all pixels lies, exact; between two values by their distance, as numpy has it. NaN when all is missing.</summary>
    /// <exception cref="RasterException">A fraction is not from 0 to 1, or there are more than 64.</exception>
    public double[] Quantiles(IReadOnlyList<double> fractions, Limits? limits = null) => Reductions.Quantiles.Of(Node, fractions, limits ?? Limits.Default);

    /// <summary>Which values occur, and how often.</summary>
    /// <exception cref="RasterException">There are millions of different ones, or it cannot be computed.</exception>
    public ValueCounts Values(Limits? limits = null)
    {
        var pass = new Pass([Node], limits ?? Limits.Default);
        var sink = new ValueSink(0);
        var report = pass.Run([sink]);
        limits?.Done?.Invoke(report);
        return sink.Result(Type);
    }

    /// <summary>Writes a GeoTIFF of one band.</summary>
    /// <exception cref="RasterException">It cannot be computed or written; no file is left then.</exception>
    public void Write(string path, WriteOptions? options = null, Limits? limits = null) => Write([new Output(path, [this], options ?? new WriteOptions())], limits);

    /// <summary>Writes several rasters as the bands of one GeoTIFF, in one pass.</summary>
    public static void WriteBands(string path, IReadOnlyList<Raster> bands, WriteOptions? options = null, Limits? limits = null) => Write([new Output(path, bands, options ?? new WriteOptions())], limits);

    /// <summary>Writes several files. Those on one area are computed in one pass, and share what they share.</summary>
    public static void Write(IReadOnlyList<Output> outputs, Limits? limits = null) => Writing.Run(outputs, limits ?? Limits.Default);

    internal static Statistics[] Tallied(IReadOnlyList<Raster> rasters, Wanted wanted, Limits? limits)
    {
        var results = new Statistics[rasters.Count];
        foreach (var group in Areas.Group(rasters.Select(static r => r.Node).ToList()))
        {
            List<Node> nodes = [.. group.Select(i => rasters[i].Node)];
            var (roots, sinks) = Tallying.Of(nodes, new Placement(nodes), wanted);
            var pass = new Pass(roots, limits ?? Limits.Default);
            var report = pass.Run(sinks);
            (limits ?? Limits.Default).Done?.Invoke(report);
            for (var i = 0; i < group.Count; i++) results[group[i]] = sinks[i].Result;
        }
        return results;
    }
}

/// <summary>A file to write, and the rasters that are its bands.</summary>
/// <param name="Path">The file.</param>
/// <param name="Bands">Its bands in their order; they must lie on one area.</param>
/// <param name="Options">How.</param>
public sealed record Output(string Path, IReadOnlyList<Raster> Bands, WriteOptions Options);
