using System.Runtime.InteropServices;
using Varve.Raster.Layers;

namespace Varve.Raster.Native;

/// <summary>Layers of polygons.</summary>
internal static unsafe class VectorCalls
{
    /// <summary>True inside the polygons of a file; or, where a property is named, its value; of all shapes, or those of a condition.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_open_polygons")]
    public static long OpenPolygons(byte* path, byte* property, int coverage, byte* where) => Faults.Handle(() =>
    {
        var raster = Raster.Polygons(LayerCalls.Text(path), new ShapeOptions
        {
            Property = property == null ? null : LayerCalls.Text(property),
            Coverage = (Coverage)coverage,
            Where = where == null ? null : LayerCalls.Text(where),
        });
        return new Layer(raster, Bounds: (raster.Node as PolygonSource)?.Envelope());
    });
}
