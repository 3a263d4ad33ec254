using System.Globalization;

namespace Varve.Raster.Layers;

/// <summary>The outlines of cells of the hexagonal grid H3 as polygons.</summary>
internal static class HexagonCells
{
    private const double PointEvery = 0.1 * Math.PI / 180;

    /// <summary>The cell that a text names: by its number, or as RESOLUTION@LATITUDE,LONGITUDE, the one in which a place lies.</summary>
    /// <exception cref="RasterException">It names none.</exception>
    public static HexagonCell Named(string text)
    {
        var parts = text.Split('@', ',');
        if (parts.Length == 3 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var resolution) && Number(parts[1]) is { } latitude && Number(parts[2]) is { } longitude) return HexagonCell.At(latitude, longitude, resolution);
        if (text.Length == 0 || !text.All(char.IsAsciiHexDigit)) throw new RasterException($"{text}: a cell of H3 is a number in hexadecimal, such as 8928308280fffff, or RESOLUTION@LATITUDE,LONGITUDE");
        return HexagonCell.Named(text) ?? throw new RasterException($"{text} is no cell of H3");
    }

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The polygon of a cell, in longitude and latitude; cut at the antimeridian, closed around a pole.</summary>
    public static GeoJson Read(HexagonCell cell)
    {
        var corners = cell.Corners();
        var ring = new List<double>();
        for (var i = 0; i < corners.Count; i++) AddSide(ring, corners[i], corners[(i + 1) % corners.Count]);
        ring.AddRange([ring[0], ring[1]]);
        var name = cell.ToString();
        return new GeoJson(name, Projection.OfEpsg(4326), [new Shape(Antimeridian.Cut(name, [[.. ring]], isDense: true), new Dictionary<string, double>(), new Dictionary<string, string>())]);
    }

    /// <summary>A side is an arc of a great circle: its first corner, and points every tenth of a degree up to the second.</summary>
    private static void AddSide(List<double> ring, (double Latitude, double Longitude) from, (double Latitude, double Longitude) to)
    {
        static (double X, double Y, double Z) On((double Latitude, double Longitude) p)
        {
            var (latitude, longitude) = (p.Latitude * Math.PI / 180, p.Longitude * Math.PI / 180);
            return (Math.Cos(latitude) * Math.Cos(longitude), Math.Cos(latitude) * Math.Sin(longitude), Math.Sin(latitude));
        }
        var (a, b) = (On(from), On(to));
        var arc = 2 * Math.Asin(Math.Min(1, Math.Sqrt(Math.Pow(a.X - b.X, 2) + Math.Pow(a.Y - b.Y, 2) + Math.Pow(a.Z - b.Z, 2)) / 2));
        var count = Math.Max(1, (int)Math.Ceiling(arc / PointEvery));
        ring.AddRange([from.Longitude, from.Latitude]);
        for (var i = 1; i < count; i++)
        {
            var (p, q) = (Math.Sin(arc * (1 - (double)i / count)) / Math.Sin(arc), Math.Sin(arc * i / count) / Math.Sin(arc));
            var (x, y, z) = (p * a.X + q * b.X, p * a.Y + q * b.Y, p * a.Z + q * b.Z);
            ring.AddRange([Math.Atan2(y, x) * 180 / Math.PI, Math.Atan2(z, Math.Sqrt(x * x + y * y)) * 180 / Math.PI]);
        }
    }
}
