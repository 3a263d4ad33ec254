using System.Numerics;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Tests;

/// <summary>One pixel: missing, or a number, exact for integers.</summary>
internal readonly record struct Pixel(bool IsMissing, double Real, Int128 Whole);

/// <summary>
/// What expressions mean, pixel by pixel and as plainly as can be: no tiles, no vectors, no common parts. What
/// docs/rasters.md says in words is said here a second time in code that shares nothing with the evaluation.
/// </summary>
internal sealed class Reference(Func<Source, long, long, Pixel> layers, Func<Source, Window?> places)
{
    private static readonly Pixel None = new(true, double.NaN, 0);

    private static Pixel Of(PixelType type, double real) =>
        type == PixelType.Float32 ? Made((float)real) : type == PixelType.Float64 ? Made(real) : throw new InvalidOperationException();

    private static Pixel Made(double real) => double.IsNaN(real) ? None : new Pixel(false, real, 0);

    private static Pixel Of(Int128 whole) => new(false, (double)whole, whole);

    private static Pixel Of(bool truth) => Of(truth ? Int128.One : Int128.Zero);

    /// <summary>The pixels on which a part lies; null for everywhere.</summary>
    public Window? Area(Node node)
    {
        switch (node)
        {
            case Constant: return null;
            case Source source: return places(source);
            case Masked: return Join(Area(node.Parts[0]), Area(node.Parts[1]), true);
            case Choice: return Area(node.Parts[0]) ?? Join(Area(node.Parts[1]), Area(node.Parts[2]), false);
            case Binary b:
                var isBoth = b.Operation is Operation.Multiply or Operation.Divide or Operation.FloorDivide or Operation.Remainder or Operation.Equal or Operation.BitAnd or Operation.And or Operation.ShiftLeft or Operation.ShiftRight;
                return Join(Area(b.Parts[0]), Area(b.Parts[1]), isBoth);
            default: return Area(node.Parts[0]);
        }
    }

    private static Window? Join(Window? a, Window? b, bool isBoth) => a is not { } x ? b : b is not { } y ? x : isBoth ? x.And(y) : x.Or(y);

    public Pixel At(Node node, long x, long y)
    {
        if (node is Constant c) return c.IsMissing ? None : c.Integer is { } whole ? Of(whole) : Made(c.Real);
        if (Area(node) is { } area && (x < area.X || y < area.Y || x >= area.Right || y >= area.Bottom)) return Of(Int128.Zero);
        switch (node)
        {
            case Source source: return layers(source, x, y);
            case Cast: return As(At(node.Parts[0], x, y), node.Parts[0].Type, node.Type);
            case Masked: return At(node.Parts[1], x, y) is { IsMissing: false, Whole: var isIn } && isIn != 0 ? At(node.Parts[0], x, y) : None;
            case Choice:
                var when = At(node.Parts[0], x, y);
                if (when.IsMissing) return None;
                var taken = node.Parts[when.Whole != 0 ? 1 : 2];
                return As(At(taken, x, y), taken.Type, node.Type);
            case Membership m:
                var one = At(m.Parts[0], x, y);
                return one.IsMissing ? None : Of(m.Values.Any(v => m.Parts[0].Type.IsFloat() ? one.Real == v : v == Math.Floor(v) && Math.Abs(v) < 1e30 && one.Whole == (Int128)v));
            case Missing: return Of(At(node.Parts[0], x, y).IsMissing);
            case Filled f:
                var kept = At(f.Parts[0], x, y);
                return kept.IsMissing ? As(At(f.Value, x, y), f.Value.Type, f.Type) : As(kept, f.Parts[0].Type, f.Type);
            case Unary u: return Function(u, At(u.Parts[0], x, y));
            case Binary b: return Operate(b, As(At(b.Parts[0], x, y), b.Parts[0].Type, b.Operands), As(At(b.Parts[1], x, y), b.Parts[1].Type, b.Operands));
            default: throw new InvalidOperationException(node.GetType().Name);
        }
    }

    private static Pixel As(Pixel pixel, PixelType from, PixelType to)
    {
        if (pixel.IsMissing) return None;
        if (to == PixelType.Boolean) return Of(from.IsFloat() ? pixel.Real != 0 : pixel.Whole != 0);
        // Outside its area even a real number is 0, and a constant keeps what it is.
        if (to.IsFloat()) return Of(to, pixel.Whole != 0 ? to == PixelType.Float32 ? (float)pixel.Whole : (double)pixel.Whole : pixel.Real);
        if (!from.IsFloat() || pixel.Whole != 0) return Of(Int128.Clamp(pixel.Whole, to.Range().Least, to.Range().Most));
        return Of(Int128.Clamp((Int128)Math.Clamp(Math.Truncate(pixel.Real), -1e30, 1e30), to.Range().Least, to.Range().Most));
    }

    private static Pixel Function(Unary node, Pixel p)
    {
        if (p.IsMissing) return None;
        var from = node.Parts[0].Type;
        switch (node.Function)
        {
            case Graph.Function.Not: return Of(p.Whole == 0);
            case Graph.Function.Truth: return Of(from.IsFloat() ? p.Real != 0 : p.Whole != 0);
            case Graph.Function.Complement: return Of(from.IsSigned() ? ~p.Whole : from.Range().Most - p.Whole);
        }
        if (!node.Type.IsFloat()) return node.Function switch { Graph.Function.Negate => Of(-p.Whole), _ => Of(Int128.Abs(p.Whole)) };
        return Of(node.Type, node.Type == PixelType.Float32 ? Real<float>(node.Function, (float)p.Real) : Real<double>(node.Function, p.Real));
    }

    private static double Real<T>(Function function, T x) where T : IFloatingPointIeee754<T> => double.CreateChecked(function switch
    {
        Graph.Function.Negate => -x,
        Graph.Function.Absolute => T.Abs(x),
        Graph.Function.Floor => T.Floor(x),
        Graph.Function.Ceiling => T.Ceiling(x),
        Graph.Function.Truncate => T.Truncate(x),
        Graph.Function.Round => T.Round(x, MidpointRounding.ToEven),
        Graph.Function.SquareRoot => T.Sqrt(x),
        Graph.Function.Exp => T.Exp(x),
        Graph.Function.Exp2 => T.Exp2(x),
        Graph.Function.Log => T.Log(x),
        Graph.Function.Log2 => T.Log2(x),
        _ => T.Log10(x),
    });

    private static Pixel Operate(Binary node, Pixel a, Pixel b)
    {
        var operation = node.Operation;
        var isTruth = node.Operands == PixelType.Boolean;
        if (operation is Operation.And || (operation == Operation.BitAnd && isTruth))
            return (!a.IsMissing && a.Whole == 0) || (!b.IsMissing && b.Whole == 0) ? Of(false) : a.IsMissing || b.IsMissing ? None : Of(true);
        if (operation is Operation.Or || (operation == Operation.BitOr && isTruth))
            return (!a.IsMissing && a.Whole != 0) || (!b.IsMissing && b.Whole != 0) ? Of(true) : a.IsMissing || b.IsMissing ? None : Of(false);
        if (a.IsMissing || b.IsMissing) return None;
        var order = node.Operands.IsFloat() ? a.Real.CompareTo(b.Real) : a.Whole.CompareTo(b.Whole);
        switch (operation)
        {
            case Operation.Xor: return Of((a.Whole != 0) != (b.Whole != 0));
            case Operation.Equal: return Of(order == 0);
            case Operation.NotEqual: return Of(order != 0);
            case Operation.Less: return Of(order < 0);
            case Operation.LessOrEqual: return Of(order <= 0);
            case Operation.Greater: return Of(order > 0);
            case Operation.GreaterOrEqual: return Of(order >= 0);
        }
        if (node.Operands == PixelType.Float32) return Of(PixelType.Float32, Real<float>(operation, (float)a.Real, (float)b.Real));
        if (node.Operands == PixelType.Float64) return Of(PixelType.Float64, Real<double>(operation, a.Real, b.Real));
        var (p, q) = (a.Whole, b.Whole);
        return operation switch
        {
            Operation.Add => Of(p + q),
            Operation.Subtract => Of(p - q),
            Operation.Multiply => Of(p * q),
            Operation.Minimum => Of(Int128.Min(p, q)),
            Operation.Maximum => Of(Int128.Max(p, q)),
            Operation.BitAnd => Of(p & q),
            Operation.BitOr => Of(p | q),
            Operation.BitXor => Of(p ^ q),
            Operation.FloorDivide => q == 0 ? None : Of(Floor(p, q)),
            _ => q == 0 ? None : Of(p - q * Floor(p, q)),
        };
    }

    private static Int128 Floor(Int128 p, Int128 q)
    {
        var (whole, rest) = Int128.DivRem(p, q);
        return rest != 0 && Int128.IsNegative(rest) != Int128.IsNegative(q) ? whole - 1 : whole;
    }

    /// <summary>As numpy has it: what is left after the rest was taken away is nearly whole.</summary>
    private static T Whole<T>(T quotient, T rest, T y) where T : IFloatingPointIeee754<T>
    {
        if (rest != T.Zero && T.IsNegative(rest) != T.IsNegative(y)) quotient -= T.One;
        return T.Floor(quotient) is var whole && quotient - whole > T.CreateChecked(0.5) ? whole + T.One : whole;
    }

    private static double Real<T>(Operation operation, T x, T y) where T : IFloatingPointIeee754<T> => double.CreateChecked(operation switch
    {
        Operation.Add => x + y,
        Operation.Subtract => x - y,
        Operation.Multiply => x * y,
        Operation.Divide => x / y,
        Operation.Power => T.Pow(x, y),
        Operation.Minimum => T.Min(x, y),
        Operation.Maximum => T.Max(x, y),
        Operation.FloorDivide => y == T.Zero ? x / y : Whole((x - x % y) / y, x % y, y),
        _ => y == T.Zero ? T.NaN : (x % y) is var r && r != T.Zero && T.IsNegative(r) != T.IsNegative(y) ? r + y : r == T.Zero ? T.CopySign(T.Zero, y) : r,
    });
}
