using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>Of two rasters. Both parts have the type <see cref="Operands"/> when they are computed with.</summary>
internal sealed class Binary : Node
{
    private Binary(Operation operation, PixelType operands, PixelType type, ValueRange? range, bool canMiss, Node a, Node b) : base(type, range, canMiss, a, b) =>
        (Operation, Operands) = (operation, operands);

    public Operation Operation { get; }
    public PixelType Operands { get; }

    /// <exception cref="RasterException">The operation is not for these types.</exception>
    public static Node Of(Operation operation, Node a, Node b)
    {
        if (a is Constant x && b is Constant y && Folding.Fold(operation, x, y) is { } folded) return folded;
        var canMiss = a.CanMiss || b.CanMiss;
        if (operation.IsLogical()) return new Binary(operation, PixelType.Boolean, PixelType.Boolean, null, canMiss, Unary.Truth(a), Unary.Truth(b));
        if (operation.IsComparison()) return new Binary(operation, Common(a, b), PixelType.Boolean, null, canMiss, a, b);
        if (operation.IsBitwise()) return Bitwise(operation, a, b, canMiss);
        if (operation is Operation.ShiftLeft or Operation.ShiftRight) return Shift(operation, a, b);
        var common = Common(a, b);
        if (operation is Operation.Divide or Operation.Power)
        {
            var type = common == PixelType.Float32 && (a.Type.IsFloat() || b.Type.IsFloat()) ? PixelType.Float32 : PixelType.Float64;
            return new Binary(operation, type, type, null, true, a, b);
        }
        if (common.IsFloat()) return new Binary(operation, common, common, null, true, a, b);
        // An operand is 0 where it does not lie and the other does.
        var zero = new ValueRange(0, 0);
        var (p, q) = (RangeOf(a).With(zero), RangeOf(b).With(zero));
        if (operation.IsOnIntersection()) (p, q) = (RangeOf(a), RangeOf(b));
        var range = operation switch
        {
            Operation.Add => p + q,
            Operation.Subtract => p - q,
            Operation.Multiply => p * q,
            // Nothing grows by it but what is divided by -1.
            Operation.FloorDivide => q.Least < 0 ? p.With(-p) : p.With(new ValueRange(p.Least < 0 ? -1 : 0, 0)),
            Operation.Remainder => q,
            Operation.Minimum => new ValueRange(Int128.Min(p.Least, q.Least), Int128.Min(p.Most, q.Most)),
            _ => new ValueRange(Int128.Max(p.Least, q.Least), Int128.Max(p.Most, q.Most)),
        };
        range = range.With(zero);
        canMiss |= operation is Operation.FloorDivide or Operation.Remainder && q.Holds(0);
        var holds = Holding(range, common);
        // Both operands and the result fit the type in which it is computed.
        var wide = holds.IsFloat() ? holds : Holding(range.With(p).With(q), holds);
        var result = new Binary(operation, wide, wide, wide.IsFloat() ? null : range, canMiss, a, b);
        return wide == holds ? result : new Cast(result, holds);
    }

    /// <summary>What an integer can be; a missing number everywhere is none, and counts as 0.</summary>
    private static ValueRange RangeOf(Node node) => node.Range ?? new ValueRange(0, 0);

    /// <summary>The type numpy would give when it holds the range, else the next that does; beyond 64 bits Float64.</summary>
    private static PixelType Holding(ValueRange range, PixelType least) =>
        least == PixelType.Boolean ? Holding(range, PixelType.Byte) : least.Range().Holds(range) ? least : PixelTypes.Smallest(range, least) ?? PixelType.Float64;

    /// <summary>numpy's common type, in which a constant counts as little as its kind allows (NEP 50), but always has its value.</summary>
    internal static PixelType Common(Node a, Node b)
    {
        if (a is Constant && b is not Constant) return Common(b, a);
        if (b is not Constant number || a is Constant) return PixelTypes.Promote(a.Type, b.Type);
        if (number.IsMissing || a.Type.IsFloat()) return a.Type;
        return number.Integer is null ? PixelType.Float64 : Holding(RangeOf(a).With(number.Range!.Value), a.Type);
    }

    private static Binary Bitwise(Operation operation, Node a, Node b, bool canMiss)
    {
        if (a.Type == PixelType.Boolean && b.Type == PixelType.Boolean) return new Binary(operation, PixelType.Boolean, PixelType.Boolean, null, canMiss, a, b);
        var type = Common(a, b);
        if (type.IsFloat()) throw new RasterException($"'{operation.Sign()}' is for integers and truths, not {a.Type} and {b.Type}; astype(x, int32) makes integers, and 'and', 'or' join conditions");
        var range = operation == Operation.BitAnd && (RangeOf(a).Least >= 0 || RangeOf(b).Least >= 0) && type.Range().Least <= 0
            ? new ValueRange(0, RangeOf(a).Least >= 0 && RangeOf(b).Least >= 0 ? Int128.Min(RangeOf(a).Most, RangeOf(b).Most) : RangeOf(a).Least >= 0 ? RangeOf(a).Most : RangeOf(b).Most)
            : type.Range();
        return new Binary(operation, type, type, range, canMiss, a, b);
    }

    private static Node Shift(Operation operation, Node a, Node b)
    {
        if (a.Type.IsFloat()) throw new RasterException($"'{operation.Sign()}' is for integers, not {a.Type}; astype(x, int32) makes integers");
        if (b is not Constant { Integer: { } places } || places < 0 || places > 63) throw new RasterException($"'{operation.Sign()}' needs a number from 0 to 63 on its right; x * 2 ** n, or x // 2 ** n, works for rasters");
        var factor = Constant.Of(Int128.One << (int)places);
        return Of(operation == Operation.ShiftLeft ? Operation.Multiply : Operation.FloorDivide, a, factor);
    }
}

/// <summary>Of one raster.</summary>
internal sealed class Unary : Node
{
    private Unary(Function function, PixelType type, ValueRange? range, Node a) : base(type, range, a.CanMiss, a) => Function = function;

    public Function Function { get; }

    public static Node Truth(Node a) => a.Type == PixelType.Boolean ? a : new Unary(Function.Truth, PixelType.Boolean, null, a);

    /// <exception cref="RasterException">The function is not for this type.</exception>
    public static Node Of(Function function, Node a)
    {
        if (a is Constant number && Folding.Fold(function, number) is { } folded) return folded;
        switch (function)
        {
            case Function.Not:
                return new Unary(Function.Not, PixelType.Boolean, null, Truth(a));
            case Function.Complement when a.Type == PixelType.Boolean:
                return new Unary(Function.Not, PixelType.Boolean, null, a);
            case Function.Complement:
                return a.Type.IsFloat() ? throw new RasterException($"'~' is for integers and truths, not {a.Type}") : new Unary(function, a.Type, null, a);
            case Function.Floor or Function.Ceiling or Function.Round or Function.Truncate when !a.Type.IsFloat():
                return a;
            case Function.Truth:
                return Truth(a);
            case Function.Negate or Function.Absolute when !a.Type.IsFloat():
                var range = function == Function.Negate ? (-a.Range!.Value).With(new ValueRange(0, 0)) : new ValueRange(0, Int128.Max(Int128.Abs(a.Range!.Value.Least), Int128.Abs(a.Range!.Value.Most)));
                if (function == Function.Absolute && a.Range!.Value.Least >= 0) return a;
                var holds = PixelTypes.Smallest(range.With(a.Range!.Value), a.Type);
                if (holds is not { } type) return new Unary(function, PixelType.Float64, null, new Cast(a, PixelType.Float64));
                return new Unary(function, type, range, Cast.To(a, type));
            case Function.Negate or Function.Absolute or Function.Floor or Function.Ceiling or Function.Round or Function.Truncate:
                return new Unary(function, a.Type, null, a);
            default:
                return a.Type.IsFloat() ? new Unary(function, a.Type, null, a) : new Unary(function, PixelType.Float64, null, new Cast(a, PixelType.Float64));
        }
    }
}

/// <summary>As another type: fractions are cut off towards 0, what is too large or too small becomes the nearest value of the type.</summary>
internal sealed class Cast(Node a, PixelType type) : Node(type, Within(a, type), a.CanMiss, a)
{
    public static Node To(Node a, PixelType type) => a.Type == type ? a : type == PixelType.Boolean ? Unary.Truth(a) : new Cast(a, type);

    private static ValueRange? Within(Node a, PixelType type) =>
        type.IsFloat() || a.Range is not { } range ? null
            : new ValueRange(Int128.Clamp(range.Least, type.Range().Least, type.Range().Most), Int128.Clamp(range.Most, type.Range().Least, type.Range().Most));
}

/// <summary>The second where the first is true, else the third. Only the one that is taken may make the result missing.</summary>
internal sealed class Choice : Node
{
    private Choice(PixelType type, ValueRange? range, bool canMiss, Node condition, Node a, Node b) : base(type, range, canMiss, condition, a, b) { }

    public static Choice Of(Node condition, Node a, Node b)
    {
        // NaN alone has no type of its own: it is a missing pixel of the other's.
        var type = a is Constant { IsMissing: true } ? b.Type : b is Constant { IsMissing: true } ? a.Type : Binary.Common(a, b);
        ValueRange? range = type.IsFloat() ? null : (a.Range ?? new ValueRange(0, 0)).With(b.Range ?? new ValueRange(0, 0)).With(new ValueRange(0, 0));
        return new Choice(type, range, condition.CanMiss || a.CanMiss || b.CanMiss, Unary.Truth(condition), a, b);
    }
}

/// <summary>Whether a pixel has one of some values.</summary>
internal sealed class Membership(Node a, IReadOnlyList<double> values) : Node(PixelType.Boolean, null, a.CanMiss, a)
{
    /// <summary>Sorted, without NaN.</summary>
    public IReadOnlyList<double> Values { get; } = [.. values.Where(static v => !double.IsNaN(v)).Distinct().Order()];
}

/// <summary>Whether a pixel is missing; never missing itself.</summary>
internal sealed class Missing(Node a) : Node(PixelType.Boolean, null, false, a);

/// <summary>A number in place of missing pixels.</summary>
internal sealed class Filled : Node
{
    private Filled(PixelType type, ValueRange? range, Node a, Constant value) : base(type, range, false, a) => Value = value;

    public Constant Value { get; }

    public static Node Of(Node a, Constant value)
    {
        if (!a.CanMiss || value.IsMissing) return a;
        var type = Binary.Common(a, value);
        return new Filled(type, a.Range is { } own && value.Range is { } other ? own.With(other) : null, Cast.To(a, type), value);
    }
}
