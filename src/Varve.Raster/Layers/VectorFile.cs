using Varve.Raster.Gdal;

namespace Varve.Raster.Layers;

/// <summary>Polygons of any vector file that GDAL reads (GeoPackage, shapefile, ...): those of its first layer, or of a condition.</summary>
internal static class VectorFile
{
    private const uint VectorFlag = 4;
    private const int Integer = 0, Real = 2, Text = 4, Integer64 = 12;

    /// <summary>GeoJSON is read without GDAL, where no condition selects of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="where">Which shapes, as SQL has it after WHERE; null for all.</param>
    /// <exception cref="RasterException">It cannot be read, has no polygon, or GDAL is needed and missing.</exception>
    public static GeoJson Read(string path, string? where)
    {
        if (where is null && (Path.GetExtension(path).ToLowerInvariant() is ".geojson" or ".json" || !File.Exists(path) || !Gdal.Gdal.IsThere)) return GeoJson.Read(path);
        if (!File.Exists(path) && !Directory.Exists(path)) throw new RasterException($"{path}: there is no such file", new FileNotFoundException(null, path));
        Gdal.Gdal.Need($"{path}: {(where is null ? "vector files other than GeoJSON need GDAL" : "a condition on shapes needs GDAL")}");
        Gdal.Gdal.CPLErrorReset();
        var dataset = Gdal.Gdal.GDALOpenEx(path, VectorFlag, 0, 0, 0);
        if (dataset == 0) throw new RasterException($"{path}: it is no vector file that GDAL reads: {Gdal.Gdal.LastError()}");
        try
        {
            if (Gdal.Gdal.GDALDatasetGetLayerCount(dataset) == 0) throw new RasterException($"{path}: there is no layer in it");
            var layer = Gdal.Gdal.GDALDatasetGetLayer(dataset, 0);
            if (where is not null && Gdal.Gdal.OGR_L_SetAttributeFilter(layer, where) != 0) throw new RasterException($"{path}: the condition '{where}' is none: {Gdal.Gdal.LastError()}");
            var shapes = Shapes(path, layer);
            if (shapes.Count == 0) throw new RasterException(where is null ? $"{path}: there is no polygon in it" : $"{path}: there is no polygon in it of which '{where}' is true");
            return new GeoJson(path, SpatialReferences.From(Gdal.Gdal.OGR_L_GetSpatialRef(layer)), shapes).Checked();
        }
        finally
        {
            Gdal.Gdal.GDALClose(dataset);
        }
    }

    private static List<Shape> Shapes(string path, nint layer)
    {
        var shapes = new List<Shape>();
        Gdal.Gdal.OGR_L_ResetReading(layer);
        while (Gdal.Gdal.OGR_L_GetNextFeature(layer) is not 0 and var feature)
        {
            try
            {
                var rings = new List<double[]>();
                if (Gdal.Gdal.OGR_F_GetGeometryRef(feature) is not 0 and var geometry) Straightened(path, geometry, rings);
                if (rings.Count > 0) shapes.Add(With(feature, rings));
            }
            finally
            {
                Gdal.Gdal.OGR_F_Destroy(feature);
            }
        }
        return shapes;
    }

    /// <summary>Arcs as short lines.</summary>
    private static void Straightened(string path, nint geometry, List<double[]> rings)
    {
        if (Gdal.Gdal.OGR_G_HasCurveGeometry(geometry, 1) == 0)
        {
            Gather(path, geometry, rings);
            return;
        }
        var straight = Gdal.Gdal.OGR_G_GetLinearGeometry(geometry, 0, 0);
        Gather(path, straight, rings);
        Gdal.Gdal.OGR_G_DestroyGeometry(straight);
    }

    private static void Gather(string path, nint geometry, List<double[]> rings)
    {
        var kind = Gdal.Gdal.Text(Gdal.Gdal.OGR_G_GetGeometryName(geometry));
        if (kind is not ("POLYGON" or "MULTIPOLYGON" or "GEOMETRYCOLLECTION" or "LINEARRING")) throw new RasterException($"{path}: it holds a {kind.ToLowerInvariant()}; only polygons can be layers");
        if (kind != "LINEARRING")
        {
            for (var i = 0; i < Gdal.Gdal.OGR_G_GetGeometryCount(geometry); i++) Gather(path, Gdal.Gdal.OGR_G_GetGeometryRef(geometry, i), rings);
            return;
        }
        var ring = new double[2 * Gdal.Gdal.OGR_G_GetPointCount(geometry)];
        for (var i = 0; i < ring.Length / 2; i++)
        {
            (ring[2 * i], ring[2 * i + 1]) = (Gdal.Gdal.OGR_G_GetX(geometry, i), Gdal.Gdal.OGR_G_GetY(geometry, i));
            if (!double.IsFinite(ring[2 * i]) || !double.IsFinite(ring[2 * i + 1])) throw new RasterException($"{path}: a coordinate in it is no number");
        }
        rings.Add(ring);
    }

    private static Shape With(nint feature, List<double[]> rings)
    {
        var (values, texts) = (new Dictionary<string, double>(), new Dictionary<string, string>());
        for (var i = 0; i < Gdal.Gdal.OGR_F_GetFieldCount(feature); i++)
        {
            if (Gdal.Gdal.OGR_F_IsFieldSetAndNotNull(feature, i) == 0) continue;
            var field = Gdal.Gdal.OGR_F_GetFieldDefnRef(feature, i);
            var name = Gdal.Gdal.Text(Gdal.Gdal.OGR_Fld_GetNameRef(field));
            if (Gdal.Gdal.OGR_Fld_GetType(field) is Integer or Real or Integer64) values[name] = Gdal.Gdal.OGR_F_GetFieldAsDouble(feature, i);
            else if (Gdal.Gdal.OGR_Fld_GetType(field) == Text) texts[name] = Gdal.Gdal.Text(Gdal.Gdal.OGR_F_GetFieldAsString(feature, i));
        }
        return new Shape(rings, values, texts);
    }
}
