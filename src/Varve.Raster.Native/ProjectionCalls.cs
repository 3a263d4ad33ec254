using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Varve.Raster.Native;

/// <summary>What coordinates mean.</summary>
internal static unsafe class ProjectionCalls
{
    /// <summary>By its name: `epsg:4326`; where GDAL and PROJ are installed by whatever names one, WKT for instance.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_projection")]
    public static long Named(byte* name) => Faults.Handle(() => Projection.Named(LayerCalls.Text(name)));

    /// <summary>A name by which it is known again: its code, else WKT; what its file calls it where neither can be had.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_projection_name")]
    public static long Name(long projection, byte* into, long size) => Faults.Number(() =>
    {
        var of = Handles.Get<Projection>(projection);
        var name = of.Epsg is { } code ? string.Create(CultureInfo.InvariantCulture, $"EPSG:{code}") : of.Wkt ?? (Gdal.Gdal.IsThere ? Gdal.SpatialReferences.WktOf(of) : null) ?? of.ToString();
        return Faults.Copy(Encoding.UTF8.GetBytes(name), into, size);
    });

    /// <summary>Its code in the EPSG's register; 0 when it has none.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_projection_epsg")]
    public static long Epsg(long projection) => Faults.Number(() => Handles.Get<Projection>(projection).Epsg ?? 0);

    [UnmanagedCallersOnly(EntryPoint = "varve_projection_is_geographic")]
    public static long IsGeographic(long projection) => Faults.Number(() => Handles.Get<Projection>(projection).IsGeographic ? 1 : 0);

    [UnmanagedCallersOnly(EntryPoint = "varve_projection_equals")]
    public static long AreEqual(long a, long b) => Faults.Number(() => Handles.Get<Projection>(a).IsSame(Handles.Get<Projection>(b)) ? 1 : 0);
}
