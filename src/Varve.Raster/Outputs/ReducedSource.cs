using System.Numerics;
using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Outputs;

/// <summary>A band of a file at half its width and height.</summary>
internal sealed class ReducedSource : Generated, IDisposable
{
    private readonly GeoTiff file;
    private readonly int band;
    private readonly Reduction reduction;
    private readonly ThreadLocal<BlockReader> readers = new(static () => new BlockReader(), trackAllValues: true);

    /// <param name="file">The file, which stays its caller's.</param>
    /// <param name="band">Which band, from 0.</param>
    /// <param name="reduction">How.</param>
    public ReducedSource(GeoTiff file, int band, Reduction reduction) : base(file.Image.Type, null, file.NoData is not null)
    {
        (this.file, this.band, this.reduction) = (file, band, reduction);
        var grid = file.Grid;
        Grid = grid with { StepX = grid.StepX * 2, StepY = grid.StepY * 2, Width = (grid.Width + 1) / 2, Height = (grid.Height + 1) / 2 };
    }

    public override string Name => file.Name;
    public override Grid Grid { get; }
    public override double? NoData => file.NoData;

    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, Name, Grid, Name);

    public override double? Uniform(Grid reference, Window window)
    {
        var (image, below) = (file.Image, Below(reference, window));
        for (var row = below.Y / image.BlockHeight; row * image.BlockHeight < below.Bottom; row++)
            for (var column = below.X / image.BlockWidth; column * image.BlockWidth < below.Right; column++)
                if (image.Place(column, row, band) is not (0, _) and not (_, 0)) return null;
        return NoData ?? 0;
    }

    private Window Below(Grid reference, Window window)
    {
        var place = PlaceOn(reference)!.Value;
        return new Window((window.X - place.X) * 2, (window.Y - place.Y) * 2, window.Width * 2, window.Height * 2).And(file.Grid.All);
    }

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        var (image, size, below) = (file.Image, Type.Size(), Below(reference, window));
        var pixels = new byte[checked((int)(below.Pixels * size))];
        var block = new byte[image.BlockBytes];
        var none = Known.Of(Type, NoData ?? 0);
        for (var row = below.Y / image.BlockHeight; row * image.BlockHeight < below.Bottom; row++)
        {
            for (var column = below.X / image.BlockWidth; column * image.BlockWidth < below.Right; column++)
            {
                var at = new Window(column * image.BlockWidth, row * image.BlockHeight, image.BlockWidth, image.BlockHeight);
                if (!readers.Value!.Read(image, column, row, band, block)) FillAll(none, size, block);
                var seen = at.And(below);
                for (var y = seen.Y; y < seen.Bottom; y++)
                    block.AsSpan((int)(((y - at.Y) * at.Width + seen.X - at.X) * size), (int)seen.Width * size).CopyTo(pixels.AsSpan((int)(((y - below.Y) * below.Width + seen.X - below.X) * size)));
            }
        }
        Step.ForType(Type, new Maker(this, pixels, below, window)).Reduce(into);
    }

    private static unsafe void FillAll(Known none, int size, byte[] block)
    {
        fixed (byte* bytes = block) none.Fill(bytes, size, block.Length / size);
    }

    public void Dispose()
    {
        foreach (var reader in readers.Values) reader.Dispose();
        readers.Dispose();
    }

    private sealed record Maker(ReducedSource Source, byte[] Pixels, Window Below, Window Window) : IMaker<Work>
    {
        public Work Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new Work<T>(Source, Pixels, Below, Window);
    }

    private abstract class Work
    {
        public abstract void Reduce(Span<byte> into);
    }

    private sealed class Work<T>(ReducedSource source, byte[] bytes, Window below, Window window) : Work where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        public override void Reduce(Span<byte> into)
        {
            var from = MemoryMarshal.Cast<byte, T>(bytes.AsSpan());
            var target = MemoryMarshal.Cast<byte, T>(into);
            T? none = source.NoData is { } value ? T.CreateSaturating(value) : null;
            for (var y = 0; y < window.Height; y++)
            {
                for (var x = 0; x < window.Width; x++)
                {
                    var first = (int)(y * 2 * below.Width + x * 2);
                    target[(int)(y * window.Width) + x] = source.reduction == Reduction.Nearest ? from[first] : Mean(from, first, x * 2 + 1 < below.Width, y * 2 + 1 < below.Height, none);
                }
            }
        }

        private T Mean(Span<T> from, int first, bool hasRight, bool hasBelow, T? none)
        {
            var (sum, count) = (0.0, 0);
            for (var i = 0; i < 4; i++)
            {
                if ((i & 1) == 1 && !hasRight || i >= 2 && !hasBelow) continue;
                var value = from[first + (i & 1) + (i >> 1) * (int)below.Width];
                if (T.IsNaN(value) || value == none) continue;
                sum += double.CreateTruncating(value);
                count++;
            }
            if (count == 0) return none ?? from[first];
            var mean = sum / count;
            var result = T.CreateSaturating(source.Type.IsFloat() ? mean : Math.Round(mean));
            // A mean that happens to be what stands for missing pixels would be taken for one.
            return result != none ? result : result > T.Zero ? result - T.One : result + T.One;
        }
    }
}
