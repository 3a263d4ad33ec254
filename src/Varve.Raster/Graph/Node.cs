using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>
/// A part of an expression: a raster that is not computed yet. Its type, and the least and most its values can be, follow
/// from those of its parts, so no result can overflow unseen. A pixel may be *missing*: where it has no value. In real
/// numbers a missing pixel is NaN, and NaN is a missing pixel.
/// </summary>
internal abstract class Node
{
    protected Node(PixelType type, ValueRange? range, bool canMiss, params Node[] parts)
    {
        Type = type;
        Range = type.IsFloat() ? null : range ?? type.Range();
        CanMiss = canMiss || type.IsFloat();
        Parts = parts;
    }

    public PixelType Type { get; }

    /// <summary>The least and most a value can be, with 0, which stands where the node has no area; null for real numbers.</summary>
    public ValueRange? Range { get; }

    /// <summary>Whether a pixel may be missing.</summary>
    public bool CanMiss { get; }

    /// <summary>What it is computed from.</summary>
    public IReadOnlyList<Node> Parts { get; }

    /// <summary>All nodes below and this, each once, parts before what they are parts of.</summary>
    public static List<Node> InOrder(IEnumerable<Node> roots)
    {
        var (seen, order, open) = (new HashSet<Node>(ReferenceEqualityComparer.Instance), new List<Node>(), new Stack<(Node Node, bool IsDone)>());
        foreach (var root in roots.Reverse()) open.Push((root, false));
        while (open.TryPop(out var next))
        {
            if (next.IsDone)
            {
                order.Add(next.Node);
            }
            else if (seen.Add(next.Node))
            {
                open.Push((next.Node, true));
                foreach (var part in next.Node.Parts.Reverse()) open.Push((part, false));
            }
        }
        return order;
    }
}

/// <summary>One number everywhere; missing everywhere when it is NaN.</summary>
internal sealed class Constant : Node
{
    private Constant(PixelType type, ValueRange? range, double real, Int128? integer) : base(type, range, double.IsNaN(real)) => (Real, Integer) = (real, integer);

    public double Real { get; }
    /// <summary>The same, exactly; null when it is no integer.</summary>
    public Int128? Integer { get; }
    public bool IsMissing => double.IsNaN(Real);

    public static Constant Of(Int128 value) => PixelTypes.Smallest(new ValueRange(value, value)) is { } type
        ? new Constant(type, new ValueRange(value, value), (double)value, value)
        : new Constant(PixelType.Float64, null, (double)value, null);

    public static Constant Of(double value) => new(PixelType.Float64, null, value, null);

    public static Constant Of(bool value) => new(PixelType.Boolean, null, value ? 1 : 0, value ? 1 : 0);
}

/// <summary>Pixels from somewhere.</summary>
internal abstract class Source(PixelType type, ValueRange? range, bool canMiss, params Node[] parts) : Node(type, range, canMiss, parts)
{
    /// <summary>What messages call it.</summary>
    public abstract string Name { get; }

    /// <summary>Where it lies; null when it is everywhere.</summary>
    public abstract Grid? Grid { get; }

    /// <summary>Whose that grid is.</summary>
    public virtual Origin Origin => new(Name);
}
