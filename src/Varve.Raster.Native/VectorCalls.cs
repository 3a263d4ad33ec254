using System.Runtime.InteropServices;
using Varve.Raster.Layers;

namespace Varve.Raster.Native;

/// <summary>Layers of polygons.</summary>
internal static unsafe class VectorCalls
{
    /// <summary>True inside the polygons of a file; or, where a property is named, its value.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_open_polygons")]
    public static long OpenPolygons(byte* path, byte* property, int coverage) => Faults.Handle(() =>
    {
        var raster = property == null ? Raster.Polygons(LayerCalls.Text(path), (Coverage)coverage) : Raster.Polygons(LayerCalls.Text(path), LayerCalls.Text(property), (Coverage)coverage);
        return new Layer(raster, Bounds: (raster.Node as PolygonSource)?.Envelope());
    });
}
