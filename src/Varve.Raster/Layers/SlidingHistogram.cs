using System.Numerics.Tensors;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// How often each integer of a small range lies in a window that moves by one column at a time: a column comes, another
/// goes, so that a step costs the window's height and not its area (Huang, Yang and Tang 1979, IEEE Trans. ASSP 27).
/// Counts of groups of values, beside those of each, find one by its rank in few steps (Perreault and Hebert 2007,
/// IEEE Trans. Image Processing 16).
/// </summary>
internal sealed class SlidingHistogram
{
    /// <summary>The largest range, of which most values are looked for.</summary>
    public const int MostValues = 1 << 16;
    /// <summary>The largest in which all counts are compared at each step.</summary>
    public const int FewValues = 1 << 8;

    private readonly int[] counts, groups;
    private readonly int least, shift;
    private int all;

    /// <param name="range">What values can be; at most <see cref="MostValues"/>.</param>
    public SlidingHistogram(ValueRange range)
    {
        (least, shift) = ((int)range.Least, Span(range) > FewValues ? 8 : 4);
        counts = new int[(int)(Span(range) >> shift << shift) + (1 << shift)];
        groups = new int[counts.Length >> shift];
    }

    /// <summary>Memory of one, in bytes, at most.</summary>
    public const long Bytes = 2L * MostValues * sizeof(int);

    public static Int128 Span(ValueRange range) => range.Most - range.Least + 1;

    public void Clear()
    {
        Array.Clear(counts);
        Array.Clear(groups);
        all = 0;
    }

    /// <summary>A pixel comes into the window (1), or goes (-1); one that is missing (NaN) does not count.</summary>
    public void Add(double value, int times)
    {
        if (double.IsNaN(value)) return;
        var at = (int)value - least;
        counts[at] += times;
        groups[at >> shift] += times;
        all += times;
    }

    /// <summary>The middle one, or of an even number of them the middle between the two; NaN of none.</summary>
    public double Median() => all == 0 ? double.NaN : all % 2 == 1 ? Ranked(all / 2) : (double)Ranked(all / 2 - 1) / 2 + (double)Ranked(all / 2) / 2;

    /// <summary>The value that most have, of several the least; NaN of none.</summary>
    public double Majority() => all == 0 ? double.NaN : least + TensorPrimitives.IndexOfMax<int>(counts);

    /// <summary>The value that so many are below of.</summary>
    private int Ranked(int rank)
    {
        var group = 0;
        for (; rank >= groups[group]; group++) rank -= groups[group];
        var at = group << shift;
        for (; rank >= counts[at]; at++) rank -= counts[at];
        return at + least;
    }
}
