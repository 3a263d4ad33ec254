using System.Globalization;
using Varve.Raster.Hexagons;

namespace Varve.Raster;

/// <summary>
/// A cell of H3, the hexagonal grid of the globe (I. Brodsky, 2018; h3geo.org): one of 122 base cells, twelve of which are pentagons,
/// or a seventh of a seventh ... of one, up to fifteen times.
/// </summary>
public readonly struct HexagonCell : IEquatable<HexagonCell>
{
    /// <summary>The finest resolution.</summary>
    public const int MostResolution = 15;

    private const int ModeAt = 59, ResolutionAt = 52, BaseAt = 45, DigitBits = 3;
    private const ulong Digit = 7;

    private HexagonCell(ulong index) => Index = index;

    /// <summary>Its number.</summary>
    public ulong Index { get; }

    /// <summary>How often it was divided: 0 to 15.</summary>
    public int Resolution => (int)(Index >> ResolutionAt & 15);

    /// <summary>Whether it is one of the twelve of its resolution that have five sides.</summary>
    public bool IsPentagon => IsOfPentagon && LeadingDigit == 0;

    internal int BaseCell => (int)(Index >> BaseAt & 127);

    internal bool IsOfPentagon => Lattice.IsPentagon(BaseCell);

    /// <summary>The first digit that is not 0; 0 when all are.</summary>
    internal int LeadingDigit
    {
        get
        {
            for (var i = 1; i <= Resolution; i++)
                if (DigitAt(i) is not 0 and var digit) return digit;
            return 0;
        }
    }

    internal int DigitAt(int resolution) => (int)(Index >> (MostResolution - resolution) * DigitBits & Digit);

    /// <summary>The cell of a number.</summary>
    /// <returns>Null when no cell has it.</returns>
    public static HexagonCell? Of(ulong index)
    {
        var cell = new HexagonCell(index);
        // The highest bit and three reserved ones are 0, and the kind of index is 1, a cell.
        if (index >> ModeAt != 1 || (index >> ResolutionAt + 4 & 7) != 0 || cell.BaseCell >= Constants.Homes.Length) return null;
        for (var i = 1; i <= MostResolution; i++)
            if (i <= cell.Resolution ? cell.DigitAt(i) == 7 : cell.DigitAt(i) != 7) return null;
        return cell.IsOfPentagon && cell.LeadingDigit == Lattice.DeletedDigit ? null : cell;
    }

    /// <summary>The cell of a name: a number in hexadecimal, such as 8928308280fffff.</summary>
    /// <returns>Null when it names none.</returns>
    public static HexagonCell? Named(string name) => ulong.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var index) ? Of(index) : null;

    /// <summary>The cell in which a place lies.</summary>
    /// <param name="latitude">In degrees, from -90 to 90.</param>
    /// <param name="longitude">In degrees.</param>
    /// <param name="resolution">Of the cell, from 0 to 15.</param>
    /// <exception cref="RasterException">There is no such place or resolution.</exception>
    public static HexagonCell At(double latitude, double longitude, int resolution)
    {
        if (!(latitude is >= -90 and <= 90) || !double.IsFinite(longitude)) throw new RasterException(string.Create(CultureInfo.InvariantCulture, $"latitude {latitude}, longitude {longitude} is no place: latitudes are from -90 to 90"));
        if (resolution is < 0 or > MostResolution) throw new RasterException($"cells of H3 have resolutions from 0 to {MostResolution}, not {resolution}");
        var (baseCell, digits) = Lattice.Find(latitude * Math.PI / 180, longitude * Math.PI / 180, resolution);
        var index = 1UL << ModeAt | (ulong)resolution << ResolutionAt | (ulong)baseCell << BaseAt;
        for (var i = 1; i <= MostResolution; i++) index |= (i <= resolution ? (ulong)digits[i - 1] : 7) << (MostResolution - i) * DigitBits;
        return new HexagonCell(index);
    }

    /// <summary>Its corners, in degrees and against the clock, without the first again at the end: where a side crosses an edge of the icosahedron, there too.</summary>
    public IReadOnlyList<(double Latitude, double Longitude)> Corners() => Degrees(Outline.Of(this));

    /// <summary>Its centre, in degrees.</summary>
    public (double Latitude, double Longitude) Centre() => Degrees([Outline.CentreOf(this)])[0];

    private static (double, double)[] Degrees(IEnumerable<(double Latitude, double Longitude)> radians) => [.. radians.Select(static p => (p.Latitude * 180 / Math.PI, p.Longitude * 180 / Math.PI))];

    /// <inheritdoc/>
    public bool Equals(HexagonCell other) => Index == other.Index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is HexagonCell other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Index.GetHashCode();

    /// <summary>Whether both are one cell.</summary>
    public static bool operator ==(HexagonCell a, HexagonCell b) => a.Equals(b);

    /// <summary>Whether they are two.</summary>
    public static bool operator !=(HexagonCell a, HexagonCell b) => !a.Equals(b);

    /// <summary>Its number in hexadecimal.</summary>
    public override string ToString() => Index.ToString("x", CultureInfo.InvariantCulture);
}
