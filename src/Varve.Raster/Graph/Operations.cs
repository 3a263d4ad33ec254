namespace Varve.Raster.Graph;

/// <summary>Operations on two rasters.</summary>
internal enum Operation
{
    Add, Subtract, Multiply, Divide, FloorDivide, Remainder, Power, Minimum, Maximum,
    BitAnd, BitOr, BitXor, ShiftLeft, ShiftRight,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,
    And, Or, Xor,
}

/// <summary>Operations on one raster.</summary>
internal enum Function
{
    Negate, Complement, Not, Absolute, Floor, Ceiling, Round, Truncate, SquareRoot, Exp, Exp2, Log, Log2, Log10, Truth,
}

/// <summary>What holds of operations, whatever the numbers.</summary>
internal static class OperationFacts
{
    /// <summary>Whether the result lies where both operands do, instead of where one does.</summary>
    public static bool IsOnIntersection(this Operation operation) => operation is
        Operation.Multiply or Operation.Divide or Operation.FloorDivide or Operation.Remainder or Operation.Equal
        or Operation.BitAnd or Operation.ShiftLeft or Operation.ShiftRight or Operation.And;

    public static bool IsComparison(this Operation operation) => operation is >= Operation.Equal and <= Operation.GreaterOrEqual;

    public static bool IsLogical(this Operation operation) => operation >= Operation.And;

    public static bool IsBitwise(this Operation operation) => operation is >= Operation.BitAnd and <= Operation.BitXor;

    public static string Sign(this Operation operation) => operation switch
    {
        Operation.Add => "+",
        Operation.Subtract => "-",
        Operation.Multiply => "*",
        Operation.Divide => "/",
        Operation.FloorDivide => "//",
        Operation.Remainder => "%",
        Operation.Power => "**",
        Operation.BitAnd => "&",
        Operation.BitOr => "|",
        Operation.BitXor => "^",
        Operation.ShiftLeft => "<<",
        Operation.ShiftRight => ">>",
        Operation.Equal => "==",
        Operation.NotEqual => "!=",
        Operation.Less => "<",
        Operation.LessOrEqual => "<=",
        Operation.Greater => ">",
        Operation.GreaterOrEqual => ">=",
        Operation.Minimum => "min",
        Operation.Maximum => "max",
        _ => operation.ToString().ToLowerInvariant(),
    };
}
