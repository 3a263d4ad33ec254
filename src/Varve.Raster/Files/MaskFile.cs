namespace Varve.Raster.Files;

/// <summary>The mask of a GeoTIFF, as a raster where that lies: an image of the same file, or of the file beside it.</summary>
internal sealed class MaskFile : RasterFile
{
    private readonly GeoTiff of;
    private readonly RasterFile? own;

    /// <param name="of">Of which file.</param>
    /// <param name="image">The mask.</param>
    /// <param name="own">The file that it is in; null for the same.</param>
    /// <exception cref="RasterException">It is not as large as the file's own image.</exception>
    public MaskFile(GeoTiff of, BlockImage image, RasterFile? own)
    {
        (this.of, Image, this.own) = (of, image, own);
        if (image.Width != of.Image.Width || image.Height != of.Image.Height) throw new RasterException($"{of.Name}: its mask{(own is null ? "" : $" {own.Name}")} has {image.Width} x {image.Height} pixels, and itself {of.Image.Width} x {of.Image.Height}; take the mask away, or make it anew");
    }

    public override string Name => own?.Name ?? $"{of.Name} (its mask)";
    /// <summary>Whether it is a file of its own.</summary>
    public bool IsBeside => own is not null;
    public override BlockImage Image { get; }
    public override Grid Grid => of.Grid;
    public override double? NoData => null;
    public override double[]? Turned => of.Turned;

    public override void MustBeUnchanged()
    {
        of.MustBeUnchanged();
        own?.MustBeUnchanged();
    }

    public override void Dispose() => own?.Dispose();
}
