using System.Numerics;
using System.Numerics.Tensors;
using Varve.Raster.Graph;

namespace Varve.Raster.Evaluation;

/// <summary>Arithmetic on two values of one type.</summary>
internal sealed unsafe class ArithmeticStep<T>(Operation operation, int result, int a, int b) : Step(result, a, b) where T : unmanaged, INumber<T>
{
    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        var x = new ReadOnlySpan<T>(f.Data[Parts[0]], count);
        var y = new ReadOnlySpan<T>(f.Data[Parts[1]], count);
        var into = new Span<T>(f.Data[Result], count);
        switch (operation)
        {
            case Operation.Add: TensorPrimitives.Add(x, y, into); break;
            case Operation.Subtract: TensorPrimitives.Subtract(x, y, into); break;
            case Operation.Multiply: TensorPrimitives.Multiply(x, y, into); break;
            case Operation.Minimum: TensorPrimitives.Min(x, y, into); break;
            case Operation.Maximum: TensorPrimitives.Max(x, y, into); break;
            case Operation.FloorDivide: DivideIntegers(f, x, y, into, wantsRest: false); break;
            default: DivideIntegers(f, x, y, into, wantsRest: true); break;
        }
    }

    /// <summary>Towards minus infinity, as Python has it; by 0 the result is missing.</summary>
    private void DivideIntegers(Frame f, ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> into, bool wantsRest)
    {
        var minus = T.CreateTruncating(-1);
        var isSigned = minus < T.Zero;
        for (var i = 0; i < into.Length; i++)
        {
            var (p, q) = (x[i], y[i]);
            if (q == T.Zero)
            {
                if (!f.HasMiss[Result]) new Span<byte>(f.Miss[Result], into.Length).Clear();
                f.HasMiss[Result] = true;
                f.Miss[Result][i] = 1;
                into[i] = T.Zero;
                continue;
            }
            if (isSigned && q == minus)
            {
                into[i] = wantsRest ? T.Zero : unchecked(T.Zero - p);
                continue;
            }
            var whole = p / q;
            var rest = p - whole * q;
            if (rest != T.Zero && T.IsNegative(rest) != T.IsNegative(q))
            {
                whole -= T.One;
                rest += q;
            }
            into[i] = wantsRest ? rest : whole;
        }
    }

    /// <summary>For operands of any integer type.</summary>
    public sealed record Maker(Operation Operation, int Result, int A, int B) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new ArithmeticStep<TPixel>(Operation, Result, A, B);
    }
}

/// <summary>Arithmetic on real numbers, where NaN carries on by itself.</summary>
internal sealed unsafe class RealStep<T>(Operation operation, int result, int a, int b) : Step(result, a, b) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Run(Frame f, int at, int count)
    {
        var x = new ReadOnlySpan<T>(f.Data[Parts[0]], count);
        var y = new ReadOnlySpan<T>(f.Data[Parts[1]], count);
        var into = new Span<T>(f.Data[Result], count);
        switch (operation)
        {
            case Operation.Add: TensorPrimitives.Add(x, y, into); break;
            case Operation.Subtract: TensorPrimitives.Subtract(x, y, into); break;
            case Operation.Multiply: TensorPrimitives.Multiply(x, y, into); break;
            case Operation.Divide: TensorPrimitives.Divide(x, y, into); break;
            case Operation.Minimum: TensorPrimitives.Min(x, y, into); break;
            case Operation.Maximum: TensorPrimitives.Max(x, y, into); break;
            // Powers and the like go number by number: what a vector of them gives may differ in the last bit from what its end gives.
            case Operation.Power:
                for (var i = 0; i < into.Length; i++) into[i] = T.IsNaN(x[i]) || T.IsNaN(y[i]) ? T.NaN : T.Pow(x[i], y[i]);
                break;
            default:
                for (var i = 0; i < into.Length; i++)
                {
                    var (whole, rest) = Divide(x[i], y[i]);
                    into[i] = operation == Operation.FloorDivide ? whole : rest;
                }
                break;
        }
    }

    /// <summary>The quotient towards minus infinity and its rest, as Python and numpy compute them.</summary>
    private static (T Whole, T Left) Divide(T a, T b)
    {
        if (b == T.Zero) return (a / b, T.NaN);
        var rest = a % b;
        var quotient = (a - rest) / b;
        if (rest == T.Zero)
        {
            rest = T.CopySign(T.Zero, b);
        }
        else if (T.IsNegative(b) != T.IsNegative(rest))
        {
            rest += b;
            quotient -= T.One;
        }
        if (quotient == T.Zero) return (T.CopySign(T.Zero, a / b), rest);
        var whole = T.Floor(quotient);
        return (quotient - whole > T.CreateTruncating(0.5) ? whole + T.One : whole, rest);
    }
}

/// <summary>Bits of two integers.</summary>
internal sealed unsafe class BitStep<T>(Operation operation, int result, int a, int b) : Step(result, a, b) where T : unmanaged, IBinaryInteger<T>
{
    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        var x = new ReadOnlySpan<T>(f.Data[Parts[0]], count);
        var y = new ReadOnlySpan<T>(f.Data[Parts[1]], count);
        var into = new Span<T>(f.Data[Result], count);
        if (operation == Operation.BitAnd) TensorPrimitives.BitwiseAnd(x, y, into);
        else if (operation == Operation.BitOr) TensorPrimitives.BitwiseOr(x, y, into);
        else TensorPrimitives.Xor(x, y, into);
    }
}

/// <summary>A comparison of two values of one type. With a missing one it is missing.</summary>
internal sealed unsafe class CompareStep<T>(Operation operation, int result, int a, int b) : Step(result, a, b) where T : unmanaged, INumber<T>
{
    private readonly bool isReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);

    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        var x = (T*)f.Data[Parts[0]];
        var y = (T*)f.Data[Parts[1]];
        var into = f.Data[Result];
        if (isReal)
        {
            RealMissing(f, x, into, count);
            if (Parts[0] != Parts[1]) RealMissing(f, y, into, count);
        }
        switch (operation)
        {
            case Operation.Equal: Kernels.Compare<T, IsEqual>(x, y, into, count); break;
            case Operation.NotEqual: Kernels.Compare<T, IsNotEqual>(x, y, into, count); break;
            case Operation.Less: Kernels.Compare<T, IsLess>(x, y, into, count); break;
            case Operation.LessOrEqual: Kernels.Compare<T, IsLessOrEqual>(x, y, into, count); break;
            case Operation.Greater: Kernels.Compare<T, IsLess>(y, x, into, count); break;
            default: Kernels.Compare<T, IsLessOrEqual>(y, x, into, count); break;
        }
    }

    private void RealMissing(Frame f, T* x, byte* scratch, int count)
    {
        Kernels.Compare<T, IsNotEqual>(x, x, scratch, count);
        if (!Kernels.Any(scratch, count)) return;
        if (f.HasMiss[Result]) Kernels.Or(f.Miss[Result], scratch, f.Miss[Result], count);
        else Buffer.MemoryCopy(scratch, f.Miss[Result], count, count);
        f.HasMiss[Result] = true;
    }

    /// <summary>For operands of any type.</summary>
    public sealed record Maker(Operation Operation, int Result, int A, int B) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, INumber<TPixel>, IMinMaxValue<TPixel> => new CompareStep<TPixel>(Operation, Result, A, B);
    }
}

/// <summary>A function of integers that keeps their type.</summary>
internal sealed unsafe class IntegerStep<T>(Function function, int result, int a) : Step(result, a) where T : unmanaged, IBinaryInteger<T>
{
    public override void Run(Frame f, int at, int count)
    {
        JoinMissing(f, count);
        var x = new ReadOnlySpan<T>(f.Data[Parts[0]], count);
        var into = new Span<T>(f.Data[Result], count);
        switch (function)
        {
            case Function.Complement: TensorPrimitives.OnesComplement(x, into); break;
            case Function.Negate: TensorPrimitives.Negate(x, into); break;
            default:
                // The lowest number of a type, which has no opposite in it, can only be a missing one here.
                for (var i = 0; i < into.Length; i++) into[i] = T.IsNegative(x[i]) ? unchecked(T.Zero - x[i]) : x[i];
                break;
        }
    }
}

/// <summary>A function of real numbers.</summary>
internal sealed unsafe class RealFunctionStep<T>(Function function, int result, int a) : Step(result, a) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Run(Frame f, int at, int count)
    {
        var x = new ReadOnlySpan<T>(f.Data[Parts[0]], count);
        var into = new Span<T>(f.Data[Result], count);
        switch (function)
        {
            case Function.Negate: TensorPrimitives.Negate(x, into); break;
            case Function.Absolute: TensorPrimitives.Abs(x, into); break;
            case Function.Floor: TensorPrimitives.Floor(x, into); break;
            case Function.Ceiling: TensorPrimitives.Ceiling(x, into); break;
            case Function.Truncate: TensorPrimitives.Truncate(x, into); break;
            case Function.SquareRoot: TensorPrimitives.Sqrt(x, into); break;
            case Function.Round:
                for (var i = 0; i < into.Length; i++) into[i] = T.Round(x[i], MidpointRounding.ToEven);
                break;
            default:
                for (var i = 0; i < into.Length; i++)
                    into[i] = function switch { Function.Exp => T.Exp(x[i]), Function.Exp2 => T.Exp2(x[i]), Function.Log => T.Log(x[i]), Function.Log2 => T.Log2(x[i]), _ => T.Log10(x[i]) };
                break;
        }
    }
}
