using Varve.Raster.Gdal;
using Ogr = Varve.Raster.Gdal.Gdal;

namespace Varve.Raster.Layers;

/// <summary>The shapes of a vector file of any kind: GeoJSON by Varve's own reader, whatever else by OGR, where GDAL is installed.</summary>
internal static class VectorFile
{
    private const uint VectorFlag = 0x04;
    private const int Failure = 3;
    private const int Point = 1, Line = 2, Polygon = 3, MultiPoint = 4, MultiLine = 5, MultiPolygon = 6, Collection = 7;

    /// <param name="path">The file.</param>
    /// <param name="layer">Which of its layers; null for the only one.</param>
    /// <param name="where">Which of its shapes, in OGR's SQL; null for all.</param>
    /// <exception cref="RasterException">It cannot be read, or holds no shape.</exception>
    public static GeoJson Read(string path, string? layer = null, string? where = null)
    {
        if (layer is null && where is null && (IsGeoJson(path) || !Ogr.IsThere)) return GeoJson.Read(path);
        Ogr.Need($"{path}: vector files other than GeoJSON, layers and filters");
        if (!File.Exists(path) && !Directory.Exists(path) && !path.Contains(':', StringComparison.Ordinal) && !path.StartsWith("/vsi", StringComparison.Ordinal)) throw new RasterException($"{path}: there is no such file", new FileNotFoundException(null, path));
        Ogr.CPLErrorReset();
        var dataset = Ogr.GDALOpenEx(path, VectorFlag, 0, 0, 0);
        if (dataset == 0) throw new RasterException($"{path}: it is no vector file that can be read: {Ogr.LastError()}");
        try
        {
            return Shapes(path, Layer(path, dataset, layer), where);
        }
        finally
        {
            Ogr.GDALClose(dataset);
        }
    }

    private static bool IsGeoJson(string path) => path.EndsWith(".geojson", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    private static nint Layer(string path, nint dataset, string? name)
    {
        var count = Ogr.GDALDatasetGetLayerCount(dataset);
        var names = Enumerable.Range(0, count).Select(i => Ogr.Text(Ogr.OGR_L_GetName(Ogr.GDALDatasetGetLayer(dataset, i)))).ToList();
        if (name is null) return count == 1 ? Ogr.GDALDatasetGetLayer(dataset, 0) : throw new RasterException($"{path}: it has {count} layers; say which (--layer-name): {string.Join(", ", names)}");
        var layer = Ogr.GDALDatasetGetLayerByName(dataset, name);
        return layer != 0 ? layer : throw new RasterException($"{path}: it has no layer '{name}'; there are {string.Join(", ", names)}");
    }

    private static GeoJson Shapes(string path, nint layer, string? where)
    {
        Ogr.CPLErrorReset();
        if (where is not null && Ogr.OGR_L_SetAttributeFilter(layer, where) != 0) throw new RasterException($"{path}: the filter '{where}' cannot be followed: {Ogr.LastError()}");
        var projection = SpatialReferences.From(Ogr.OGR_L_GetSpatialRef(layer));
        var shapes = new List<Shape>();
        Ogr.CPLErrorReset();
        Ogr.OGR_L_ResetReading(layer);
        while (Ogr.OGR_L_GetNextFeature(layer) is not 0 and var feature)
        {
            try
            {
                var (rings, paths) = (new List<double[]>(), new List<double[]>());
                if (Ogr.OGR_F_GetGeometryRef(feature) is not 0 and var geometry) Gather(path, geometry, rings, paths);
                if (rings.Count + paths.Count > 0) shapes.Add(With(feature, rings) with { Paths = paths });
            }
            finally
            {
                Ogr.OGR_F_Destroy(feature);
            }
        }
        // Some formats follow a filter only when they are read.
        if (Ogr.CPLGetLastErrorType() >= Failure) throw new RasterException($"{path}: {(where is null ? "it cannot be read" : $"the filter '{where}' cannot be followed")}: {Ogr.LastError()}");
        if (shapes.Count == 0) throw new RasterException($"{path}: there is no shape in it{(where is null ? "" : $" for which {where}")}");
        return new GeoJson(path, projection, projection.IsGeographic ? [.. shapes.Select(s => Antimeridian.Cut(path, s))] : shapes);
    }

    private static void Gather(string path, nint geometry, List<double[]> rings, List<double[]> paths)
    {
        if (Ogr.OGR_G_HasCurveGeometry(geometry, 1) != 0)
        {
            var linear = Ogr.OGR_G_GetLinearGeometry(geometry, 0, 0);
            Gather(path, linear, rings, paths);
            Ogr.OGR_G_DestroyGeometry(linear);
            return;
        }
        // Types with a third coordinate are counted from 1001, 2001, 3001, or have the highest bit.
        switch ((Ogr.OGR_G_GetGeometryType(geometry) & int.MaxValue) % 1000)
        {
            case Polygon:
                for (var i = 0; i < Ogr.OGR_G_GetGeometryCount(geometry); i++) rings.Add(Ring(Ogr.OGR_G_GetGeometryRef(geometry, i)));
                break;
            case Point or Line:
                if (Ogr.OGR_G_GetPointCount(geometry) > 0) paths.Add(Ring(geometry));
                break;
            case MultiPoint or MultiLine or MultiPolygon or Collection:
                for (var i = 0; i < Ogr.OGR_G_GetGeometryCount(geometry); i++) Gather(path, Ogr.OGR_G_GetGeometryRef(geometry, i), rings, paths);
                break;
            default:
                throw new RasterException($"{path}: it holds a {Ogr.Text(Ogr.OGR_G_GetGeometryName(geometry)).ToLowerInvariant()}; points, lines and polygons can be layers");
        }
    }

    private static double[] Ring(nint ring)
    {
        var count = Ogr.OGR_G_GetPointCount(ring);
        var coordinates = new double[2 * count];
        for (var i = 0; i < count; i++) (coordinates[2 * i], coordinates[2 * i + 1]) = (Ogr.OGR_G_GetX(ring, i), Ogr.OGR_G_GetY(ring, i));
        return coordinates;
    }

    private static Shape With(nint feature, List<double[]> rings)
    {
        var (values, texts) = (new Dictionary<string, double>(), new Dictionary<string, string>());
        for (var i = 0; i < Ogr.OGR_F_GetFieldCount(feature); i++)
        {
            if (Ogr.OGR_F_IsFieldSetAndNotNull(feature, i) == 0) continue;
            var field = Ogr.OGR_F_GetFieldDefnRef(feature, i);
            var name = Ogr.Text(Ogr.OGR_Fld_GetNameRef(field));
            // OFTInteger, OFTReal and OFTInteger64 of ogr_core.h.
            if (Ogr.OGR_Fld_GetType(field) is 0 or 2 or 12) values[name] = Ogr.OGR_F_GetFieldAsDouble(feature, i);
            else texts[name] = Ogr.Text(Ogr.OGR_F_GetFieldAsString(feature, i));
        }
        return new Shape(rings, values, texts);
    }
}
