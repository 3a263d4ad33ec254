using System.Collections.Concurrent;

namespace Varve.Raster.Gdal;

/// <summary>Coordinates of one projection in another, by PROJ. Each thread uses an object that no other has.</summary>
internal sealed unsafe class Transformation : IDisposable
{
    private readonly ConcurrentBag<nint> free = [];
    private readonly Projection from, to;

    /// <exception cref="RasterException">GDAL is missing, or PROJ knows no way.</exception>
    public Transformation(Projection from, Projection to)
    {
        (this.from, this.to) = (from, to);
        free.Add(Make());
    }

    private nint Make()
    {
        var (a, b) = ((nint)0, (nint)0);
        try
        {
            (a, b) = (SpatialReferences.Of(from), SpatialReferences.Of(to));
            Gdal.CPLErrorReset();
            var made = Gdal.OCTNewCoordinateTransformation(a, b);
            return made != 0 ? made : throw new RasterException($"there is no way from {from} to {to}: {Gdal.LastError()}");
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
