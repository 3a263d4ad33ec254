using System.Globalization;
using Varve.Raster.Graph;
using Varve.Raster.Layers;

namespace Varve.Raster.Habitat;

/// <summary>A classified map of habitat as one map for each class: the part of a pixel that is of it.</summary>
public static class FractionalHabitats
{
    /// <summary>Classes of which the map is gone over at once.</summary>
    private const int Together = 8;

    /// <summary>Writes `lcc_VALUE.tif` for each value that the map has, but 0, which stands for nothing.</summary>
    /// <param name="habitat">The map, whose values are integers.</param>
    /// <param name="scale">The width and height of the new pixels, in units of the projection, on multiples of which their edges lie; null to keep the map's.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="write">How; parts are Float32.</param>
    /// <param name="limits">What may be used.</param>
    /// <param name="projection">Another projection for the new pixels, each of which then takes the mean of the map's pixels under it; null to keep the map's.</param>
    /// <returns>The values.</returns>
    /// <exception cref="RasterException">It cannot be read, its values are no integers, or the new pixels are smaller than its own.</exception>
    public static IReadOnlyList<int> Write(string habitat, double? scale, string folder, WriteOptions? write = null, Limits? limits = null, Projection? projection = null)
    {
        var map = FileBand.Open(habitat, 0);
        var own = FileBand.ValueOf(map).Grid;
        var isOther = projection is not null && !projection.Equals(own.Projection);
        var natural = isOther ? new Raster(map).GridIn(projection!) : own;
        if (!isOther && scale is { } asked) MustBeLarger(habitat, own, asked);
        var grid = scale is { } size ? OnMultiples(natural, size) : natural;
        var classes = ClassesOf(habitat, map, limits);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException($"{folder}: it cannot be written to: {e.Message}", e);
        }
        foreach (var some in classes.Chunk(Together))
        {
            using var parts = scale is null || isOther ? null : new ClassParts(map, grid, some);
            Node Whole(int value) => Cast.To(Binary.Of(Operation.Equal, map, Constant.Of((Int128)value)), PixelType.Float32);
            Node Of(int value) => parts?.Of(value) ?? (isOther ? Warped.Of(Whole(value), grid, Resampling.Average) : Whole(value));
            Raster.Write([.. some.Select(v => new Output(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"lcc_{v}.tif")), [new Raster(Of(v))], write ?? new WriteOptions()))], limits);
        }
        return classes;
    }

    private static void MustBeLarger(string habitat, Grid fine, double size)
    {
        if (!(double.IsFinite(size) && size >= fine.StepX * (1 - Grid.Tolerance) && size >= Math.Abs(fine.StepY) * (1 - Grid.Tolerance)))
            throw new RasterException(string.Create(CultureInfo.InvariantCulture, $"pixels of {size} would be smaller than those of {habitat} ({fine.StepX} x {Math.Abs(fine.StepY)}); parts of a class need larger ones"));
    }

    /// <summary>The pixels of a size, with edges on multiples of it, that cover a grid.</summary>
    private static Grid OnMultiples(Grid fine, double size)
    {
        if (!(double.IsFinite(size) && size > 0)) throw new RasterException("pixels have a size above 0");
        // An edge that agrees with a multiple but for rounding lies on it.
        long Below(double edge) => (long)Math.Floor(edge / size + 1e-9);
        long Above(double edge) => (long)Math.Ceiling(edge / size - 1e-9);
        var (right, otherEnd) = (fine.AtColumn(fine.Width), fine.AtRow(fine.Height));
        var (north, south) = (Math.Max(fine.Y, otherEnd), Math.Min(fine.Y, otherEnd));
        return new Grid(Below(fine.X) * size, Above(north) * size, size, -size, Above(right) - Below(fine.X), Above(north) - Below(south), fine.Projection);
    }

    private static List<int> ClassesOf(string habitat, Node map, Limits? limits)
    {
        var counts = new Raster(map).Values(limits);
        var values = Numbers(counts).Distinct().ToList();
        if (values.Find(static v => v != Math.Floor(v) || Math.Abs(v) > int.MaxValue) is not 0 and var odd) throw new RasterException(string.Create(CultureInfo.InvariantCulture, $"{habitat}: it has the value {odd}, and classes of habitat are integers"));
        return [.. values.Where(static v => v != 0).Select(static v => (int)v).Order()];
    }

    private static IEnumerable<double> Numbers(ValueCounts counts)
    {
        var array = Raster.FromArray(counts.Values, counts.Type, Grid.Plain(counts.Counts.Length, 1)).AsType(PixelType.Float64);
        return counts.Counts.Length == 0 ? [] : array.Read().As<double>().ToArray();
    }
}
