using Varve.Raster.Files;

namespace Varve.Raster.Gdal;

/// <summary>Projections as GDAL and PROJ know them, and back: by the keys of GeoTIFF, which both sides read and write.</summary>
internal static unsafe class SpatialReferences
{
    private const int TraditionalOrder = 0;
    private static int count;

    /// <summary>A projection as GDAL's object, with coordinates in the order x, y. The caller destroys it.</summary>
    /// <exception cref="RasterException">GDAL is missing, or does not know it.</exception>
    public static nint Of(Projection projection)
    {
        Gdal.Need($"{projection}: bringing it to another projection needs GDAL and PROJ");
        if (projection.IsNone) throw new RasterException("a raster without a projection cannot be brought to another; varve raster convert --srs EPSG:CODE says which it has");
        var reference = Gdal.OSRNewSpatialReference(0);
        Gdal.CPLErrorReset();
        if (projection.Epsg is { } code ? Gdal.OSRImportFromEPSG(reference, code) != 0 : projection.Wkt is { } wkt && Gdal.OSRSetFromUserInput(reference, wkt) != 0)
        {
            Gdal.OSRDestroySpatialReference(reference);
            throw new RasterException($"{projection} is not known to PROJ: {Gdal.LastError()}");
        }
        if (projection.Epsg is null && projection.Wkt is null)
        {
            Gdal.OSRDestroySpatialReference(reference);
            reference = OfKeys(projection);
        }
        Gdal.OSRSetAxisMappingStrategy(reference, TraditionalOrder);
        return reference;
    }

    private static nint OfKeys(Projection projection)
    {
        using var file = new TemporaryTiff();
        file.Write(projection);
        var dataset = Gdal.GDALOpenEx(file.Path, GdalFile.RasterFlag, 0, 0, 0);
        try
        {
            if (dataset != 0 && Gdal.GDALGetSpatialRef(dataset) is not 0 and var own) return Gdal.OSRClone(own);
        }
        finally
        {
            if (dataset != 0) Gdal.GDALClose(dataset);
        }
        throw new RasterException($"{projection} is not known to PROJ: {Gdal.LastError()}");
    }

    /// <summary>What GDAL knows as a projection; none for 0.</summary>
    public static Projection From(nint reference)
    {
        if (reference == 0) return Projection.None;
        if (Gdal.Text(Gdal.OSRGetAuthorityName(reference, 0)) == "EPSG" && int.TryParse(Gdal.Text(Gdal.OSRGetAuthorityCode(reference, 0)), out var code) && code is >= 1024 and < 32767)
            return Projection.OfEpsg(code, Gdal.OSRIsGeographic(reference) != 0);
        if (Gdal.OSRExportToWkt(reference, out var text) != 0) return Projection.None;
        var wkt = Gdal.Text(text);
        Gdal.VSIFree(text);
        using var file = new TemporaryTiff();
        file.Write(reference);
        using var tiff = GeoTiff.Open(file.Path);
        return new Projection(tiff.Grid.Projection.Keys, wkt);
    }

    /// <summary>As WKT; null where PROJ does not know it.</summary>
    public static string? WktOf(Projection projection)
    {
        nint reference = 0;
        try
        {
            reference = Of(projection);
            if (Gdal.OSRExportToWkt(reference, out var text) != 0) return null;
            var wkt = Gdal.Text(text);
            Gdal.VSIFree(text);
            return wkt;
        }
        catch (RasterException)
        {
            return null;
        }
        finally
        {
            if (reference != 0) Gdal.OSRDestroySpatialReference(reference);
        }
    }

    /// <summary>A projection by a name that PROJ knows: EPSG:32630, ESRI:54009, +proj=laea ..., or WKT.</summary>
    /// <exception cref="RasterException">GDAL is missing, or does not know it.</exception>
    public static Projection Named(string text)
    {
        Gdal.Need($"{text}: other names of projections than EPSG:CODE need GDAL and PROJ");
        var reference = Gdal.OSRNewSpatialReference(0);
        try
        {
            Gdal.CPLErrorReset();
            // A file's name would be read: only what names a projection is.
            if (File.Exists(text) || Gdal.OSRSetFromUserInput(reference, text) != 0) throw new RasterException($"{text} is no projection that PROJ knows: {Gdal.LastError()}");
            return From(reference);
        }
        finally
        {
            Gdal.OSRDestroySpatialReference(reference);
        }
    }

    /// <summary>Whether PROJ holds both for the same.</summary>
    public static bool AreSame(Projection a, Projection b)
    {
        if (!Gdal.IsThere) return false;
        nint x = 0, y = 0;
        try
        {
            (x, y) = (Of(a), Of(b));
            return Gdal.OSRIsSame(x, y) != 0;
        }
        catch (RasterException)
        {
            return false;
        }
        finally
        {
            if (x != 0) Gdal.OSRDestroySpatialReference(x);
            if (y != 0) Gdal.OSRDestroySpatialReference(y);
        }
    }

    /// <summary>A file of one pixel that carries a projection from one side to the other, and is gone then.</summary>
    private sealed class TemporaryTiff : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"varve-{Environment.ProcessId}-{Interlocked.Increment(ref count)}.tif");

        public void Write(Projection projection)
        {
            using var writer = new GeoTiffWriter(Path, new TiffLayout { Grid = new Grid(0, 0, 10, -10, 1, 1, projection), Type = PixelType.Byte, Bands = 1, TileWidth = 16, TileHeight = 16, Compression = Compression.None });
            writer.Finish();
        }

        public void Write(nint reference)
        {
            var dataset = Gdal.GDALCreate(Gdal.GDALGetDriverByName("GTiff"), Path, 1, 1, 1, 1, 0);
            if (dataset == 0) throw new RasterException($"{Path}: {Gdal.LastError()}");
            var six = stackalloc double[] { 0, 10, 0, 0, 0, -10 };
            var isSet = Gdal.GDALSetGeoTransform(dataset, six) == 0 && Gdal.GDALSetSpatialRef(dataset, reference) == 0;
            Gdal.GDALClose(dataset);
            if (!isSet) throw new RasterException($"{Path}: {Gdal.LastError()}");
        }

        public void Dispose()
        {
            File.Delete(Path);
            File.Delete(Path + ".aux.xml");
        }
    }
}
