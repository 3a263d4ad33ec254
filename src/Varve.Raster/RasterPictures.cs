using Varve.Raster.Evaluation;
using Varve.Raster.Outputs;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>Evenly spread pixels of it, row by row; NaN where they are missing.</summary>
    /// <param name="width">Columns wanted.</param>
    /// <param name="height">Rows wanted.</param>
    /// <param name="limits">What may be used.</param>
    public double[] Preview(int width, int height, Limits? limits = null)
    {
        if (width < 1 || height < 1 || (long)width * height > 1 << 28) throw new RasterException("a picture is at least 1 x 1 pixel, and at most 268 million in all");
        var pass = new Pass([Node], limits ?? Limits.Default);
        if (pass.Everything.IsEmpty) throw new RasterException("the layers of this expression share no pixel, so there is nothing to show");
        var sink = new PreviewSink(0, pass.Everything, width, height);
        var report = pass.Run([sink]);
        limits?.Done?.Invoke(report);
        return sink.Values;
    }

    /// <summary>Writes a PNG picture: missing pixels are transparent, the scale's ends are the least and most shown, below is a legend.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How.</param>
    /// <param name="limits">What may be used.</param>
    /// <exception cref="RasterException">It cannot be computed or written.</exception>
    public void WritePicture(string path, PictureOptions? options = null, Limits? limits = null)
    {
        options ??= new PictureOptions();
        var grid = Grid;
        var factor = Math.Min(1.0, (double)options.Size / Math.Max(grid.Width, grid.Height));
        // Degrees and other steps that are not square are shown as they lie.
        var (width, height) = ((int)Math.Max(1, Math.Round(grid.Width * factor)), (int)Math.Max(1, Math.Round(grid.Height * factor)));
        var values = Preview(width, height, limits);
        var scale = Scale(values, options);
        var full = System.IO.Path.GetFullPath(path);
        var temporary = Files.PartialFile.For(path);
        try
        {
            File.WriteAllBytes(temporary, Png.Of(values, width, height, scale, options.Legend).Encode());
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException($"{path}: it could not be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    internal static ColorScale Scale(double[] values, PictureOptions options)
    {
        if (options.Palette is { } palette) return ColorScale.OfPalette(palette);
        var known = values.Where(static v => double.IsFinite(v)).ToList();
        return ColorScale.Of(options.Colors, options.Least ?? (known.Count > 0 ? known.Min() : 0), options.Most ?? (known.Count > 0 ? known.Max() : 1));
    }
}

/// <summary>How a picture is made of a raster.</summary>
public sealed record PictureOptions
{
    /// <summary>Most columns or rows.</summary>
    public int Size { get; init; } = 1024;
    /// <summary>viridis, terrain, grey, heat or difference.</summary>
    public string Colors { get; init; } = "viridis";
    /// <summary>The value of the first colour; null for the least that is shown.</summary>
    public double? Least { get; init; }
    /// <summary>The value of the last; null for the most.</summary>
    public double? Most { get; init; }
    /// <summary>Whether a bar below says which colours are which values.</summary>
    public bool Legend { get; init; } = true;
    /// <summary>The palette of the file, instead of a scale.</summary>
    internal long[]? Palette { get; init; }
}
