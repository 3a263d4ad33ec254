using System.Globalization;

namespace Varve.Steps;

/// <summary>Numbers of bytes as people write them.</summary>
public static class ByteSize
{
    /// <summary>How one is written, for messages.</summary>
    public const string Forms = "such as 500M, 1.5G, 64MiB (1024 times 1024 bytes, as M is), 2GB (a thousand million), or a number of bytes";

    private const string Units = "KMGT";

    /// <summary>
    /// A number, with a fraction or not, and a unit behind it or not, as GNU coreutils have them: K, M, G, T and KiB, MiB,
    /// ... are powers of 1024, KB, MB, ... powers of 1000; in letters of either case.
    /// </summary>
    /// <returns>null when it is none, or not from 1 to 10^18.</returns>
    public static long? Parse(string text)
    {
        var number = text.AsSpan().Trim();
        var end = number.LastIndexOfAnyInRange('0', '9') + 1;
        var unit = number[end..].TrimStart();
        double scale = 1;
        if (unit.Length > 0 && Units.IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal) is >= 0 and var power)
        {
            var more = unit[1..];
            if (more.Length > 0 && !more.Equals("iB", StringComparison.OrdinalIgnoreCase) && !more.Equals("B", StringComparison.OrdinalIgnoreCase)) return null;
            scale = Math.Pow(more.Length == 1 ? 1000 : 1024, power + 1);
        }
        else if (unit.Length > 0 && !unit.Equals("B", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        return double.TryParse(number[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count * scale is >= 1 and < 1e18 ? (long)(count * scale) : null;
    }
}
