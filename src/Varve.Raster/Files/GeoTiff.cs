using System.Globalization;

namespace Varve.Raster.Files;

/// <summary>A GeoTIFF (OGC 19-008r4): its image, overviews, place, projection, and what GDAL says of it in tags of its own.</summary>
internal sealed class GeoTiff : RasterFile
{
    private readonly TiffFile file;
    private readonly bool isByPoints, hasAlpha;
    private readonly Dictionary<int, TiffEntry>? mask;

    private GeoTiff(TiffFile file)
    {
        this.file = file;
        var tags = file.Directories[0];
        Image = new TiffImage(file, tags);
        foreach (var directory in file.Directories.Skip(1))
            if (directory.ContainsKey(TiffTags.Width) && new TiffImage(file, directory) is { IsReduced: true, IsMask: false } overview && overview.Bands == Image.Bands && overview.Type == Image.Type) Overviews.Add(overview);
        mask = file.Directories.Skip(1).FirstOrDefault(IsMask);
        // What is over the colours is alpha where the tag says so; GDAL takes it for a mask of files of two or four bands.
        if (Image.Bands is 2 or 4 && Image.Type is PixelType.Byte or PixelType.UInt16 && tags.TryGetValue(TiffTags.ExtraSamples, out var extra) && extra.Count > 0) hasAlpha = file.Values(extra)[^1] is 1 or 2;
        if (tags.TryGetValue(TiffTags.GdalNoData, out var none)) NoData = Number(file.Text(none, 64));
        if (tags.TryGetValue(TiffTags.GdalMetadata, out var metadata)) Metadata = file.Text(metadata);
        if (tags.TryGetValue(TiffTags.ColorMap, out var colors) && colors.Count == 3L << Math.Min(Image.Bits, 16)) ColorMap = file.Values(colors);
        var keys = GeoKeyTags.Read(file, tags);
        IsPoint = keys.GetValueOrDefault(1025)?.Number == 2;
        var projection = new Projection(keys.Where(static k => k.Key != 1025).ToDictionary());
        (Turned, isByPoints) = TurnedBy(tags);
        Grid = Turned is null && PlaceOf(tags) is var (x, y, stepX, stepY) ? new Grid(x, y, stepX, stepY, Image.Width, Image.Height, projection)
            : Grid.Plain(Image.Width, Image.Height) with { Projection = projection };
    }

    public override string Name => file.Name;
    public override TiffImage Image { get; }
    public List<TiffImage> Overviews { get; } = [];
    public override Grid Grid { get; }
    /// <summary>Whether the file gives the place of the first pixel's centre; the grid has its corner all the same.</summary>
    public bool IsPoint { get; }
    public override double? NoData { get; }
    /// <summary>GDAL's items, as XML; empty when there are none.</summary>
    public override string Metadata { get; } = "";
    public override long[]? ColorMap { get; }
    public override double[]? Turned { get; }
    public override string WhyNoGrid => isByPoints ? WhyByPoints(Name) : base.WhyNoGrid;
    public bool IsBigTiff => file.IsBigTiff;
    public bool IsLittleEndian => file.IsLittleEndian;
    public long Bytes => file.Bytes;

    /// <exception cref="RasterException">It cannot be opened, is no GeoTIFF, or is damaged.</exception>
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

    public override void MustBeUnchanged() => file.MustBeUnchanged();

    public override FileMask? MaskOf(int band)
    {
        if (mask is not null) return new FileMask(new MaskFile(this, TiffMask.Of(file, mask), null), 0);
        if (File.Exists(Name + ".msk"))
        {
            var other = Open(Name + ".msk");
            if (other.Image.WhyNot() is { Length: > 0 } why) throw new RasterException($"{other.Name}: {why}");
            return new FileMask(new MaskFile(this, other.Image, other), other.Image.Bands == Image.Bands ? band : 0);
        }
        return hasAlpha && NoData is null && band != Image.Bands - 1 ? new FileMask(this, Image.Bands - 1, IsAlpha: true) : null;
    }

    private bool IsMask(Dictionary<int, TiffEntry> directory) =>
        directory.TryGetValue(TiffTags.SubfileType, out var kind) && (file.Values(kind with { Count = 1 })[0] & 5) == 4 && directory.TryGetValue(TiffTags.Width, out var width) && file.Values(width with { Count = 1 })[0] == Image.Width;

    private (double[]? Turned, bool IsByPoints) TurnedBy(Dictionary<int, TiffEntry> tags)
    {
        if (tags.TryGetValue(TiffTags.PixelScale, out var scale) && scale.Count >= 2) return PlaceOf(tags) is (var x, var y, < 0 and var westwards, var step) ? ([x, westwards, 0, y, 0, step], false) : (null, false);
        if (!tags.TryGetValue(TiffTags.Transformation, out var tag) || tag.Count < 16) return (null, tags.TryGetValue(TiffTags.TiePoints, out var points) && points.Count > 6);
        var matrix = file.Reals(tag);
        if (matrix[1] == 0 && matrix[4] == 0 && matrix[0] > 0) return (null, false);
        double[] turned = [matrix[3], matrix[0], matrix[1], matrix[7], matrix[4], matrix[5]];
        if (!turned.All(double.IsFinite) || turned[1] * turned[5] == turned[2] * turned[4]) throw file.Damaged("the place of its pixels cannot be");
        if (IsPoint) (turned[0], turned[3]) = (turned[0] - (turned[1] + turned[2]) / 2, turned[3] - (turned[4] + turned[5]) / 2);
        return (turned, false);
    }

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
            (x, y, stepX, stepY) = (matrix[3], matrix[7], matrix[0], matrix[5]);
        }
        else
        {
            return null;
        }
        if (!double.IsFinite(x) || !double.IsFinite(y) || !double.IsNormal(stepX) || !double.IsNormal(stepY)) throw file.Damaged("the place of its pixels cannot be");
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

    public override void Dispose() => file.Dispose();
}
