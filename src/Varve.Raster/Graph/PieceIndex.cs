using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>Which pieces of a layer lie on a window, found by squares of the layer, each about as large as a piece.</summary>
internal sealed class PieceIndex
{
    private const int Few = 8;
    private readonly IReadOnlyList<Piece> pieces;
    private readonly Dictionary<(long Column, long Row), List<int>> squares = [];
    private readonly long width, height;

    public PieceIndex(IReadOnlyList<Piece> pieces)
    {
        this.pieces = pieces;
        if (pieces.Count <= Few) return;
        var all = pieces.Aggregate(default(Window), static (window, piece) => window.Or(piece.Place));
        // Not more squares than pieces, however small one of them is.
        var side = Math.Sqrt(pieces.Count);
        width = Math.Max(1, (long)Math.Max(pieces.Average(static p => p.Place.Width), all.Width / side));
        height = Math.Max(1, (long)Math.Max(pieces.Average(static p => p.Place.Height), all.Height / side));
        for (var i = 0; i < pieces.Count; i++)
            foreach (var square in SquaresOf(pieces[i].Place))
            {
                if (!squares.TryGetValue(square, out var list)) squares[square] = list = [];
                list.Add(i);
            }
    }

    private IEnumerable<(long, long)> SquaresOf(Window window)
    {
        for (var row = Math.Max(0, window.Y) / height; row <= Math.Max(0, window.Bottom - 1) / height; row++)
            for (var column = Math.Max(0, window.X) / width; column <= Math.Max(0, window.Right - 1) / width; column++) yield return (column, row);
    }

    /// <summary>Those that may have a pixel of a window, in their order.</summary>
    public IEnumerable<Piece> On(Window window)
    {
        if (pieces.Count <= Few) return pieces;
        if (window.IsEmpty) return [];
        var found = new SortedSet<int>();
        foreach (var square in SquaresOf(window))
            if (squares.TryGetValue(square, out var list)) found.UnionWith(list);
        return found.Select(i => pieces[i]);
    }
}
