using Varve.Raster.Graph;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>A number everywhere.</summary>
    public static implicit operator Raster(double value) => Constant(value);

    /// <summary>A number everywhere; it takes the type of what it meets, where that can have it.</summary>
    public static implicit operator Raster(long value) => new(Graph.Constant.Of((Int128)value));

    /// <summary>A number everywhere; it takes the type of what it meets, where that can have it.</summary>
    public static implicit operator Raster(int value) => new(Graph.Constant.Of((Int128)value));

    /// <summary>Sums; where either lies.</summary>
    public static Raster operator +(Raster a, Raster b) => Of(Operation.Add, a, b);
    /// <summary>Differences; where either lies.</summary>
    public static Raster operator -(Raster a, Raster b) => Of(Operation.Subtract, a, b);
    /// <summary>Products; where both lie.</summary>
    public static Raster operator *(Raster a, Raster b) => Of(Operation.Multiply, a, b);
    /// <summary>True quotients, in real numbers; where both lie.</summary>
    public static Raster operator /(Raster a, Raster b) => Of(Operation.Divide, a, b);
    /// <summary>What remains of the quotient towards minus infinity; where both lie.</summary>
    public static Raster operator %(Raster a, Raster b) => Of(Operation.Remainder, a, b);
    /// <summary>The opposite.</summary>
    public static Raster operator -(Raster a) => Of(Function.Negate, a);
    /// <summary>True where it is less; where either lies.</summary>
    public static Raster operator <(Raster a, Raster b) => Of(Operation.Less, a, b);
    /// <summary>True where it is more; where either lies.</summary>
    public static Raster operator >(Raster a, Raster b) => Of(Operation.Greater, a, b);
    /// <summary>True where it is not more; where either lies.</summary>
    public static Raster operator <=(Raster a, Raster b) => Of(Operation.LessOrEqual, a, b);
    /// <summary>True where it is not less; where either lies.</summary>
    public static Raster operator >=(Raster a, Raster b) => Of(Operation.GreaterOrEqual, a, b);
    /// <summary>Both conditions, or the bits both have; where both lie.</summary>
    public static Raster operator &(Raster a, Raster b) => Of(Operation.BitAnd, a, b);
    /// <summary>Either condition, or the bits either has; where either lies.</summary>
    public static Raster operator |(Raster a, Raster b) => Of(Operation.BitOr, a, b);
    /// <summary>One condition and not both, or the bits one has; where either lies.</summary>
    public static Raster operator ^(Raster a, Raster b) => Of(Operation.BitXor, a, b);
    /// <summary>Not the condition.</summary>
    public static Raster operator !(Raster a) => Of(Function.Not, a);
    /// <summary>Not the condition, or all bits turned.</summary>
    public static Raster operator ~(Raster a) => Of(Function.Complement, a);
    /// <summary>Times a power of 2.</summary>
    public static Raster operator <<(Raster a, int places) => Of(Operation.ShiftLeft, a, places);
    /// <summary>Through a power of 2, towards minus infinity.</summary>
    public static Raster operator >>(Raster a, int places) => Of(Operation.ShiftRight, a, places);

    /// <summary>True where both are equal; where both lie. (== compares the objects, as C# has it.)</summary>
    public Raster IsEqual(Raster other) => Of(Operation.Equal, this, other);
    /// <summary>True where they are not equal; where either lies.</summary>
    public Raster IsNotEqual(Raster other) => Of(Operation.NotEqual, this, other);
    /// <summary>The quotient towards minus infinity; where both lie.</summary>
    public Raster FloorDivide(Raster other) => Of(Operation.FloorDivide, this, other);
    /// <summary>A power; where either lies.</summary>
    public Raster Power(Raster exponent) => Of(Operation.Power, this, exponent);
    /// <summary>The lesser; where either lies.</summary>
    public static Raster Minimum(Raster a, Raster b) => Of(Operation.Minimum, a, b);
    /// <summary>The greater; where either lies.</summary>
    public static Raster Maximum(Raster a, Raster b) => Of(Operation.Maximum, a, b);
    /// <summary>Any of some conditions, or bits any has; where any lies.</summary>
    public static Raster Any(IReadOnlyList<Raster> conditions) => conditions.Aggregate(static (a, b) => Of(Operation.Or, a, b));
    /// <summary>All of some conditions; where all lie.</summary>
    public static Raster All(IReadOnlyList<Raster> conditions) => conditions.Aggregate(static (a, b) => Of(Operation.And, a, b));

    /// <summary>The second where the condition is true, else the third; where the condition lies.</summary>
    public static Raster Where(Raster condition, Raster then, Raster otherwise) => new(Choice.Of(condition.Node, then.Node, otherwise.Node));

    /// <summary>This where the mask is true, and missing elsewhere; where both lie.</summary>
    public Raster Within(Raster mask) => new(Masked.Of(Node, mask.Node));

    /// <summary>True where the value is one of these.</summary>
    public Raster IsIn(params IReadOnlyList<double> values) => new(new Membership(Node, values));

    /// <summary>True where the pixel is missing; never missing.</summary>
    public Raster IsMissing() => new(new Graph.Missing(Node));

    /// <summary>A number in place of missing pixels.</summary>
    public Raster Fill(double value) => new(Filled.Of(Node, value == Math.Floor(value) && Math.Abs(value) < 9e15 ? Graph.Constant.Of((Int128)value) : Graph.Constant.Of(value)));

    /// <summary>What is below the least, or above the most, becomes that.</summary>
    public Raster Clip(Raster least, Raster most) => Minimum(Maximum(this, least), most);

    /// <summary>Without its sign.</summary>
    public Raster Abs() => Of(Function.Absolute, this);
    /// <summary>The next integer below, of the same type.</summary>
    public Raster Floor() => Of(Function.Floor, this);
    /// <summary>The next integer above.</summary>
    public Raster Ceiling() => Of(Function.Ceiling, this);
    /// <summary>The nearest integer; halves to the even one.</summary>
    public Raster Round() => Of(Function.Round, this);
    /// <summary>The integer towards 0.</summary>
    public Raster Truncate() => Of(Function.Truncate, this);
    /// <summary>The square root; missing below 0.</summary>
    public Raster Sqrt() => Of(Function.SquareRoot, this);
    /// <summary>e to this power.</summary>
    public Raster Exp() => Of(Function.Exp, this);
    /// <summary>2 to this power.</summary>
    public Raster Exp2() => Of(Function.Exp2, this);
    /// <summary>The natural logarithm; missing below 0.</summary>
    public Raster Log() => Of(Function.Log, this);
    /// <summary>The logarithm to base 2.</summary>
    public Raster Log2() => Of(Function.Log2, this);
    /// <summary>The logarithm to base 10.</summary>
    public Raster Log10() => Of(Function.Log10, this);

    /// <summary>As another type: fractions are cut off, what does not fit becomes the nearest value that does.</summary>
    public Raster AsType(PixelType type) => new(Cast.To(Node, type));

    private static Raster Of(Operation operation, Raster a, Raster b) => new(Binary.Of(operation, a.Node, b.Node));

    private static Raster Of(Function function, Raster a) => new(Unary.Of(function, a.Node));
}
