using System.Numerics;
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

    /// <summary>Whether a pixel of the result follows from the same pixel of its parts, and from nothing else.</summary>
    public virtual bool FollowsFromParts => true;

    /// <summary>What it is all over a chunk, when some parts that are known there decide it; null when they do not.</summary>
    public virtual Known? Shortcut(Known?[] known, Window chunk) => null;

    /// <summary>The parts it looks at, where some are known all over the chunk.</summary>
    public virtual IEnumerable<int> Needs(Known?[] known) => Parts;

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
    public static Step ForType(PixelType type, IStepMaker maker) => ForType<Step>(type, maker);

    /// <summary>A thing of a generic class for a type of pixels.</summary>
    public static TThing ForType<TThing>(PixelType type, IMaker<TThing> maker) => type switch
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

/// <summary>Makes a thing for whichever type of numbers.</summary>
internal interface IMaker<out TThing>
{
    TThing Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T>;
}

/// <summary>Makes a step for whichever type of numbers.</summary>
internal interface IStepMaker : IMaker<Step>;

/// <summary>A step that gives the pixels of a source.</summary>
internal interface ISourceStep
{
    /// <summary>The number of the source in the program.</summary>
    int Source { get; }
}

/// <summary>Pixels of a source, straight from the chunk where nothing stands for missing ones in real numbers.</summary>
internal sealed unsafe class SourceStep<T>(int result, int source, double? noData) : Step(result), ISourceStep where T : unmanaged, INumber<T>
{
    public int Source => source;

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

/// <summary>Pixels of a source that has one value for a whole row.</summary>
internal sealed unsafe class RowStep<T>(int result, int source, double? noData) : Step(result), ISourceStep where T : unmanaged, INumber<T>
{
    private readonly T none = noData is { } value ? T.CreateSaturating(value) : T.Zero;

    public int Source => source;

    public override void Run(Frame f, int at, int count)
    {
        var rows = (T*)f.Sources[source];
        var into = new Span<T>(f.Own[Result], count);
        var width = (int)f.Chunk.Width;
        f.Data[Result] = f.Own[Result];
        f.HasMiss[Result] = false;
        for (var (row, done) = (at / width, 0); done < count; row++)
        {
            var run = Math.Min(count - done, (row + 1) * width - at - done);
            var isMissing = noData is not null && (rows[row] == none || T.IsNaN(rows[row]));
            into.Slice(done, run).Fill(rows[row]);
            if (isMissing || f.HasMiss[Result])
            {
                if (!f.HasMiss[Result]) new Span<byte>(f.Miss[Result], done).Clear();
                f.HasMiss[Result] = true;
                new Span<byte>(f.Miss[Result] + done, run).Fill(isMissing ? (byte)1 : (byte)0);
                if (isMissing && (typeof(T) == typeof(float) || typeof(T) == typeof(double))) into.Slice(done, run).Fill(T.CreateTruncating(double.NaN));
            }
            done += run;
        }
        if (typeof(T) == typeof(float) || typeof(T) == typeof(double)) f.HasMiss[Result] = false;
    }

    /// <summary>For a source of any type.</summary>
    public sealed record Maker(int Result, int Source, double? NoData) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new RowStep<TPixel>(Result, Source, NoData);
    }
}

/// <summary>0, and nothing missing, outside the area in which a value lies.</summary>
internal sealed unsafe class ConfineStep(int result, int part, PixelType type, Window area) : Step(result, part)
{
    public override bool FollowsFromParts => false;

    public override Known? Shortcut(Known?[] known, Window chunk) =>
        area.And(chunk).IsEmpty ? new Known(0, false) : area.Holds(chunk) ? known[Parts[0]] : null;

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
