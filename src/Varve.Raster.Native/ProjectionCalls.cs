using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Varve.Raster.Native;

/// <summary>What coordinates mean.</summary>
internal static unsafe class ProjectionCalls
{
    /// <summary>By its name: `epsg:4326`.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_projection")]
    public static long Named(byte* name) => Faults.Handle(() => Parse(LayerCalls.Text(name)));

    private static Projection Parse(string name)
    {
        var words = name.Trim().Split(':');
        return words is [var register, var digits] && register.Equals("epsg", StringComparison.OrdinalIgnoreCase) && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? Projection.OfEpsg(code)
            : throw new RasterException($"'{name}' is no projection's name; names are like epsg:4326");
    }

    [UnmanagedCallersOnly(EntryPoint = "varve_projection_name")]
    public static long Name(long projection, byte* into, long size) => Faults.Number(() => Faults.Copy(Encoding.UTF8.GetBytes(Handles.Get<Projection>(projection).ToString()), into, size));

    /// <summary>Its code in the EPSG's register; 0 when it has none.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_projection_epsg")]
    public static long Epsg(long projection) => Faults.Number(() => Handles.Get<Projection>(projection).Epsg ?? 0);

    [UnmanagedCallersOnly(EntryPoint = "varve_projection_is_geographic")]
    public static long IsGeographic(long projection) => Faults.Number(() => Handles.Get<Projection>(projection).IsGeographic ? 1 : 0);

    [UnmanagedCallersOnly(EntryPoint = "varve_projection_equals")]
    public static long AreEqual(long a, long b) => Faults.Number(() => Handles.Get<Projection>(a).IsSame(Handles.Get<Projection>(b)) ? 1 : 0);
}
