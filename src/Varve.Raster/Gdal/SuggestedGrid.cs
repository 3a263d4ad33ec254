using System.Runtime.InteropServices;

namespace Varve.Raster.Gdal;

/// <summary>The grid on which a raster is laid in another projection when nobody says which: GDAL's, that keeps the number of pixels along the diagonal.</summary>
internal static unsafe class SuggestedGrid
{
    /// <param name="projection">Of the raster.</param>
    /// <param name="width">Its columns.</param>
    /// <param name="height">Its rows.</param>
    /// <param name="six">From its columns and rows to its places.</param>
    /// <param name="target">The other projection.</param>
    /// <exception cref="RasterException">GDAL is missing, or finds none.</exception>
    public static Grid Of(Projection projection, long width, long height, double[] six, Projection target)
    {
        // Places without a projection are turned as they are.
        if (projection.IsNone && target.IsNone) return Around(width, height, six);
        Gdal.Need($"{target}: laying a raster on a grid of another projection needs GDAL and PROJ");
        var (from, to) = (SpatialReferences.Of(projection), SpatialReferences.Of(target));
        nint dataset = 0, transformer = 0, wkt = 0, option = 0;
        try
        {
            dataset = Gdal.GDALCreate(Gdal.GDALGetDriverByName("MEM"), "", checked((int)width), checked((int)height), 0, 1, 0);
            fixed (double* numbers = six)
                if (dataset == 0 || Gdal.GDALSetGeoTransform(dataset, numbers) != 0 || Gdal.GDALSetSpatialRef(dataset, from) != 0 || Gdal.OSRExportToWkt(to, out wkt) != 0) throw new RasterException($"{projection}: {Gdal.LastError()}");
            option = Marshal.StringToCoTaskMemUTF8("DST_SRS=" + Gdal.Text(wkt));
            var options = stackalloc nint[] { option, 0 };
            Gdal.CPLErrorReset();
            transformer = Gdal.GDALCreateGenImgProjTransformer2(dataset, 0, (nint)options);
            var result = stackalloc double[6];
            if (transformer == 0 || Gdal.GDALSuggestedWarpOutput(dataset, Gdal.Function("GDALGenImgProjTransform"), transformer, result, out var columns, out var rows) != 0)
                throw new RasterException($"there is no grid in {target} for a raster in {projection}: {Gdal.LastError()}");
            return new Grid(result[0], result[3], result[1], result[5], columns, rows, target);
        }
        finally
        {
            if (transformer != 0) Gdal.GDALDestroyGenImgProjTransformer(transformer);
            if (dataset != 0) Gdal.GDALClose(dataset);
            Gdal.VSIFree(wkt);
            Marshal.FreeCoTaskMem(option);
            Gdal.OSRDestroySpatialReference(from);
            Gdal.OSRDestroySpatialReference(to);
        }
    }

    /// <summary>Square pixels over the rectangle around a turned raster, as many along the raster's diagonal as it has itself: what GDAL suggests too.</summary>
    private static Grid Around(long width, long height, double[] six)
    {
        (double X, double Y) At(double column, double row) => (six[0] + six[1] * column + six[2] * row, six[3] + six[4] * column + six[5] * row);
        (double X, double Y)[] corners = [At(0, 0), At(width, 0), At(0, height), At(width, height)];
        var (left, top) = (corners.Min(static c => c.X), corners.Max(static c => c.Y));
        var step = Math.Sqrt(Math.Pow(corners[3].X - corners[0].X, 2) + Math.Pow(corners[3].Y - corners[0].Y, 2)) / Math.Sqrt((double)width * width + (double)height * height);
        long Count(double length) => (long)Math.Max(1, Math.Floor(length / step + 0.5));
        return new Grid(left, top, step, -step, Count(corners.Max(static c => c.X) - left), Count(top - corners.Min(static c => c.Y)), Projection.None);
    }
}
