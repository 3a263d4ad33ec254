using Varve.Raster.Evaluation;
using Varve.Raster.Graph;

namespace Varve.Raster.Reductions;

/// <summary>A sink that comes to numbers.</summary>
internal interface ITallySink : ISink
{
    /// <summary>When all was taken.</summary>
    Statistics Result { get; }
}

/// <summary>
/// What must be computed so that some rasters can be added up, which may be less than the rasters: of the areas of pixels
/// where something holds, only whether it holds.
/// </summary>
internal static class Tallying
{
    /// <summary>For each raster what to compute in its place, and the sink that adds it up.</summary>
    /// <param name="nodes">The rasters.</param>
    /// <param name="placement">Where they lie.</param>
    /// <param name="wanted">What is asked; only sums and counts can be had from less.</param>
    public static (List<Node> Roots, List<ITallySink> Sinks) Of(IReadOnlyList<Node> nodes, Placement placement, Wanted wanted)
    {
        var (roots, sinks) = (new List<Node>(), new List<ITallySink>());
        foreach (var node in nodes)
        {
            if ((wanted & ~Wanted.Sum) == 0 && Rows(node, placement) is var (truth, rows, isMissing))
            {
                sinks.Add(new RowTallySink(roots.Count, rows, placement.Reference, isMissing));
                roots.Add(truth);
                continue;
            }
            sinks.Add(new TallySink(roots.Count, wanted));
            roots.Add(node);
        }
        return (roots, sinks);
    }

    /// <summary>Where a raster is a number that holds for whole rows, which, and whether it is missing, or 0, elsewhere; null when it is anything else.</summary>
    private static (Node Truth, Generated Rows, bool IsMissing)? Rows(Node node, Placement placement)
    {
        switch (node)
        {
            case Binary { Operation: Operation.Multiply, Parts: [var a, var b] }:
                if (ByRow(a) is not null) (a, b) = (b, a);
                return a.Type == PixelType.Boolean && a is not Constant && ByRow(b) is { } product && SameArea(node, a) ? (a, product, false) : null;
            case Choice { Parts: [var condition, var then, Constant otherwise] } when ByRow(then) is { } chosen && SameArea(node, condition):
                return otherwise.IsMissing ? (condition, chosen, true) : otherwise.Real == 0 ? (condition, chosen, false) : null;
            case Masked { Parts: [var value, var mask] } when ByRow(value) is { } masked:
                return SameArea(node, mask) ? (mask, masked, true) : null;
            // A truth that is missing outside the mask lies where both do, as the value does.
            case Masked { Parts: [var value, var mask] } when Rows(value, placement) is var (truth, rows, isMissing):
                return (Masked.Of(truth, mask), rows, isMissing);
            default:
                return null;
        }

        Generated? ByRow(Node part) => part is Generated { Type: PixelType.Float64, NoData: null } generated && generated.IsByRow(placement.Reference) ? generated : null;
        bool SameArea(Node one, Node other) => placement.Areas[one] is { } window && placement.Areas[other] == window;
    }
}
