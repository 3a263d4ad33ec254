namespace Varve.Raster.Graph;

/// <summary>Operations on numbers alone, done when the expression is made: `-1`, `2 ** 10`, `1 / 3` are numbers.</summary>
internal static class Folding
{
    public static Constant? Fold(Operation operation, Constant a, Constant b)
    {
        if (a.Type == PixelType.Boolean || b.Type == PixelType.Boolean) return null;
        if (operation is Operation.Add or Operation.Subtract or Operation.Multiply && a.Integer is { } x && b.Integer is { } y && IsSmall(x) && IsSmall(y))
            return Fold(operation, x, y);
        return operation switch
        {
            Operation.Add => Constant.Of(a.Real + b.Real),
            Operation.Subtract => Constant.Of(a.Real - b.Real),
            Operation.Multiply => Constant.Of(a.Real * b.Real),
            Operation.Divide => Constant.Of(a.Real / b.Real),
            Operation.Power when Math.Pow(a.Real, b.Real) is var power => a.Integer is not null && b.Integer >= 0 && Math.Abs(power) < 9e15 ? Constant.Of((Int128)power) : Constant.Of(power),
            _ => null,
        };
    }

    public static Constant? Fold(Function function, Constant a) => function switch
    {
        Function.Negate when a.Type == PixelType.Boolean => null,
        Function.Negate => a.Integer is { } value ? Constant.Of(-value) : Constant.Of(-a.Real),
        Function.SquareRoot => Constant.Of(Math.Sqrt(a.Real)),
        Function.Exp => Constant.Of(Math.Exp(a.Real)),
        Function.Log => Constant.Of(Math.Log(a.Real)),
        _ => null,
    };

    private static Constant Fold(Operation operation, Int128 a, Int128 b) => Constant.Of(operation switch { Operation.Add => a + b, Operation.Subtract => a - b, _ => a * b });

    private static bool IsSmall(Int128 value) => Int128.Abs(value) < (Int128)1 << 62;
}
