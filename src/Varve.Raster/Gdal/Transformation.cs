using System.Collections.Concurrent;

namespace Varve.Raster.Gdal;

/// <summary>Coordinates of one projection in another, by PROJ. Each thread uses an object that no other has.</summary>
internal sealed unsafe class Transformation : IDisposable
{
    private readonly ConcurrentBag<nint> free = [];
    private readonly Projection from;
    private readonly Projection? to;

    /// <exception cref="RasterException">GDAL is missing, or PROJ knows no way.</exception>
    /// <param name="from">The projection of what comes.</param>
    /// <param name="to">Where it goes; null for longitude and latitude on the same ellipsoid.</param>
    public Transformation(Projection from, Projection? to)
    {
        (this.from, this.to) = (from, to);
        free.Add(Make());
    }

    /// <summary>To longitude and latitude on a projection's own ellipsoid.</summary>
    /// <param name="from">The projection.</param>
    /// <param name="axis">The ellipsoid's semi-major axis in metres.</param>
    /// <param name="flattening">Its flattening.</param>
    /// <exception cref="RasterException">GDAL is missing, or PROJ does not know it.</exception>
    public static Transformation ToDegrees(Projection from, out double axis, out double flattening)
    {
        var reference = SpatialReferences.Of(from);
        axis = Gdal.OSRGetSemiMajor(reference, out _);
        var inverse = Gdal.OSRGetInvFlattening(reference, out _);
        flattening = inverse == 0 ? 0 : 1 / inverse;
        Gdal.OSRDestroySpatialReference(reference);
        return new Transformation(from, null);
    }

    /// <summary>Metres in a unit of a projection.</summary>
    /// <exception cref="RasterException">Its units are degrees, or GDAL is missing.</exception>
    public static double MetresOf(Projection projection)
    {
        if (projection.IsGeographic) throw new RasterException("a degree is not the same number of metres everywhere; bring the raster to a projection in metres (varve raster warp --srs), or take distances in pixels");
        var reference = SpatialReferences.Of(projection);
        var unit = Gdal.OSRGetLinearUnits(reference, 0);
        Gdal.OSRDestroySpatialReference(reference);
        return unit;
    }

    private nint Make()
    {
        var (a, b) = ((nint)0, (nint)0);
        try
        {
            a = SpatialReferences.Of(from);
            b = to is not null ? SpatialReferences.Of(to) : Gdal.OSRCloneGeogCS(a);
            if (to is null) Gdal.OSRSetAxisMappingStrategy(b, SpatialReferences.TraditionalOrder);
            Gdal.CPLErrorReset();
            var made = Gdal.OCTNewCoordinateTransformation(a, b);
            return made != 0 ? made : throw new RasterException($"there is no way from {from} to {(to is null ? "degrees" : to)}: {Gdal.LastError()}");
        }
        finally
        {
            if (a != 0) Gdal.OSRDestroySpatialReference(a);
            if (b != 0) Gdal.OSRDestroySpatialReference(b);
        }
    }

    /// <summary>Brings places over, in their place; those that the other projection does not have become NaN.</summary>
    public void Apply(Span<double> x, Span<double> y)
    {
        if (x.IsEmpty) return;
        if (!free.TryTake(out var transformation)) transformation = Make();
        var isDone = new int[x.Length];
        try
        {
            fixed (double* px = x)
            fixed (double* py = y)
            fixed (int* done = isDone) _ = Gdal.OCTTransformEx(transformation, x.Length, px, py, null, done);
        }
        finally
        {
            free.Add(transformation);
        }
        for (var i = 0; i < x.Length; i++)
            if (isDone[i] == 0 || !double.IsFinite(x[i]) || !double.IsFinite(y[i])) (x[i], y[i]) = (double.NaN, double.NaN);
    }

    public void Dispose()
    {
        while (free.TryTake(out var one)) Gdal.OCTDestroyCoordinateTransformation(one);
    }
}
