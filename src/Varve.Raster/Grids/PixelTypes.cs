using System.Globalization;

namespace Varve.Raster.Grids;

/// <summary>Sizes, ranges and promotion of pixel types.</summary>
internal static class PixelTypes
{
    /// <summary>By name, as GDAL and numpy write them.</summary>
    private static readonly Dictionary<string, PixelType> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["bool"] = PixelType.Boolean,
        ["boolean"] = PixelType.Boolean,
        ["byte"] = PixelType.Byte,
        ["uint8"] = PixelType.Byte,
        ["int8"] = PixelType.Int8,
        ["uint16"] = PixelType.UInt16,
        ["int16"] = PixelType.Int16,
        ["uint32"] = PixelType.UInt32,
        ["int32"] = PixelType.Int32,
        ["uint64"] = PixelType.UInt64,
        ["int64"] = PixelType.Int64,
        ["float32"] = PixelType.Float32,
        ["float64"] = PixelType.Float64,
    };

    private static readonly PixelType[] Integers =
        [PixelType.Byte, PixelType.Int8, PixelType.UInt16, PixelType.Int16, PixelType.UInt32, PixelType.Int32, PixelType.UInt64, PixelType.Int64];

    public static PixelType? Named(string name) => Names.TryGetValue(name, out var type) ? type : null;

    public static int Size(this PixelType type) => type switch
    {
        PixelType.Boolean or PixelType.Byte or PixelType.Int8 => 1,
        PixelType.UInt16 or PixelType.Int16 => 2,
        PixelType.UInt32 or PixelType.Int32 or PixelType.Float32 => 4,
        _ => 8,
    };

    public static bool IsFloat(this PixelType type) => type is PixelType.Float32 or PixelType.Float64;

    public static bool IsSigned(this PixelType type) => type is PixelType.Int8 or PixelType.Int16 or PixelType.Int32 or PixelType.Int64;

    /// <summary>All values of an integer type.</summary>
    public static ValueRange Range(this PixelType type) => type switch
    {
        PixelType.Boolean => new ValueRange(0, 1),
        PixelType.Byte => new ValueRange(byte.MinValue, byte.MaxValue),
        PixelType.Int8 => new ValueRange(sbyte.MinValue, sbyte.MaxValue),
        PixelType.UInt16 => new ValueRange(ushort.MinValue, ushort.MaxValue),
        PixelType.Int16 => new ValueRange(short.MinValue, short.MaxValue),
        PixelType.UInt32 => new ValueRange(uint.MinValue, uint.MaxValue),
        PixelType.Int32 => new ValueRange(int.MinValue, int.MaxValue),
        PixelType.UInt64 => new ValueRange(ulong.MinValue, ulong.MaxValue),
        PixelType.Int64 => new ValueRange(long.MinValue, long.MaxValue),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The type that both fit: numpy's table (`numpy.promote_types`), with Boolean below all.</summary>
    public static PixelType Promote(PixelType a, PixelType b)
    {
        if (a == b) return a;
        if (a == PixelType.Boolean) return b;
        if (b == PixelType.Boolean) return a;
        if (a.IsFloat() || b.IsFloat())
        {
            // Integers of at most 16 bits have all their values in Float32.
            var isSmall = (a.IsFloat() ? a == PixelType.Float32 : a.Size() <= 2) && (b.IsFloat() ? b == PixelType.Float32 : b.Size() <= 2);
            return isSmall ? PixelType.Float32 : PixelType.Float64;
        }
        return Smallest(a.Range().With(b.Range()), a, b) ?? PixelType.Float64;
    }

    /// <summary>The smallest integer type with all values of a range that is not smaller than the others; null when there is none.</summary>
    public static PixelType? Smallest(ValueRange range, PixelType atLeast = PixelType.Boolean, PixelType and = PixelType.Boolean)
    {
        var size = Math.Max(atLeast.Size(), and.Size());
        foreach (var type in Integers)
            if (type.Size() >= size && type.Range().Holds(range)) return type;
        return null;
    }

    /// <summary>Whether a number, exactly, is a value of the type.</summary>
    public static bool Has(this PixelType type, double value) => type switch
    {
        PixelType.Float64 => true,
        PixelType.Float32 => double.IsNaN(value) || (double)(float)value == value,
        PixelType.UInt64 => value == Math.Floor(value) && value is >= 0 and < 18446744073709551616.0,
        PixelType.Int64 => value == Math.Floor(value) && value is >= -9223372036854775808.0 and < 9223372036854775808.0,
        _ => value == Math.Floor(value) && value >= (double)type.Range().Least && value <= (double)type.Range().Most,
    };

    /// <summary>A value of an integer type outside a range, the largest or the smallest; null when there is none.</summary>
    public static double? Free(PixelType type, ValueRange range)
    {
        var own = type.Range();
        // Numbers of 64 bits are named in GDAL's tag by a real number, which must be exact.
        if (own.Most > range.Most && type.Has((double)own.Most)) return (double)own.Most;
        if (own.Least < range.Least && type.Has((double)own.Least)) return (double)own.Least;
        return range.Most < 1L << 53 && own.Most > 1L << 53 ? (double)(1L << 53) : null;
    }

    /// <summary>A number as it is written: digits that read back as the same number.</summary>
    public static string Text(double value) => double.IsNaN(value) ? "nan" : value.ToString("R", CultureInfo.InvariantCulture);
}
