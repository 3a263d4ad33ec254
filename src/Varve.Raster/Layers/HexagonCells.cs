using System.Globalization;
using System.Runtime.InteropServices;

namespace Varve.Raster.Layers;

/// <summary>The outlines of cells of the hexagonal grid H3 (I. Brodsky, 2018), by the system's libh3 (4 or later), loaded when a cell is asked for.</summary>
internal static unsafe class HexagonCells
{
    private const int MostCorners = 10;
    private const double PointEvery = 0.1 * Math.PI / 180;
    private static readonly Lazy<nint> Library = new(static () =>
    {
        foreach (var name in (string[])["libh3.so.1", "libh3.so"])
            if (NativeLibrary.TryLoad(name, out var handle)) return handle;
        return 0;
    });

    /// <summary>Whether the system has it.</summary>
    public static bool IsThere => Library.Value != 0;

    [StructLayout(LayoutKind.Sequential)]
    private struct Outline
    {
        public int Count;
        public fixed double Corners[2 * MostCorners];
    }

    /// <summary>A side is an arc of a great circle: its first corner, and points every tenth of a degree up to the second.</summary>
    private static void AddSide(List<double> ring, (double Latitude, double Longitude) from, (double Latitude, double Longitude) to)
    {
        static (double X, double Y, double Z) On((double Latitude, double Longitude) p) => (Math.Cos(p.Latitude) * Math.Cos(p.Longitude), Math.Cos(p.Latitude) * Math.Sin(p.Longitude), Math.Sin(p.Latitude));
        var (a, b) = (On(from), On(to));
        var arc = 2 * Math.Asin(Math.Min(1, Math.Sqrt(Math.Pow(a.X - b.X, 2) + Math.Pow(a.Y - b.Y, 2) + Math.Pow(a.Z - b.Z, 2)) / 2));
        var count = Math.Max(1, (int)Math.Ceiling(arc / PointEvery));
        for (var i = 0; i < count; i++)
        {
            var (p, q) = i == 0 ? (1, 0) : (Math.Sin(arc * (1 - (double)i / count)) / Math.Sin(arc), Math.Sin(arc * i / count) / Math.Sin(arc));
            var (x, y, z) = (p * a.X + q * b.X, p * a.Y + q * b.Y, p * a.Z + q * b.Z);
            ring.Add(Math.Atan2(y, x) * 180 / Math.PI);
            ring.Add(Math.Atan2(z, Math.Sqrt(x * x + y * y)) * 180 / Math.PI);
        }
    }

    /// <summary>The polygon of a cell, in longitude and latitude; cut at the antimeridian, closed around a pole.</summary>
    /// <param name="cell">Its index in hexadecimal: 8928308280fffff.</param>
    /// <exception cref="RasterException">It is no cell, or libh3 is not installed.</exception>
    public static GeoJson Read(string cell)
    {
        if (!ulong.TryParse(cell, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var index)) throw new RasterException($"{cell}: a cell of H3 is a number in hexadecimal, such as 8928308280fffff");
        if (!IsThere) throw new RasterException($"{cell}: cells of H3 need libh3 4 or later, which is not installed here (https://h3geo.org); a GeoJSON of the cells works without (-p)");
        var toOutline = (delegate* unmanaged<ulong, Outline*, uint>)NativeLibrary.GetExport(Library.Value, "cellToBoundary");
        var isCell = (delegate* unmanaged<ulong, int>)NativeLibrary.GetExport(Library.Value, "isValidCell");
        Outline outline;
        if (isCell(index) == 0 || toOutline(index, &outline) != 0 || outline.Count is < 3 or > MostCorners) throw new RasterException($"{cell} is no cell of H3");
        var ring = new List<double>();
        for (var i = 0; i < outline.Count; i++)
        {
            var next = (i + 1) % outline.Count;
            AddSide(ring, (outline.Corners[2 * i], outline.Corners[2 * i + 1]), (outline.Corners[2 * next], outline.Corners[2 * next + 1]));
        }
        ring.AddRange([ring[0], ring[1]]);
        return new GeoJson(cell, Projection.OfEpsg(4326), [new Shape(Antimeridian.Cut(cell, [[.. ring]], isDense: true), new Dictionary<string, double>(), new Dictionary<string, string>())]);
    }
}
