using System.Globalization;

namespace Varve.Raster;

/// <summary>What the coordinates of a raster mean, as its file says it: the keys of OGC GeoTIFF 1.1 (19-008r4), kept for writing.</summary>
public sealed class Projection : IEquatable<Projection>
{
    private const ushort ModelType = 1024, RasterType = 1025, Citation = 1026, GeographicCode = 2048, GeographicCitation = 2049, AngularUnits = 2054, SemiMajor = 2057, SemiMinor = 2058, InverseFlattening = 2059,
        ProjectedCode = 3072, ProjectedCitation = 3073, Method = 3075, LinearUnits = 3076, UserDefined = 32767;
    private readonly string name;

    internal Projection(IReadOnlyDictionary<int, GeoKey> keys, string? wkt = null)
    {
        (Keys, Wkt) = (keys, wkt);
        name = Named();
    }

    /// <summary>Of a raster that does not say.</summary>
    public static Projection None { get; } = new(new Dictionary<int, GeoKey>());

    /// <summary>The keys, without the one that says whether a place is a pixel's corner or centre.</summary>
    internal IReadOnlyDictionary<int, GeoKey> Keys { get; }

    /// <summary>Where it came from GDAL and has no code, all of it as well-known text; null else.</summary>
    internal string? Wkt { get; }

    /// <summary>Whether the file says nothing.</summary>
    public bool IsNone => Keys.Count == 0;

    /// <summary>The code in the register of the EPSG; null when it has none there.</summary>
    public int? Epsg => Number(ProjectedCode) is { } p and > 0 and < UserDefined ? p : IsOfDegrees && Number(GeographicCode) is { } g and > 0 and < UserDefined ? g : null;

    /// <summary>Whether coordinates are longitude and latitude, in degrees.</summary>
    public bool IsGeographic => Number(ModelType) == 2 && (Number(AngularUnits) ?? 9102) is 9102 or 0;

    /// <summary>Whether no other projection is laid over its longitudes and latitudes: one that GeoTIFF has no code for is a model of its own kind.</summary>
    private bool IsOfDegrees => Number(ModelType) is null or 2 && !Keys.ContainsKey(ProjectedCode);

    /// <summary>The code of how the projection is computed (GeoTIFF's, 6.3.3.3); null when the file leaves it to the register.</summary>
    internal int? MethodCode => Number(Method);

    /// <summary>The semi-major axis in metres and the flattening of its ellipsoid; WGS 84's where the file leaves it to the register, but for spheres and the few that differ by much.</summary>
    internal (double Axis, double Flattening)? Ellipsoid
    {
        get
        {
            if (Keys.TryGetValue(SemiMajor, out var a) && a.Reals is [var axis, ..])
            {
                if (Keys.TryGetValue(InverseFlattening, out var f) && f.Reals is [var inverse, ..]) return (axis, inverse == 0 ? 0 : 1 / inverse);
                if (Keys.TryGetValue(SemiMinor, out var b) && b.Reals is [var minor, ..]) return (axis, (axis - minor) / axis);
            }
            return Number(GeographicCode) switch
            {
                4326 or 4979 => (6378137, 1 / 298.257223563),
                4258 or 4269 or 4283 or 7844 or 4674 or 4167 or 4490 or 4937 => (6378137, 1 / 298.257222101),
                4267 => (6378206.4, 1 - 6356583.8 / 6378206.4),
                4277 => (6377563.396, 1 / 299.3249646),
                4230 => (6378388, 1 / 297.0),
                4322 => (6378135, 1 / 298.26),
                _ => null,
            };
        }
    }

    /// <summary>One of the EPSG's register.</summary>
    /// <exception cref="RasterException">The code cannot be one.</exception>
    public static Projection OfEpsg(int code)
    {
        if (code is < 1024 or >= UserDefined) throw new RasterException($"EPSG:{code} is no code of the EPSG's register");
        var isGeographic = code is (>= 4001 and <= 4326 and not (4087 or 4088)) or (>= 4600 and <= 4824) or 4463 or 4470 or 4475 or 4483 or 4490 or 4555 or 4557 or 4558 or 4979 or 7844 or 9057;
        return OfEpsg(code, isGeographic);
    }

    /// <summary>One of the EPSG's register, of which it is known whether its coordinates are longitude and latitude.</summary>
    internal static Projection OfEpsg(int code, bool isGeographic) =>
        new(new Dictionary<int, GeoKey>
        {
            [ModelType] = new(isGeographic ? 2 : 1),
            [isGeographic ? GeographicCode : ProjectedCode] = new(code),
        });

    /// <summary>By a code of the EPSG's register (EPSG:32630), or, where GDAL is installed, whatever PROJ knows: ESRI:54009, +proj=laea +lat_0=52, WKT.</summary>
    /// <exception cref="RasterException">It names none.</exception>
    public static Projection Named(string text)
    {
        var digits = text.StartsWith("EPSG:", StringComparison.OrdinalIgnoreCase) ? text[5..] : text;
        // Registers are named in capitals.
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && text[..colon].All(char.IsAsciiLetter)) text = text[..colon].ToUpperInvariant() + text[colon..];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? Gdal.Gdal.IsThere ? Gdal.SpatialReferences.Named($"EPSG:{code}") : OfEpsg(code) : Gdal.SpatialReferences.Named(text);
    }

    /// <summary>Whether both say the same: the same code, or, where one has none, the same keys, or what PROJ holds for the same.</summary>
    internal bool IsSame(Projection other)
    {
        if (Epsg is { } code && other.Epsg is { } otherCode) return code == otherCode;
        if (Keys.Count == 0 || other.Keys.Count == 0) return Keys.Count == other.Keys.Count;
        return AreKeysSame(other) || Gdal.SpatialReferences.AreSame(this, other);
    }

    private bool AreKeysSame(Projection other)
    {
        // What only names a thing that numbers describe does not make it another.
        var isDescribed = MethodCode is not null || IsGeographic || Epsg is not null;
        bool Counts(KeyValuePair<int, GeoKey> key) => key.Key != RasterType && (key.Value.Text is null || !isDescribed);
        var own = Keys.Where(Counts).ToList();
        return own.Count == other.Keys.Count(Counts) && own.All(k => other.Keys.TryGetValue(k.Key, out var value) && value.Equals(k.Value));
    }

    /// <inheritdoc/>
    public bool Equals(Projection? other) => other is not null && IsSame(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Projection);

    /// <inheritdoc/>
    public override int GetHashCode() => Epsg ?? Keys.Count;

    /// <summary>Its code and name.</summary>
    public override string ToString() => name;

    private int? Number(int key) => Keys.TryGetValue(key, out var value) ? value.Number : null;

    private string Named()
    {
        if (Keys.Count == 0) return "no projection";
        var text = ((int[])[ProjectedCitation, Citation, GeographicCitation]).Select(k => Keys.TryGetValue(k, out var v) ? v.Text : null).FirstOrDefault(static t => !string.IsNullOrWhiteSpace(t));
        var words = text is null ? "" : text.Split('|')[0].ReplaceLineEndings(" ").Trim();
        if (words.Length > 80) words = words[..79] + "…";
        return Epsg is { } code ? string.Create(CultureInfo.InvariantCulture, $"EPSG:{code}") + (words.Length > 0 ? $" ({words})" : "")
            : words.Length > 0 ? words : "a projection without a name";
    }
}

/// <summary>The value of a key: a number, several real numbers, or text.</summary>
internal sealed record GeoKey(int? Number, double[]? Reals = null, string? Text = null)
{
    public bool Equals(GeoKey? other) =>
        other is not null && Number == other.Number && Text == other.Text && (Reals ?? []).AsSpan().SequenceEqual(other.Reals ?? []);

    public override int GetHashCode() => HashCode.Combine(Number, Text, Reals?.Length);
}
