using Varve.Raster.Evaluation;
using Varve.Raster.Graph;

namespace Varve.Raster.Reductions;

/// <summary>Values by rank, exact: one pass for types of up to 16 bits, two for 32, four for 64.</summary>
internal static class Quantiles
{
    private const int Most = 64;

    /// <summary>For each fraction the value below which that part of all lies, between two values by their distance (numpy's default); NaN when there are none.</summary>
    public static double[] Of(Node node, IReadOnlyList<double> fractions, Limits limits)
    {
        if (fractions.Any(static f => !(f is >= 0 and <= 1))) throw new RasterException("quantiles are for fractions from 0 to 1");
        if (fractions.Count > Most) throw new RasterException($"at most {Most} quantiles are computed at a time");
        var type = node.Type;
        long[]? ranks = null;
        ulong[] prefixes = [];
        long[] left = [];
        var count = 0L;
        for (var shift = RankSink.Width(type) - RankSink.Bits; shift >= 0; shift -= RankSink.Bits)
        {
            var distinct = ranks is null ? [0UL] : prefixes.Distinct().ToArray();
            var pass = new Pass([node], limits);
            var sink = new RankSink(0, distinct, shift);
            var report = pass.Run([sink]);
            limits.Done?.Invoke(report);
            if (ranks is null)
            {
                count = sink.Counts[0].Sum();
                if (count == 0) return [.. fractions.Select(static _ => double.NaN)];
                ranks = [.. fractions.SelectMany(f => ((long[])[(long)Math.Floor(f * (count - 1)), (long)Math.Ceiling(f * (count - 1))]))];
                (prefixes, left) = (new ulong[ranks.Length], [.. ranks]);
            }
            for (var i = 0; i < ranks.Length; i++)
            {
                var counts = sink.Counts[Array.IndexOf(distinct, prefixes[i])];
                var digit = 0;
                while (left[i] >= counts[digit]) left[i] -= counts[digit++];
                prefixes[i] = prefixes[i] << RankSink.Bits | (uint)digit;
            }
        }
        return [.. fractions.Select((f, i) =>
        {
            var (low, high) = (RankSink.Value(prefixes[2 * i], type), RankSink.Value(prefixes[2 * i + 1], type));
            var part = f * (count - 1) - Math.Floor(f * (count - 1));
            return low == high || part == 0 ? low : low + (high - low) * part;
        })];
    }
}
