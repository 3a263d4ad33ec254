using System.Numerics;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>One value of a program, computed over a run of pixels.</summary>
internal abstract unsafe class Step(int result, params int[] parts)
{
    public int Result { get; } = result;
    public int[] Parts { get; } = parts;

    /// <param name="f">The memory.</param>
    /// <param name="at">The first pixel of the run, counted row by row in the chunk.</param>
    /// <param name="count">How many.</param>
    public abstract void Run(Frame f, int at, int count);

    /// <summary>Missing where any part is.</summary>
    protected void JoinMissing(Frame f, int count)
    {
        f.HasMiss[Result] = false;
        foreach (var part in Parts)
        {
            if (!f.HasMiss[part]) continue;
            if (f.HasMiss[Result]) Kernels.Or(f.Miss[Result], f.Miss[part], f.Miss[Result], count);
            else Buffer.MemoryCopy(f.Miss[part], f.Miss[Result], count, count);
            f.HasMiss[Result] = true;
        }
    }

    /// <summary>A step of a generic class for a type of pixels.</summary>
    public static Step ForType(PixelType type, IStepMaker maker) => type switch
    {
        PixelType.Boolean or PixelType.Byte => maker.Make<byte>(),
        PixelType.Int8 => maker.Make<sbyte>(),
        PixelType.UInt16 => maker.Make<ushort>(),
        PixelType.Int16 => maker.Make<short>(),
        PixelType.UInt32 => maker.Make<uint>(),
        PixelType.Int32 => maker.Make<int>(),
        PixelType.UInt64 => maker.Make<ulong>(),
        PixelType.Int64 => maker.Make<long>(),
        PixelType.Float32 => maker.Make<float>(),
        _ => maker.Make<double>(),
    };
}

/// <summary>Makes a step for whichever type of numbers.</summary>
internal interface IStepMaker
{
    Step Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T>;
}

/// <summary>Pixels of a source, straight from the chunk where nothing stands for missing ones in real numbers.</summary>
internal sealed unsafe class SourceStep<T>(int result, int source, double? noData) : Step(result) where T : unmanaged, INumber<T>
{
    private readonly T none = noData is { } value ? T.CreateSaturating(value) : T.Zero;
    private readonly bool isReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);

    public override void Run(Frame f, int at, int count)
    {
        var data = (T*)f.Sources[source] + at;
        f.Data[Result] = (byte*)data;
        f.HasMiss[Result] = false;
        if (noData is not { } value || double.IsNaN(value)) return;
        var pixels = new ReadOnlySpan<T>(data, count);
        if (pixels.IndexOf(none) < 0) return;
        if (isReal)
        {
            var own = (T*)f.Own[Result];
            for (var i = 0; i < count; i++) own[i] = data[i] == none ? T.CreateTruncating(double.NaN) : data[i];
            f.Data[Result] = (byte*)own;
            return;
        }
        for (var i = 0; i < count; i++) f.Miss[Result][i] = data[i] == none ? (byte)1 : (byte)0;
        f.HasMiss[Result] = true;
    }

    /// <summary>For a source of any type.</summary>
    public sealed record Maker(int Result, int Source, double? NoData) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new SourceStep<TPixel>(Result, Source, NoData);
    }
}

/// <summary>The area of a pixel of each row.</summary>
internal sealed unsafe class AreaStep(int result) : Step(result)
{
    public override void Run(Frame f, int at, int count)
    {
        var into = new Span<double>(f.Data[Result], count);
        var width = (int)f.Chunk.Width;
        for (var row = at / width; !into.IsEmpty; row++)
        {
            var part = Math.Min(into.Length, (row + 1) * width - at);
            into[..part].Fill(f.RowAreas[row]);
            into = into[part..];
            at += part;
        }
    }
}

/// <summary>0, and nothing missing, outside the area in which a value lies.</summary>
internal sealed unsafe class ConfineStep(int result, int part, PixelType type, Window area) : Step(result, part)
{
    public override void Run(Frame f, int at, int count)
    {
        var from = Parts[0];
        f.HasMiss[Result] = f.HasMiss[from];
        if (area.Holds(f.Chunk))
        {
            Buffer.MemoryCopy(f.Data[from], f.Data[Result], (long)count * type.Size(), (long)count * type.Size());
            if (f.HasMiss[from]) Buffer.MemoryCopy(f.Miss[from], f.Miss[Result], count, count);
            return;
        }
        var size = type.Size();
        new Span<byte>(f.Data[Result], count * size).Clear();
        if (f.HasMiss[from]) new Span<byte>(f.Miss[Result], count).Clear();
        var width = (int)f.Chunk.Width;
        for (var i = 0; i < count;)
        {
            var (row, column) = Math.DivRem(at + i, width);
            var run = Math.Min(count - i, width - column);
            var (x, y) = (f.Chunk.X + column, f.Chunk.Y + row);
            if (y >= area.Y && y < area.Bottom)
            {
                var first = Math.Max(x, area.X);
                var length = Math.Min(x + run, area.Right) - first;
                var skip = (int)(first - x) + i;
                if (length > 0)
                {
                    Buffer.MemoryCopy(f.Data[from] + (long)skip * size, f.Data[Result] + (long)skip * size, length * size, length * size);
                    if (f.HasMiss[from]) Buffer.MemoryCopy(f.Miss[from] + skip, f.Miss[Result] + skip, length, length);
                }
            }
            i += run;
        }
    }
}
