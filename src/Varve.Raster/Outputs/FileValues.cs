using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Outputs;

/// <summary>What the pixels of a file hold, and what stands in it for missing ones.</summary>
/// <param name="Type">Of all bands.</param>
/// <param name="NoData">Null when nothing does.</param>
internal sealed record FileValues(PixelType Type, double? NoData)
{
    /// <summary>
    /// The type of the results, and a value none of them can have: NaN in real numbers; else what stands for missing
    /// pixels in the inputs, the largest, or the smallest value of the type, whichever is free; else the next larger type's.
    /// </summary>
    /// <exception cref="RasterException">What was asked for cannot be.</exception>
    public static FileValues Of(IReadOnlyList<Node> bands, WriteOptions options)
    {
        var natural = bands.Select(static b => b.Type).Aggregate(PixelTypes.Promote);
        var type = options.Type ?? natural;
        if (type == PixelType.Boolean) type = PixelType.Byte;
        if (options.NoData is { } asked)
        {
            if (!type.IsFloat() && double.IsNaN(asked)) throw new RasterException($"{type} has no NaN to stand for missing pixels; give a number, or a type of real numbers");
            if (!type.Has(asked) && !(type == PixelType.Float32 && (double)(float)asked == asked)) throw new RasterException($"{PixelTypes.Text(asked)} is no value of {type}, so it cannot stand for missing pixels");
            return new FileValues(type, asked);
        }
        var canMiss = bands.Any(static b => b.CanMiss);
        if (type.IsFloat()) return new FileValues(type, canMiss ? double.NaN : null);
        if (!canMiss) return new FileValues(type, null);
        var range = bands.Select(b => b.Range is { } own ? own : type.Range()).Aggregate(static (a, b) => a.With(b));
        if (bands.Any(static b => b.Type.IsFloat())) range = type.Range();
        foreach (var source in Node.InOrder(bands).OfType<RasterSource>())
            if (source.NoData is { } used && type.Has(used) && !range.Holds((Int128)used) && !type.IsFloat()) return new FileValues(type, used);
        if (PixelTypes.Free(type, range) is { } free) return new FileValues(type, free);
        if (options.Type is not null) return new FileValues(type, null);
        return PixelTypes.Smallest(range with { Least = range.Least - (range.Least < 0 ? 1 : 0), Most = range.Most + 1 }, type) is { } larger && PixelTypes.Free(larger, range) is { } value
            ? new FileValues(larger, value)
            : new FileValues(type, null);
    }

    /// <summary>Whether a value that is not missing could be what stands for missing ones.</summary>
    public bool MayClash(Node band) => NoData is { } none && !double.IsNaN(none) && (band.Type.IsFloat() || Type.IsFloat() || band.Range is not { } range || range.Holds((Int128)Math.Clamp(none, -1e30, 1e30)));
}
