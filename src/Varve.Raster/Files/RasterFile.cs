using Varve.Raster.Grids;

namespace Varve.Raster.Files;

/// <summary>A band that masks another.</summary>
/// <param name="File">Of the masked band's size and place.</param>
/// <param name="Band">Which of its bands, from 0.</param>
/// <param name="IsAlpha">Whether it is a band of the file itself, that says how opaque pixels are.</param>
internal sealed record FileMask(RasterFile File, int Band, bool IsAlpha = false);

/// <summary>A file of pixels in blocks: a GeoTIFF that is read here, or what GDAL reads. Safe to read from several threads.</summary>
internal abstract class RasterFile : IDisposable
{
    /// <summary>As it was named by who opened it.</summary>
    public abstract string Name { get; }

    public abstract BlockImage Image { get; }

    /// <summary>Where its pixels lie; steps of 1 from 0, 0 where <see cref="Turned"/> says it.</summary>
    public abstract Grid Grid { get; }

    /// <summary>What stands for no data, if something does.</summary>
    public abstract double? NoData { get; }

    /// <summary>Red, green and blue of each value, 0 to 65535, all reds first; null when there is none.</summary>
    public virtual long[]? ColorMap => null;

    /// <summary>Where its rows do not run along the axes: from column and row to the place, x = [0] + [1] column + [2] row, y = [3] + [4] column + [5] row; null where they do.</summary>
    public virtual double[]? Turned => null;

    /// <summary>Why it lies on no grid, and what to do; empty when it does.</summary>
    public virtual string WhyNoGrid => Turned is null ? "" : $"its rows do not run along the axes of its projection; varve raster warp {Origin.Quoted(Name)} -o {Origin.Quoted($"{Origin.Stem(Name)}-straight.tif")} lays them straight";

    /// <summary>What is said of a file that control points place.</summary>
    protected static string WhyByPoints(string path) => $"it is placed by control points; gdalwarp {Origin.Quoted(path)} {Origin.Quoted($"{Origin.Stem(path)}-straight.tif")} lays it on a grid";

    /// <summary>What GDAL says of it besides, such as the bands' names, in its XML; empty when nothing is said.</summary>
    public virtual string Metadata => "";

    /// <summary>The band that says where a band has no data by being 0 there; null when a value does, or nothing. Where there is one, <see cref="NoData"/> does not count: GDAL's rule.</summary>
    /// <param name="band">Which band, from 0.</param>
    /// <exception cref="RasterException">The mask cannot be read.</exception>
    public virtual FileMask? MaskOf(int band) => null;

    /// <exception cref="RasterException">It was changed after it was opened.</exception>
    public abstract void MustBeUnchanged();

    public abstract void Dispose();
}

/// <summary>Pixels in blocks (strips or tiles) that are decoded one at a time.</summary>
internal abstract class BlockImage
{
    public abstract long Width { get; }
    public abstract long Height { get; }
    public abstract int Bands { get; }
    public abstract PixelType Type { get; }
    /// <summary>Whether a block holds one band; else all lie together, pixel by pixel.</summary>
    public abstract bool IsPlanar { get; }
    public abstract bool IsTiled { get; }
    public abstract long BlockWidth { get; }
    public abstract long BlockHeight { get; }
    public long Across => (Width + BlockWidth - 1) / BlockWidth;
    public long Down => (Height + BlockHeight - 1) / BlockHeight;
    /// <summary>Numbers that lie together for one pixel of a block.</summary>
    public int Step => IsPlanar ? 1 : Bands;
    /// <summary>From one pixel of a block to the next.</summary>
    public abstract int PixelBytes { get; }
    public long BlockBytes => BlockWidth * BlockHeight * PixelBytes;
    /// <summary>Memory that reading takes for all blocks together, besides the blocks.</summary>
    public virtual long CacheBytes => 0;

    /// <summary>Why its pixels cannot be read, and what to do; empty when they can.</summary>
    public abstract string WhyNot();

    /// <summary>Whether the file has a block; what was never written is not there.</summary>
    public abstract bool Has(long column, long row, int band);

    /// <summary>Decodes a block into the machine's byte order.</summary>
    /// <param name="reader">The thread's own.</param>
    /// <param name="column">Which column of blocks.</param>
    /// <param name="row">Which row of blocks.</param>
    /// <param name="band">Which band, from 0; any where the bands lie together.</param>
    /// <param name="target">Of exactly the block's bytes.</param>
    /// <returns>False when the block was never written; the target is then untouched.</returns>
    /// <exception cref="RasterException">The block is damaged.</exception>
    public abstract bool Read(BlockReader reader, long column, long row, int band, Span<byte> target);

    /// <summary>Reads a part of a block straight to where it shall lie, when the file has it as it is in memory.</summary>
    /// <param name="column">Which column of blocks.</param>
    /// <param name="row">Which row of blocks.</param>
    /// <param name="band">Which band, from 0.</param>
    /// <param name="part">Columns and rows of the block, within the image.</param>
    /// <param name="target">The place of the part's first pixel.</param>
    /// <param name="step">Bytes from one row of the target to the next.</param>
    /// <returns>False when it cannot be had so; the target is then untouched.</returns>
    public virtual unsafe bool ReadPart(long column, long row, int band, Window part, byte* target, long step) => false;
}
