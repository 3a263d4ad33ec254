using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Varve.Web.Raster;

/// <summary>Where cells lie: the place of the corner of the first cell, and the steps from cell to cell, in units of the projection.</summary>
internal sealed record RasterPlace(double X, double Y, double CellX, double CellY);

/// <summary>Values of a raster at regular places within a window of cells.</summary>
/// <param name="Width">Values in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Values">Row by row from the top; NaN where there is no data.</param>
/// <param name="IsExact">Whether each cell of the window has its own value here.</param>
/// <param name="IsCoarse">Whether fewer were taken than asked for, since the file has no overviews and is large.</param>
internal sealed record RasterSample(int Width, int Height, float[] Values, bool IsExact, bool IsCoarse);

/// <summary>A GeoTIFF (OGC 19-008r4), as far as looking at it needs: strips and tiles, its overviews, its place, and what stands for no data.</summary>
internal sealed class GeoTiff
{
    private const long MostDecoded = 192L << 20;
    private const int MostText = 4096;
    private readonly TiffImage main;
    private readonly List<TiffImage> overviews = [];

    private GeoTiff(TiffFile file)
    {
        var tags = file.Directories[0];
        main = new TiffImage(file, tags);
        foreach (var directory in file.Directories.Skip(1))
            if (directory.ContainsKey(256) && new TiffImage(file, directory) is { IsReduced: true, IsMask: false } overview && overview.Samples == main.Samples && overview.Bits == main.Bits && overview.WhyNot().Length == 0) overviews.Add(overview);
        if (tags.TryGetValue(42113, out var none) && double.TryParse(file.Text(none, 64), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) NoData = value;
        var keys = Keys(file, tags);
        Place = PlaceOf(file, tags, isPoint: keys.GetValueOrDefault(1025) == 2);
        var code = keys.GetValueOrDefault(3072) is var projected && projected is > 0 and < 32767 ? projected : keys.GetValueOrDefault(2048) is var geographic && geographic is > 0 and < 32767 ? geographic : 0;
        var words = tags.TryGetValue(34737, out var citation) ? file.Text(citation, MostText).Split('|')[0] : "";
        Projection = code > 0 ? string.Create(CultureInfo.InvariantCulture, $"EPSG:{code}{(words.Length > 0 ? $" ({words})" : "")}") : words;
    }

    public long Width => main.Width;
    public long Height => main.Height;
    public int Bands => main.Samples;
    /// <summary>What stands for no data, if something does.</summary>
    public double? NoData { get; }
    /// <summary>Null when the file does not say where it lies, or its rows are turned.</summary>
    public RasterPlace? Place { get; }
    /// <summary>The projection's code and name; empty when the file names none.</summary>
    public string Projection { get; }
    public string TypeName => string.Create(CultureInfo.InvariantCulture, $"{(main.Format switch { 1 => "unsigned integers", 2 => "signed integers", 3 => "floating-point numbers", _ => "values" })} of {main.Bits} bits");
    public string LayoutName
    {
        get
        {
            var blocks = main.IsTiled ? string.Create(CultureInfo.InvariantCulture, $"tiles of {main.BlockWidth} × {main.BlockHeight}") : "strips";
            var packed = main.Compression switch { 1 => "not compressed", 5 => "LZW", 8 or 32946 => "Deflate", 32773 => "PackBits", 50000 => "Zstandard", var other => string.Create(CultureInfo.InvariantCulture, $"compression {other}") };
            return $"{blocks}, {packed}{(main.Predictor > 1 ? string.Create(CultureInfo.InvariantCulture, $" with predictor {main.Predictor}") : "")}{(overviews.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $", {overviews.Count} overviews") : "")}";
        }
    }

    /// <exception cref="InvalidDataException">It is no GeoTIFF, or is damaged; the message ends a sentence.</exception>
    public static GeoTiff Read(SafeFileHandle file, long bytes) => new(TiffFile.Read(file, bytes));

    /// <summary>Why its cells cannot be read; empty when they can.</summary>
    public string WhyNotReadable() => main.WhyNot();

    private static Dictionary<int, int> Keys(TiffFile file, Dictionary<int, TiffEntry> tags)
    {
        var keys = new Dictionary<int, int>();
        if (!tags.TryGetValue(34735, out var list) || list.Count < 4) return keys;
        var count = Math.Min(file.Value(list, 3), (list.Count - 4) / 4);
        for (var i = 0; i < Math.Min(count, 256); i++)
            if (file.Value(list, 4 + i * 4 + 1) == 0) keys[(int)file.Value(list, 4 + i * 4)] = (int)file.Value(list, 4 + i * 4 + 3);
        return keys;
    }

    private static RasterPlace? PlaceOf(TiffFile file, Dictionary<int, TiffEntry> tags, bool isPoint)
    {
        RasterPlace place;
        if (tags.TryGetValue(33550, out var scale) && tags.TryGetValue(33922, out var tie) && scale.Count >= 2 && tie.Count >= 6)
        {
            var (stepX, stepY) = (file.Real(scale, 0), -file.Real(scale, 1));
            place = new RasterPlace(file.Real(tie, 3) - file.Real(tie, 0) * stepX, file.Real(tie, 4) - file.Real(tie, 1) * stepY, stepX, stepY);
        }
        else if (tags.TryGetValue(34264, out var matrix) && matrix.Count >= 16 && file.Real(matrix, 1) == 0 && file.Real(matrix, 4) == 0)
        {
            place = new RasterPlace(file.Real(matrix, 3), file.Real(matrix, 7), file.Real(matrix, 0), file.Real(matrix, 5));
        }
        else
        {
            return null;
        }
        if (!double.IsNormal(place.CellX) || !double.IsNormal(place.CellY) || !double.IsFinite(place.X) || !double.IsFinite(place.Y)) return null;
        return isPoint ? place with { X = place.X - place.CellX / 2, Y = place.Y - place.CellY / 2 } : place;
    }

    /// <summary>Values at regular places in a window of cells.</summary>
    /// <param name="x">The window's first column, from 0.</param>
    /// <param name="y">The window's first row.</param>
    /// <param name="width">Its width in cells.</param>
    /// <param name="height">Its height in cells.</param>
    /// <param name="most">Most values in a row or a column.</param>
    /// <param name="band">Which band, from 0.</param>
    /// <exception cref="InvalidDataException">A block is damaged.</exception>
    public RasterSample Sample(long x, long y, long width, long height, int most, int band)
    {
        var shrink = Math.Max(1.0, Math.Max(width, height) / (double)most);
        var (columns, rows) = ((int)Math.Max(1, Math.Round(width / shrink)), (int)Math.Max(1, Math.Round(height / shrink)));
        // The smallest image that still has a cell for each value.
        var image = overviews.Append(main).Where(i => i.Width * shrink >= Width * 0.99 && i.Height * shrink >= Height * 0.99).MinBy(static i => i.Width) ?? main;
        var (scaleX, scaleY) = (image.Width / (double)Width, image.Height / (double)Height);
        var isCoarse = false;
        while (Math.Max(columns, rows) > 16 && Cost(image, width * scaleX, height * scaleY, columns, rows) > MostDecoded)
        {
            (columns, rows, isCoarse) = (Math.Max(1, columns / 2), Math.Max(1, rows / 2), true);
        }
        var values = new float[columns * rows];
        Array.Fill(values, float.NaN);
        var atColumn = Places(x * scaleX, width * scaleX, columns, image.Width);
        var atRow = Places(y * scaleY, height * scaleY, rows, image.Height);
        for (var top = 0; top < rows;)
        {
            var blockRow = atRow[top] / image.BlockHeight;
            var bottom = top;
            while (bottom < rows && atRow[bottom] / image.BlockHeight == blockRow) bottom++;
            for (var left = 0; left < columns;)
            {
                var blockColumn = atColumn[left] / image.BlockWidth;
                var right = left;
                while (right < columns && atColumn[right] / image.BlockWidth == blockColumn) right++;
                if (image.Block(blockColumn, blockRow, band) is { } block)
                    for (var r = top; r < bottom; r++)
                        for (var c = left; c < right; c++) values[r * columns + c] = Known(image.Cell(block, atColumn[c] - blockColumn * image.BlockWidth, atRow[r] - blockRow * image.BlockHeight, band));
                left = right;
            }
            top = bottom;
        }
        return new RasterSample(columns, rows, values, columns == width && rows == height, isCoarse);
    }

    private float Known(double value) => NoData is { } none && (value == none || (float)value == (float)none) ? float.NaN : (float)value;

    private static long[] Places(double from, double length, int count, long limit)
    {
        var places = new long[count];
        for (var i = 0; i < count; i++) places[i] = Math.Clamp((long)(from + (i + 0.5) * length / count), 0, limit - 1);
        return places;
    }

    /// <summary>How many bytes must be decoded.</summary>
    private static double Cost(TiffImage image, double width, double height, int columns, int rows)
    {
        var across = Math.Min(columns, width / image.BlockWidth + 1);
        var down = Math.Min(rows, height / image.BlockHeight + 1);
        return across * down * image.BlockBytes;
    }
}
