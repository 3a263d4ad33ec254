using System.Globalization;

namespace Varve.Raster.Files;

/// <summary>A GeoTIFF (OGC 19-008r4): its image, overviews, place, projection, and what GDAL says of it in tags of its own.</summary>
internal sealed class GeoTiff : IDisposable
{
    private readonly TiffFile file;

    private GeoTiff(TiffFile file)
    {
        this.file = file;
        var tags = file.Directories[0];
        Image = new TiffImage(file, tags);
        foreach (var directory in file.Directories.Skip(1))
            if (directory.ContainsKey(TiffTags.Width) && new TiffImage(file, directory) is { IsReduced: true, IsMask: false } overview && overview.Bands == Image.Bands && overview.Type == Image.Type) Overviews.Add(overview);
        HasMask = file.Directories.Skip(1).Any(d => d.TryGetValue(TiffTags.SubfileType, out var kind) && (file.Values(kind with { Count = 1 })[0] & 4) != 0);
        if (tags.TryGetValue(TiffTags.GdalNoData, out var none)) NoData = Number(file.Text(none, 64));
        if (tags.TryGetValue(TiffTags.GdalMetadata, out var metadata)) Metadata = file.Text(metadata);
        if (tags.TryGetValue(TiffTags.ColorMap, out var colors) && colors.Count == 3L << Math.Min(Image.Bits, 16)) ColorMap = file.Values(colors);
        var keys = GeoKeyTags.Read(file, tags);
        IsPoint = keys.GetValueOrDefault(1025)?.Number == 2;
        var projection = new Projection(keys.Where(static k => k.Key != 1025).ToDictionary());
        Grid = PlaceOf(tags) is var (x, y, stepX, stepY) ? new Grid(x, y, stepX, stepY, Image.Width, Image.Height, projection)
            : Grid.Plain(Image.Width, Image.Height) with { Projection = projection };
    }

    public string Name => file.Name;
    public TiffImage Image { get; }
    public List<TiffImage> Overviews { get; } = [];
    public Grid Grid { get; }
    /// <summary>Whether the file gives the place of the first pixel's centre; the grid has its corner all the same.</summary>
    public bool IsPoint { get; }
    /// <summary>What stands for no data, if something does.</summary>
    public double? NoData { get; }
    /// <summary>GDAL's items, as XML; empty when there are none.</summary>
    public string Metadata { get; } = "";
    /// <summary>Red, green and blue of each value, 0 to 65535; null when there is none.</summary>
    public long[]? ColorMap { get; }
    /// <summary>Whether a mask of its own, instead of a value, says where there is no data.</summary>
    public bool HasMask { get; }
    public bool IsBigTiff => file.IsBigTiff;
    public bool IsLittleEndian => file.IsLittleEndian;
    public long Bytes => file.Bytes;

    /// <exception cref="RasterException">It cannot be opened, is no GeoTIFF, or is damaged, or its rows are turned.</exception>
    public static GeoTiff Open(string path)
    {
        var file = TiffFile.Open(path);
        try
        {
            return new GeoTiff(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <exception cref="RasterException">It was changed after it was opened.</exception>
    public void MustBeUnchanged() => file.MustBeUnchanged();

    private (double X, double Y, double StepX, double StepY)? PlaceOf(Dictionary<int, TiffEntry> tags)
    {
        double x, y, stepX, stepY;
        if (tags.TryGetValue(TiffTags.PixelScale, out var scaleTag) && tags.TryGetValue(TiffTags.TiePoints, out var tieTag) && scaleTag.Count >= 2 && tieTag.Count >= 6)
        {
            var (scale, tie) = (file.Reals(scaleTag), file.Reals(tieTag));
            (stepX, stepY) = (scale[0], -scale[1]);
            (x, y) = (tie[3] - tie[0] * stepX, tie[4] - tie[1] * stepY);
        }
        else if (tags.TryGetValue(TiffTags.Transformation, out var matrixTag) && matrixTag.Count >= 16)
        {
            var matrix = file.Reals(matrixTag);
            if (matrix[1] != 0 || matrix[4] != 0) throw new RasterException($"{Name}: its rows do not run along its projection's axes; gdalwarp lays them straight");
            (x, y, stepX, stepY) = (matrix[3], matrix[7], matrix[0], matrix[5]);
        }
        else if (tags.TryGetValue(TiffTags.TiePoints, out var points) && points.Count > 6)
        {
            throw new RasterException($"{Name}: it is placed by control points; gdalwarp lays it on a grid");
        }
        else
        {
            return null;
        }
        if (!double.IsFinite(x) || !double.IsFinite(y) || !double.IsNormal(stepX) || !double.IsNormal(stepY)) throw file.Damaged("the place of its pixels cannot be");
        if (stepX < 0) throw new RasterException($"{Name}: its columns run westwards; gdalwarp lays them straight");
        return IsPoint ? (x - stepX / 2, y - stepY / 2, stepX, stepY) : (x, y, stepX, stepY);
    }

    private static double? Number(string text)
    {
        text = text.Trim();
        if (text.Equals("nan", StringComparison.OrdinalIgnoreCase) || text.Equals("-nan", StringComparison.OrdinalIgnoreCase)) return double.NaN;
        if (text.Equals("inf", StringComparison.OrdinalIgnoreCase)) return double.PositiveInfinity;
        if (text.Equals("-inf", StringComparison.OrdinalIgnoreCase)) return double.NegativeInfinity;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    public void Dispose() => file.Dispose();
}
