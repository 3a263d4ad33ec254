using System.Runtime.InteropServices;
using Varve.Raster.Outputs;
using Varve.Raster.Reductions;

namespace Varve.Raster.Native;

/// <summary>Computations: started, waited for, asked for what came out.</summary>
internal static unsafe class JobCalls
{
    /// <summary>Pixels row by row into memory that must stay until the job has ended; a byte of 1 for each that is missing.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_read")]
    public static long Read(long layer, byte* data, byte* missing, long pixels, NativeRun* run) => Start(run, () =>
    {
        var raster = Handles.Get<Layer>(layer).Raster;
        return l => raster.ReadInto(data, missing, pixels, l);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_preview")]
    public static long Preview(long layer, double* into, int width, int height, NativeRun* run) => Start(run, () =>
    {
        var raster = Handles.Get<Layer>(layer).Raster;
        return l =>
        {
            raster.Preview(width, height, l).CopyTo(new Span<double>(into, width * height));
            return null;
        };
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_tally")]
    public static long Tally(long* layers, int count, int wanted, NativeRun* run) => Start(run, () =>
    {
        var rasters = Rasters(layers, count);
        return l => Raster.Tallied(rasters, (Wanted)wanted, l);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_values")]
    public static long Values(long layer, NativeRun* run) => Start(run, () =>
    {
        var raster = Handles.Get<Layer>(layer).Raster;
        return raster.Values;
    });

    /// <summary>A GeoTIFF whose bands are the layers; with the sum of the first in the same pass.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_write")]
    public static long Write(byte* path, long* layers, int count, byte** names, NativeWriteOptions* options, int sums, NativeRun* run) => Start(run, () =>
    {
        var rasters = Rasters(layers, count);
        var output = new Output(LayerCalls.Text(path), rasters, options->ToOptions(names == null ? [] : [.. Enumerable.Range(0, count).Select(i => LayerCalls.Text(names[i]))]));
        if (sums != 0) return l => (Statistics[])[Writing.RunAndSum(output, rasters[0], l)];
        return l =>
        {
            Raster.Write([output], l);
            return null;
        };
    });

    /// <summary>1 when it has ended, 0 when it has not, -1 after a fault.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_wait")]
    public static long Wait(long job, int milliseconds) => Faults.Number(() => Handles.Get<Job>(job).Wait(milliseconds) ? 1 : 0);

    /// <summary>From 0 to 1.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_progress")]
    public static double Progress(long job)
    {
        try
        {
            return Handles.Get<Job>(job).Fraction;
        }
        catch (RasterException)
        {
            return 0;
        }
    }

    /// <summary>It ends soon, with a fault of its own kind; who gave it memory waits for the end.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_cancel")]
    public static long Cancel(long job) => Faults.Number(() =>
    {
        Handles.Get<Job>(job).Cancel();
        return 0;
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_tally_of")]
    public static long TallyOf(long job, int index, NativeTally* into) => Faults.Number(() =>
    {
        *into = NativeTally.Of(Result<Statistics[]>(job)[index]);
        return 0;
    });

    /// <summary>How many values there are; where memory is given they are put there, with their counts, and the number of missing pixels.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_values_of")]
    public static long ValuesOf(long job, byte* values, long* counts, long* missing) => Faults.Number(() =>
    {
        var result = Result<ValueCounts>(job);
        if (values != null) result.Values.CopyTo(new Span<byte>(values, result.Values.Length));
        if (counts != null) result.Counts.CopyTo(new Span<long>(counts, result.Counts.Length));
        if (missing != null) *missing = result.Missing;
        return result.Counts.Length;
    });

    /// <summary>Whether a pixel that was read is missing.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_has_missing")]
    public static long HasMissing(long job) => Faults.Number(() => (bool)Result<object>(job) ? 1 : 0);

    private static T Result<T>(long job) where T : class => Handles.Get<Job>(job).Result as T ?? throw new RasterException("the job has not ended, or has no such result");

    private static List<Raster> Rasters(long* layers, int count) => [.. Enumerable.Range(0, count).Select(i => Handles.Get<Layer>(layers[i]).Raster)];

    private static long Start(NativeRun* run, Func<Func<Limits, object?>> prepare) => Faults.Number(() =>
    {
        run->Job = Handles.Add(Job.Start(*run, prepare()));
        return 0;
    });
}
