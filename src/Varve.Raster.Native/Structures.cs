using System.Runtime.InteropServices;

namespace Varve.Raster.Native;

/// <summary>`varve_grid`.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeGrid
{
    public double X, Y, StepX, StepY;
    public long Width, Height;
    /// <summary>A handle; 0 for none.</summary>
    public long Projection;

    public readonly Grid ToGrid() => new(X, Y, StepX, StepY, Width, Height, Projection == 0 ? Varve.Raster.Projection.None : Handles.Get<Projection>(Projection));

    /// <summary>Its projection is a new handle, which the caller releases.</summary>
    public static NativeGrid Of(Grid grid) => new()
    {
        X = grid.X,
        Y = grid.Y,
        StepX = grid.StepX,
        StepY = grid.StepY,
        Width = grid.Width,
        Height = grid.Height,
        Projection = grid.Projection.IsNone ? 0 : Handles.Add(grid.Projection),
    };
}

/// <summary>`varve_layer`: what is known of a layer without reading it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeLayer
{
    /// <summary>A <see cref="PixelType"/>.</summary>
    public int Type;
    public int CanMiss;
    /// <summary>0 when it follows any grid, 1 when it lies on one, 2 when it was only offered pixels.</summary>
    public int Placed;
    public int HasNoData;
    public double NoData;
}

/// <summary>`varve_run`.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeRun
{
    /// <summary>0 for all cores.</summary>
    public int Threads;
    public int Reserved;
    /// <summary>Bytes; 0 for half of what is free.</summary>
    public long Memory;
    /// <summary>Set to the job's handle before the call returns, so that an interrupt on the way back cannot lose it.</summary>
    public long Job;
}

/// <summary>`varve_write_options`.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeWriteOptions
{
    /// <summary>A <see cref="Varve.Raster.Compression"/>.</summary>
    public int Compression;
    /// <summary>0 for what is usual.</summary>
    public int Level;
    public int Cog;
    public int Sparse;
    public int HasNoData;
    public int TileSize;
    public double NoData;

    public readonly WriteOptions ToOptions(IReadOnlyList<string> names) => new()
    {
        Compression = (Compression)Compression,
        Level = Level == 0 ? null : Level,
        Cog = Cog != 0,
        Sparse = Sparse != 0,
        NoData = HasNoData == 0 ? null : NoData,
        TileSize = TileSize == 0 ? null : TileSize,
        BandNames = names,
    };
}

/// <summary>`varve_tally`.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeTally
{
    public long Count, Missing;
    public double Sum, Min, Max, Mean, Deviation;
    /// <summary>The exact sum of integers in 128 bits, as two halves.</summary>
    public long High;
    public ulong Low;
    public int IsWhole;
    public int Reserved;

    public static NativeTally Of(Statistics of) => new()
    {
        Count = of.Count,
        Missing = of.Missing,
        Sum = of.Sum,
        Min = of.Min,
        Max = of.Max,
        Mean = of.Mean,
        Deviation = of.Deviation,
        High = of.WholeSum is { } whole ? (long)(whole >> 64) : 0,
        Low = of.WholeSum is { } sum ? (ulong)(sum & ulong.MaxValue) : 0,
        IsWhole = of.WholeSum is null ? 0 : 1,
    };
}
