using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// Where an expression lies: the one grid of its layers, and the area of each of its parts on it. Sums, differences,
/// comparisons (but ==), or, min and max lie where any operand does; products, quotients, == and `and` where both do;
/// `where` where its condition does. Numbers lie everywhere. Outside its area a part is 0.
/// </summary>
internal sealed class Placement
{
    private readonly Dictionary<Source, Window> places = new(ReferenceEqualityComparer.Instance);

    /// <param name="roots">What is wanted.</param>
    /// <param name="reference">The grid to count from, where several placements shall count from one; else one of the layers'.</param>
    /// <exception cref="RasterException">The layers are not on one grid, or nothing says where the result lies.</exception>
    public Placement(IReadOnlyList<Node> roots, Grid? reference = null)
    {
        var nodes = Node.InOrder(roots);
        var placed = nodes.OfType<Source>().Where(static s => s.Grid is not null).ToList();
        // A layer of rows has no columns to hold against the others; its rows count.
        var wide = placed.Where(static s => s is not LatitudeSource).ToList();
        var offered = nodes.OfType<OnPixels>().Select(static p => p.Grid).ToList();
        Reference = reference ?? Alignment.Reference(wide.Select(static s => s.Grid!)) ?? Alignment.Reference(offered) ?? Alignment.Reference(placed.Select(static s => s.Grid!))
            ?? throw new RasterException("the expression names no raster, so nothing says how many pixels the result has");
        var referenceName = placed.Find(s => s.Grid == Reference)?.Origin ?? Offered;
        foreach (var grid in offered) Alignment.MustHaveSamePixels(Reference, referenceName, grid, Offered);
        foreach (var source in placed)
        {
            var grid = source.Grid!;
            places[source] = source is LatitudeSource
                ? Alignment.Place(Reference, referenceName, grid with { X = Reference.X, StepX = Reference.StepX }, source.Origin)
                : Alignment.Place(Reference, referenceName, grid, source.Origin);
        }
        foreach (var node in nodes) Areas[node] = AreaOf(node);
        Everything = roots.Select(r => Areas[r]).Aggregate(new Window(0, 0, 0, 0), static (all, area) => area is { } a ? all.Or(a) : all);
        if (!roots.All(r => Areas[r] is null)) return;
        // Nothing but what follows any grid: all of the grids it was offered.
        Everything = offered.Select(g => Alignment.Place(Reference, Offered, g, Offered)).Aggregate(Everything, static (all, area) => all.Or(area));
        if (offered.Count == 0) throw new RasterException("nothing says how many pixels the result has: its layers have one value for a whole row, or for all; area(x) and where(x == x, ...) take the columns of another layer x");
    }

    private const string Offered = "the pixels asked for";

    /// <summary>The grid from whose first pixel all areas are counted.</summary>
    public Grid Reference { get; }

    /// <summary>The area of each part; null when it is everywhere.</summary>
    public Dictionary<Node, Window?> Areas { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The area of the results, together; empty when the layers share nothing.</summary>
    public Window Everything { get; }

    /// <summary>The grid of a window; one of the layers' own, number for number, where one is that window.</summary>
    public Grid GridOf(Window window) => places.Where(p => p.Value == window && p.Key is not LatitudeSource).Select(static p => p.Key.Grid!)
        is var same && Alignment.Reference(same) is { } grid ? grid : Reference.Part(window);

    /// <summary>Where a source's own first pixel lies.</summary>
    public Window Of(Source source) => places[source];

    private Window? AreaOf(Node node)
    {
        switch (node)
        {
            case LatitudeSource: return null;
            case Generated { Parts: [var where] }: return Areas[where];
            case Generated generated: return generated.PlaceOn(Reference);
            case Masked masked: return Joined(masked.Parts[0], masked.Parts[1], isBoth: true);
            case Source source: return source.Grid is null ? null : places[source];
            case Constant: return null;
            case Choice choice: return Areas[choice.Parts[0]] ?? Joined(choice.Parts[1], choice.Parts[2], isBoth: false);
            case Binary binary: return Joined(binary.Parts[0], binary.Parts[1], binary.Operation.IsOnIntersection() || (binary.Operation == Operation.BitAnd));
            default: return Areas[node.Parts[0]];
        }
    }

    private Window? Joined(Node a, Node b, bool isBoth)
    {
        if (Areas[a] is not { } x) return Areas[b];
        if (Areas[b] is not { } y) return x;
        return isBoth ? x.And(y) : x.Or(y);
    }
}
