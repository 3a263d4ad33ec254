using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>Truths joined. What a missing one cannot change is not missing: false and anything is false, true or anything is true.</summary>
internal sealed unsafe class TruthStep(Operation operation, int result, int a, int b) : Step(result, a, b)
{
    public override Known? Shortcut(Known?[] known, Window chunk)
    {
        if (operation is Operation.Xor or Operation.BitXor) return null;
        var deciding = new Known(operation is Operation.And or Operation.BitAnd ? 0u : 1u, false);
        return known[Parts[0]] == deciding || known[Parts[1]] == deciding ? deciding : null;
    }

    public override void Run(Frame f, int at, int count)
    {
        var x = f.Data[Parts[0]];
        var y = f.Data[Parts[1]];
        var into = f.Data[Result];
        var miss = f.Miss[Result];
        var hasMiss = f.HasMiss[Parts[0]] || f.HasMiss[Parts[1]];
        f.HasMiss[Result] = hasMiss;
        if (operation is Operation.Xor or Operation.BitXor)
        {
            TensorPrimitives.Xor(new ReadOnlySpan<byte>(x, count), new ReadOnlySpan<byte>(y, count), new Span<byte>(into, count));
            JoinMissing(f, count);
            return;
        }
        var isAnd = operation is Operation.And or Operation.BitAnd;
        if (!hasMiss)
        {
            if (isAnd) Kernels.And(x, y, into, count);
            else Kernels.Or(x, y, into, count);
            return;
        }
        var missX = f.HasMiss[Parts[0]] ? f.Miss[Parts[0]] : null;
        var missY = f.HasMiss[Parts[1]] ? f.Miss[Parts[1]] : null;
        for (var i = 0; i < count; i++)
        {
            var (p, q) = (missX == null ? (byte)0 : missX[i], missY == null ? (byte)0 : missY[i]);
            if (isAnd)
            {
                var could = (byte)((x[i] | p) & (y[i] | q));
                (into[i], miss[i]) = (could, (byte)(could & (p | q)));
            }
            else
            {
                var does = (byte)((x[i] & ~p) | (y[i] & ~q));
                (into[i], miss[i]) = (does, (byte)((p | q) & ~does & 1));
            }
        }
    }
}

/// <summary>The opposite of a truth.</summary>
internal sealed unsafe class NotStep(int result, int a) : Step(result, a)
{
    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        TensorPrimitives.Xor(new ReadOnlySpan<byte>(f.Data[Parts[0]], count), (byte)1, new Span<byte>(f.Data[Result], count));
    }
}

/// <summary>One of two values, by a condition.</summary>
internal sealed unsafe class ChoiceStep(int size, bool isReal, int result, int condition, int a, int b) : Step(result, condition, a, b)
{
    public override Known? Shortcut(Known?[] known, Window chunk) => known[Parts[0]] switch
    {
        null => null,
        { IsMissing: true } => isReal ? Known.Of(size == 4 ? PixelType.Float32 : PixelType.Float64, double.NaN) : new Known(0, true),
        { Bits: var isTrue } => known[isTrue != 0 ? Parts[1] : Parts[2]],
    };

    public override IEnumerable<int> Needs(Known?[] known) =>
        known[Parts[0]] is { IsMissing: false, Bits: var isTrue } ? [Parts[0], isTrue != 0 ? Parts[1] : Parts[2]] : Parts;

    public override void Run(Frame f, int at, int count)
    {
        var when = f.Data[Parts[0]];
        var x = f.Data[Parts[1]];
        var y = f.Data[Parts[2]];
        var into = f.Data[Result];
        switch (size)
        {
            case 1: Kernels.Choose(when, x, y, into, count); break;
            case 2: Kernels.Choose(when, (ushort*)x, (ushort*)y, (ushort*)into, count); break;
            case 4: Kernels.Choose(when, (uint*)x, (uint*)y, (uint*)into, count); break;
            default: Kernels.Choose(when, (ulong*)x, (ulong*)y, (ulong*)into, count); break;
        }
        var (missC, missX, missY) = (f.HasMiss[Parts[0]], f.HasMiss[Parts[1]], f.HasMiss[Parts[2]]);
        f.HasMiss[Result] = false;
        if (isReal)
        {
            if (!missC) return;
            for (var i = 0; i < count; i++)
            {
                if (f.Miss[Parts[0]][i] == 0) continue;
                if (size == 4) ((float*)into)[i] = float.NaN;
                else ((double*)into)[i] = double.NaN;
            }
            return;
        }
        if (!missC && !missX && !missY) return;
        var miss = f.Miss[Result];
        if (missX) Kernels.And(when, f.Miss[Parts[1]], miss, count);
        else new Span<byte>(miss, count).Clear();
        if (missY)
            for (var i = 0; i < count; i++) miss[i] |= (byte)(f.Miss[Parts[2]][i] & (when[i] ^ 1));
        if (missC) Kernels.Or(miss, f.Miss[Parts[0]], miss, count);
        f.HasMiss[Result] = true;
    }
}

/// <summary>Whether a value is one of a list: compared with each when they are few, looked up else.</summary>
internal sealed unsafe class MembershipStep<T> : Step where T : unmanaged, INumber<T>, IMinMaxValue<T>
{
    private const int Few = 12;
    private readonly Vector128<T>[] values;
    private readonly HashSet<T>? set;
    private readonly byte[]? table;
    private readonly Vector128<byte> low, high;
    private readonly bool isReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);

    private MembershipStep(int result, int a, IReadOnlyList<double> wanted) : base(result, a)
    {
        // A value that the type does not have is met nowhere.
        var met = wanted.Where(static v => double.CreateSaturating(T.CreateSaturating(v)) == v).Select(static v => T.CreateSaturating(v)).ToArray();
        values = [.. met.Select(static v => Vector128.Create(v))];
        if (typeof(T) == typeof(byte) && met.Length > 3)
        {
            table = new byte[256];
            foreach (var value in met) table[int.CreateTruncating(value)] = 1;
            (low, high) = (Rows(0), Rows(8));
        }
        else if (met.Length > Few)
        {
            set = [.. met];
        }
    }

    /// <summary>For each lower half of a byte, the eight upper halves from a first one with which it is met.</summary>
    private Vector128<byte> Rows(int first)
    {
        Span<byte> rows = stackalloc byte[16];
        for (var lower = 0; lower < 16; lower++)
            for (var bit = 0; bit < 8; bit++) rows[lower] |= (byte)(table![(first + bit) * 16 + lower] << bit);
        return Vector128.Create<byte>(rows);
    }

    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        var x = (T*)f.Data[Parts[0]];
        var into = f.Data[Result];
        if (isReal)
        {
            for (var i = 0; i < count; i++)
            {
                if (!T.IsNaN(x[i])) continue;
                if (!f.HasMiss[Result]) new Span<byte>(f.Miss[Result], count).Clear();
                f.HasMiss[Result] = true;
                f.Miss[Result][i] = 1;
            }
        }
        if (table is not null)
        {
            var bytes = (byte*)x;
            fixed (byte* answers = table) Kernels.Look(bytes, low, high, answers, into, count);
        }
        else if (set is not null)
        {
            for (var i = 0; i < count; i++) into[i] = set.Contains(x[i]) ? (byte)1 : (byte)0;
        }
        else
        {
            Kernels.AnyOf(x, values, into, count);
        }
    }

    /// <summary>For a raster of any type.</summary>
    public sealed record Maker(int Result, int A, IReadOnlyList<double> Values) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new MembershipStep<TPixel>(Result, A, Values);
    }
}

/// <summary>Whether a pixel is missing.</summary>
internal sealed unsafe class MissingStep(PixelType type, int result, int a) : Step(result, a)
{
    public override void Run(Frame f, int at, int count)
    {
        var from = Parts[0];
        var into = f.Data[Result];
        f.HasMiss[Result] = false;
        if (type == PixelType.Float32) Kernels.Compare<float, IsNotEqual>((float*)f.Data[from], (float*)f.Data[from], into, count);
        else if (type == PixelType.Float64) Kernels.Compare<double, IsNotEqual>((double*)f.Data[from], (double*)f.Data[from], into, count);
        else if (f.HasMiss[from]) Buffer.MemoryCopy(f.Miss[from], into, count, count);
        else new Span<byte>(into, count).Clear();
    }
}

/// <summary>A number in place of missing pixels.</summary>
internal sealed unsafe class FilledStep<T>(int result, int a, double real, Int128? integer) : Step(result, a) where T : unmanaged, INumber<T>
{
    private readonly T value = integer is { } whole ? T.CreateSaturating(whole) : T.CreateSaturating(real);
    private readonly bool isReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);

    public override void Run(Frame f, int at, int count)
    {
        var x = (T*)f.Data[Parts[0]];
        var into = (T*)f.Data[Result];
        var miss = f.HasMiss[Parts[0]] ? f.Miss[Parts[0]] : null;
        f.HasMiss[Result] = false;
        for (var i = 0; i < count; i++) into[i] = (miss != null && miss[i] != 0) || (isReal && T.IsNaN(x[i])) ? value : x[i];
    }

    /// <summary>For a raster of any type.</summary>
    public sealed record Maker(int Result, int A, double Real, Int128? Integer) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new FilledStep<TPixel>(Result, A, Real, Integer);
    }
}

/// <summary>As another type; the values of that type nearest to what it cannot hold.</summary>
internal sealed unsafe class CastStep<TFrom, TTo>(int result, int a) : Step(result, a)
    where TFrom : unmanaged, INumber<TFrom>
    where TTo : unmanaged, INumber<TTo>
{
    private readonly bool fromReal = typeof(TFrom) == typeof(float) || typeof(TFrom) == typeof(double), toReal = typeof(TTo) == typeof(float) || typeof(TTo) == typeof(double);

    public override void Run(Frame f, int at, int count)
    {
        var x = (TFrom*)f.Data[Parts[0]];
        var into = (TTo*)f.Data[Result];
        var miss = f.Miss[Result];
        var from = Parts[0];
        f.HasMiss[Result] = false;
        TensorPrimitives.ConvertSaturating(new ReadOnlySpan<TFrom>(x, count), new Span<TTo>(into, count));
        if (fromReal && !toReal)
        {
            Kernels.Compare<TFrom, IsNotEqual>(x, x, miss, count);
            f.HasMiss[Result] = Kernels.Any(miss, count);
        }
        else if (!fromReal && f.HasMiss[from])
        {
            if (toReal)
            {
                for (var i = 0; i < count; i++)
                    if (f.Miss[from][i] != 0) into[i] = TTo.CreateTruncating(double.NaN);
            }
            else
            {
                JoinMissing(f, count);
            }
        }
    }

    /// <summary>For any two types.</summary>
    public sealed record Maker(PixelType To, int Result, int A) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => ForType(To, new ToMaker<TPixel>(Result, A));
    }

    private sealed record ToMaker<TSource>(int Result, int A) : IStepMaker where TSource : unmanaged, INumber<TSource>
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new CastStep<TSource, TPixel>(Result, A);
    }
}

/// <summary>Whether a number is not 0.</summary>
internal sealed unsafe class NotZeroStep<T>(int result, int a) : Step(result, a) where T : unmanaged, INumber<T>
{
    private readonly bool isReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);

    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        var x = (T*)f.Data[Parts[0]];
        var into = f.Data[Result];
        if (isReal)
        {
            Kernels.Compare<T, IsNotEqual>(x, x, f.Miss[Result], count);
            f.HasMiss[Result] = Kernels.Any(f.Miss[Result], count);
        }
        for (var i = 0; i < count; i++) into[i] = x[i] != T.Zero ? (byte)1 : (byte)0;
    }

    /// <summary>For a raster of any type.</summary>
    public sealed record Maker(int Result, int A) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new NotZeroStep<TPixel>(Result, A);
    }
}
