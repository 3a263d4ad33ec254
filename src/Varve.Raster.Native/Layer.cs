using Varve.Raster.Grids;

namespace Varve.Raster.Native;

/// <summary>A raster, and where its first layer lies, so that one that does not fit is refused where it is combined and not only where it is computed.</summary>
/// <param name="Raster">What it is.</param>
/// <param name="Placed">The grid of one of its layers; null when all follow any grid.</param>
/// <param name="Offered">The pixels it was offered; null when none.</param>
/// <param name="Bounds">Left, top, right and bottom of polygons, in their projection; null of several together, and of everything else.</param>
internal sealed record Layer(Raster Raster, Grid? Placed = null, Grid? Offered = null, double[]? Bounds = null)
{
    /// <summary>A raster made of several.</summary>
    /// <exception cref="RasterException">They cannot lie on one grid.</exception>
    public static Layer From(Raster raster, params ReadOnlySpan<Layer> parts)
    {
        Grid? placed = null, offered = null;
        double[]? bounds = null;
        var polygons = 0;
        foreach (var part in parts)
        {
            if (part.Bounds is { } around) (bounds, polygons) = (around, polygons + 1);
            if (part.Placed is { } own)
            {
                if (placed is not null) Alignment.Place(placed, "one layer", own, "another");
                placed ??= own;
            }
            if (part.Offered is { } pixels)
            {
                if (offered is not null) Alignment.MustHaveSamePixels(offered, "one layer", pixels, "another");
                offered ??= pixels;
            }
        }
        if (placed is not null && offered is not null) Alignment.MustHaveSamePixels(placed, "one layer", offered, "another");
        return new Layer(raster, placed, offered, polygons == 1 ? bounds : null);
    }
}
