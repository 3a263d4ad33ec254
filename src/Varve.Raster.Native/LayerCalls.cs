using System.Runtime.InteropServices;
using System.Text;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Outputs;

namespace Varve.Raster.Native;

/// <summary>Layers: opened, made, described. Each call of the header that gives a handle gives 0 after a fault.</summary>
internal static unsafe class LayerCalls
{
    private const int IgnoresNoData = 1;
    /// <summary>Files whose layers nobody holds any more are closed when memory is collected, which files alone do not bring about.</summary>
    private const int OpensBetweenCollections = 128;
    private static int opens;

    [UnmanagedCallersOnly(EntryPoint = "varve_abi")]
    public static int Abi() => 1;

    [UnmanagedCallersOnly(EntryPoint = "varve_release")]
    public static void Release(long handle) => Handles.Release(handle);

    [UnmanagedCallersOnly(EntryPoint = "varve_open")]
    public static long Open(byte* path, int band, int flags) => Faults.Handle(() =>
    {
        Collect(1);
        var raster = Raster.Open(Text(path), band, (flags & IgnoresNoData) != 0);
        return new Layer(raster, raster.Grid);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_open_tiles")]
    public static long OpenTiles(byte** paths, int count, int band) => Faults.Handle(() =>
    {
        Collect(count);
        var raster = Raster.Open([.. Enumerable.Range(0, count).Select(i => Text(paths[i]))], band);
        return new Layer(raster, raster.Grid);
    });

    /// <summary>On the whole width of the world where its projection is longitude and latitude.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_open_rows")]
    public static long OpenRows(byte* path, int band, int flags) => Faults.Handle(() =>
    {
        Collect(1);
        var rows = Raster.OpenRows(Text(path), band, (flags & IgnoresNoData) != 0);
        var column = ((LatitudeSource)rows.Node).Grid;
        if (!column.Projection.IsGeographic) return new Layer(rows, null, column with { Width = 1 });
        var half = (long)Math.Ceiling(180 / column.StepX - Grid.Tolerance);
        var world = column with { X = -half * column.StepX, Width = 2 * half };
        return new Layer(rows.OnPixels(world), null, world);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_constant_real")]
    public static long ConstantReal(double value) => Faults.Handle(() => new Layer(Raster.Constant(value)));

    [UnmanagedCallersOnly(EntryPoint = "varve_constant_whole")]
    public static long ConstantWhole(long value) => Faults.Handle(() => new Layer(value));

    /// <summary>Numbers are copied.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_array")]
    public static long FromArray(void* data, int type, NativeGrid* grid, double* noData) => Faults.Handle(() =>
    {
        var where = grid->ToGrid();
        var bytes = where.Width * where.Height * Grids.PixelTypes.Size((PixelType)type);
        if (bytes > Array.MaxLength) throw new RasterException($"an array of {bytes:#,0} bytes is too large for a layer; write it into a file");
        var raster = Raster.FromArray(new ReadOnlySpan<byte>(data, (int)bytes).ToArray(), (PixelType)type, where, noData == null ? null : *noData);
        return new Layer(raster, where);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_areas")]
    public static long Areas() => Faults.Handle(static () => new Layer(Raster.Area()));

    [UnmanagedCallersOnly(EntryPoint = "varve_on_pixels")]
    public static long OnPixels(long layer, NativeGrid* grid) => Faults.Handle(() =>
    {
        var (of, pixels) = (Handles.Get<Layer>(layer), grid->ToGrid());
        return Layer.From(of.Raster.OnPixels(pixels), of, new Layer(of.Raster, null, pixels)) with { Bounds = of.Bounds };
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_on_grid")]
    public static long OnGrid(long layer, NativeGrid* grid) => Faults.Handle(() =>
    {
        var (of, whole) = (Handles.Get<Layer>(layer), grid->ToGrid());
        return Layer.From(of.Raster.On(whole, "the area asked for"), of, new Layer(of.Raster, whole));
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_describe")]
    public static long Describe(long layer, NativeLayer* into) => Faults.Number(() =>
    {
        var of = Handles.Get<Layer>(layer);
        var noData = Source(of.Raster.Node)?.NoData;
        *into = new NativeLayer
        {
            Type = (int)of.Raster.Type,
            CanMiss = of.Raster.Node.CanMiss ? 1 : 0,
            Placed = of.Placed is not null ? 1 : of.Offered is not null ? 2 : 0,
            HasNoData = noData is null ? 0 : 1,
            NoData = noData ?? 0,
        };
        return 0;
    });

    /// <summary>The pixels that it lies on, or was offered: their size and projection count, and for one that was placed the corner of one of its layers.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_pixels_of")]
    public static long PixelsOf(long layer, NativeGrid* into) => Faults.Number(() =>
    {
        var of = Handles.Get<Layer>(layer);
        *into = NativeGrid.Of(of.Placed ?? of.Offered ?? throw new RasterException("the layer lies on no pixels of its own"));
        return 0;
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_grid_of")]
    public static long GridOf(long layer, NativeGrid* into) => Faults.Number(() =>
    {
        *into = NativeGrid.Of(Handles.Get<Layer>(layer).Raster.Grid);
        return 0;
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_bounds_of")]
    public static long BoundsOf(long layer, double* into) => Faults.Number(() =>
    {
        (Handles.Get<Layer>(layer).Bounds ?? throw new RasterException("only polygons have bounds of their own")).CopyTo(new Span<double>(into, 4));
        return 0;
    });

    /// <summary>The label of its band; empty when it has none.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_label_of")]
    public static long LabelOf(long layer, byte* into, long size) => Faults.Number(() =>
    {
        var label = Source(Handles.Get<Layer>(layer).Raster.Node) is { Pieces: [{ File: GeoTiff file } piece, ..] } ? BandNames.Of(file.Metadata, piece.Band) : null;
        return Faults.Copy(Encoding.UTF8.GetBytes(label ?? ""), into, size);
    });

    private static RasterSource? Source(Node node) => node switch { RasterSource raster => raster, LatitudeSource rows => rows.Column, OnPixels on => Source(on.Parts[0]), Masked masked => Source(masked.Parts[0]), _ => null };

    public static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? throw new RasterException("a text is missing");

    private static void Collect(int files)
    {
        if (Interlocked.Add(ref opens, files) < OpensBetweenCollections) return;
        Interlocked.Exchange(ref opens, 0);
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
