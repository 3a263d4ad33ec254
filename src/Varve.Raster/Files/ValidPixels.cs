using System.Numerics;
using System.Runtime.InteropServices;
using Varve.Raster.Grids;

namespace Varve.Raster.Files;

/// <summary>
/// Where a file's band has a value, as a raster of 1 and 0: for a layer in which others have a mask. Missing is what a value
/// stands for, and NaN; of a mask, 0.
/// </summary>
internal sealed class ValidPixels : RasterFile
{
    private readonly RasterFile of;

    private ValidPixels(RasterFile of, int band, double? none) => (this.of, Image) = (of, new Truths(of.Image, band, none));

    /// <summary>The mask of a band, in bytes; made of its values where it has none.</summary>
    public static FileMask Of(RasterFile file, int band, FileMask? mask)
    {
        if (mask is null) return new FileMask(new ValidPixels(file, band, file.NoData), 0);
        return mask.File.Image.Type == PixelType.Byte ? mask : new FileMask(new ValidPixels(mask.File, mask.Band, 0), 0);
    }

    public override string Name => of.Name;
    public override BlockImage Image { get; }
    public override Grid Grid => of.Grid;
    public override double? NoData => null;
    public override double[]? Turned => of.Turned;
    public override void MustBeUnchanged() => of.MustBeUnchanged();
    public override void Dispose() { }

    private sealed class Truths(BlockImage of, int band, double? none) : BlockImage
    {
        private readonly bool isAllValid = none is null && !of.Type.IsFloat();

        public override long Width => of.Width;
        public override long Height => of.Height;
        public override int Bands => 1;
        public override PixelType Type => PixelType.Byte;
        public override bool IsPlanar => true;
        public override bool IsTiled => of.IsTiled;
        public override long BlockWidth => of.BlockWidth;
        public override long BlockHeight => of.BlockHeight;
        public override int PixelBytes => 1;
        public override long CacheBytes => of.CacheBytes;
        public override string WhyNot() => of.WhyNot();
        // A block that was never written holds what stands for missing pixels, or 0 where nothing does.
        public override bool Has(long column, long row, int _) => none is null || of.Has(column, row, band);

        public override bool Read(BlockReader reader, long column, long row, int _, Span<byte> target)
        {
            if (isAllValid)
            {
                target.Fill(1);
                return true;
            }
            var pixels = new byte[of.BlockBytes];
            if (!of.Read(reader, column, row, band, pixels))
            {
                if (none is not null) return false;
                target.Fill(1);
                return true;
            }
            switch (of.Type)
            {
                case PixelType.Byte: Look<byte>(pixels, target); break;
                case PixelType.Int8: Look<sbyte>(pixels, target); break;
                case PixelType.UInt16: Look<ushort>(pixels, target); break;
                case PixelType.Int16: Look<short>(pixels, target); break;
                case PixelType.UInt32: Look<uint>(pixels, target); break;
                case PixelType.Int32: Look<int>(pixels, target); break;
                case PixelType.UInt64: Look<ulong>(pixels, target); break;
                case PixelType.Int64: Look<long>(pixels, target); break;
                case PixelType.Float32: Look<float>(pixels, target); break;
                default: Look<double>(pixels, target); break;
            }
            return true;
        }

        private void Look<T>(byte[] pixels, Span<byte> target) where T : unmanaged, INumber<T>
        {
            var numbers = MemoryMarshal.Cast<byte, T>(pixels);
            var first = of.IsPlanar ? 0 : band;
            // One that no pixel can have is no pixel's.
            var isMet = none is { } given && !double.IsNaN(given) && (of.Type == PixelType.Float32 || of.Type.Has(given));
            var missing = isMet ? T.CreateSaturating(none!.Value) : T.Zero;
            for (var i = 0; i < target.Length; i++)
            {
                var value = numbers[first + i * of.Step];
                target[i] = T.IsNaN(value) || (isMet && value == missing) ? (byte)0 : (byte)1;
            }
        }
    }
}
