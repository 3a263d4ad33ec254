using System.Runtime.InteropServices;
using Varve.Raster.Gdal;

namespace Varve.Raster.Native;

/// <summary>Other projections, and pixels of another size.</summary>
internal static unsafe class WarpCalls
{
    /// <summary>A layer on another grid.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_warp")]
    public static long Warp(long layer, NativeGrid* grid, int method) => Faults.Handle(() =>
    {
        var target = grid->ToGrid();
        return new Layer(Handles.Get<Layer>(layer).Raster.To(target, (Resampling)method), target);
    });

    /// <summary>The pixels of another projection that hold all of a grid; their borders are multiples of the steps.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_grid_in")]
    public static long GridIn(NativeGrid* of, NativeGrid* pixels, NativeGrid* into) => Faults.Number(() =>
    {
        var (own, wanted) = (of->ToGrid(), pixels->ToGrid());
        var there = own.Projection.Equals(wanted.Projection) ? own : SuggestedGrid.Of(own.Projection, own.Width, own.Height, [own.X, own.StepX, 0, own.Y, 0, own.StepY], wanted.Projection);
        var (stepX, stepY) = (wanted.StepX, Math.Abs(wanted.StepY));
        var (top, bottom) = (Math.Max(there.Y, there.AtRow(there.Height)), Math.Min(there.Y, there.AtRow(there.Height)));
        var (left, right) = (Math.Floor(there.X / stepX + Grid.Tolerance), Math.Ceiling(there.AtColumn(there.Width) / stepX - Grid.Tolerance));
        var (first, last) = (Math.Ceiling(top / stepY - Grid.Tolerance), Math.Floor(bottom / stepY + Grid.Tolerance));
        *into = NativeGrid.Of(wanted with { X = left * stepX, Y = (wanted.StepY < 0 ? first : last) * stepY, Width = (long)(right - left), Height = (long)(first - last) });
        return 0;
    });

    /// <summary>Places (x, y) in another projection; NaN for those that it does not have.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_transform")]
    public static long Transform(long from, long to, double* x, double* y, int count) => Faults.Number(() =>
    {
        using var transformation = new Transformation(Handles.Get<Projection>(from), Handles.Get<Projection>(to));
        transformation.Apply(new Span<double>(x, count), new Span<double>(y, count));
        return 0;
    });
}
