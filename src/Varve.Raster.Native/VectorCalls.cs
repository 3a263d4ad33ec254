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
        return Of(raster);
    });

    /// <summary>True in a cell of the hexagonal grid H3, by its index in hexadecimal.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_open_cell")]
    public static long OpenCell(byte* cell, int coverage) => Faults.Handle(() => Of(Raster.HexagonCell(LayerCalls.Text(cell), (Coverage)coverage)));

    private static Layer Of(Raster polygons) => new(polygons, Bounds: (polygons.Node as PolygonSource)?.Envelope());
}
