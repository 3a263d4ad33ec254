using System.Runtime.InteropServices;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// How far each pixel's centre is from that of the nearest true pixel, exactly, up to a limit; farther ones are missing.
/// First along columns, then along rows by the lower envelope of parabolas (P. Felzenszwalb and D. Huttenlocher, 2012),
/// over the chunk and what lies within the limit of it.
/// </summary>
internal sealed unsafe class Distance : Generated, IDisposable
{
    private const long CacheBytes = 16L << 20, MostReach = 4096;
    private readonly InnerPixels inner;
    private readonly double limit, stepX, stepY;
    private readonly long reachX, reachY;

    /// <param name="truth">Of what.</param>
    /// <param name="limit">The largest distance that is looked for.</param>
    /// <param name="metres">Metres in a unit of the projection, for distances in metres; null for pixels.</param>
    /// <exception cref="RasterException">The limit is too large, or none.</exception>
    public Distance(Node truth, double limit, Func<Projection, double>? metres) : base(PixelType.Float64, null, true)
    {
        inner = new InnerPixels(Unary.Truth(truth), CacheBytes);
        var unit = metres?.Invoke(Grid.Projection);
        (this.limit, stepX, stepY) = (limit, unit is { } u ? Grid.StepX * u : 1, unit is { } v ? Math.Abs(Grid.StepY) * v : 1);
        if (!(limit > 0) || limit / Math.Min(stepX, stepY) > MostReach) throw new RasterException($"a limit of distance is more than 0, and at most {MostReach} pixels; without a limit, distance(x), all are found");
        (reachX, reachY) = ((long)Math.Floor(limit / stepX), (long)Math.Floor(limit / stepY));
    }

    public override string Name => "distance(...)";
    public override Grid Grid => inner.Grid;
    public override IEnumerable<RasterFile> Files => inner.Files;
    public override long WorkingBytes(long width, long height) => (width + 2 * reachX) * ((height + 2 * reachY) * 6 + height * 4) + CacheBytes / 2;
    public override void Prepare(Limits limits) => inner.Prepare(limits);
    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", Grid, Name);

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        var place = PlaceOn(reference)!.Value;
        var own = window.Moved(-place.X, -place.Y);
        var around = new Window(own.X - reachX, own.Y - reachY, own.Width + 2 * reachX, own.Height + 2 * reachY).And(Grid.All);
        var (truth, missing) = (new byte[around.Pixels], new byte[around.Pixels]);
        fixed (byte* t = truth)
        fixed (byte* m = missing) inner.Read(around, t, m);
        var rows = Rows(truth, missing, around, own);
        var target = MemoryMarshal.Cast<byte, double>(into);
        var (sites, starts) = (new int[around.Width], new double[around.Width + 1]);
        for (var row = 0; row < own.Height; row++)
            Envelope(rows.AsSpan((int)(row * around.Width), (int)around.Width), sites, starts, (int)(own.X - around.X), stepX, stepY, limit, target.Slice((int)(row * own.Width), (int)own.Width));
    }

    /// <summary>For each column around, and each row wanted, how many rows off the nearest true pixel of the column is; -1 where none is.</summary>
    private static int[] Rows(byte[] truth, byte[] missing, Window around, Window own)
    {
        var width = (int)around.Width;
        var (first, count) = ((int)(own.Y - around.Y), (int)own.Height);
        var rows = new int[width * count];
        Array.Fill(rows, -1);
        var last = new int[width];
        foreach (var isDown in (bool[])[true, false])
        {
            Array.Fill(last, -1);
            for (var i = 0; i < around.Height; i++)
            {
                var y = isDown ? i : (int)around.Height - 1 - i;
                for (var x = 0; x < width; x++)
                {
                    if (truth[y * width + x] != 0 && missing[y * width + x] == 0) last[x] = y;
                    if (last[x] < 0 || y < first || y >= first + count) continue;
                    ref var known = ref rows[(y - first) * width + x];
                    if (known < 0 || Math.Abs(y - last[x]) < known) known = Math.Abs(y - last[x]);
                }
            }
        }
        return rows;
    }

    /// <summary>The distances of a row's pixels.</summary>
    /// <param name="rows">For each column how many rows off its nearest true pixel is; -1 where none is.</param>
    /// <param name="sites">Memory, a number for each column.</param>
    /// <param name="starts">The same, and one more.</param>
    /// <param name="first">The column of the first distance.</param>
    /// <param name="stepX">The width of a pixel.</param>
    /// <param name="stepY">Its height.</param>
    /// <param name="limit">Beyond which they are missing.</param>
    /// <param name="target">Gets them.</param>
    internal static void Envelope(ReadOnlySpan<int> rows, int[] sites, double[] starts, int first, double stepX, double stepY, double limit, Span<double> target)
    {
        var (squareX, squareY) = (stepX * stepX, stepY * stepY);
        var count = 0;
        for (var x = 0; x < rows.Length; x++)
        {
            if (rows[x] < 0) continue;
            var height = squareY * ((double)rows[x] * rows[x]);
            while (true)
            {
                if (count == 0)
                {
                    starts[0] = double.NegativeInfinity;
                    break;
                }
                var site = sites[count - 1];
                // Where the parabola of this column comes below that of the one before.
                var crossing = (height - squareY * ((double)rows[site] * rows[site]) + squareX * ((double)x * x - (double)site * site)) / (2 * squareX * (x - site));
                if (crossing > starts[count - 1])
                {
                    starts[count] = crossing;
                    break;
                }
                count--;
            }
            sites[count++] = x;
        }
        var at = 0;
        for (var i = 0; i < target.Length; i++)
        {
            var x = first + i;
            while (at + 1 < count && starts[at + 1] < x) at++;
            var distance = count == 0 ? double.NaN : Math.Sqrt(squareX * ((double)(x - sites[at]) * (x - sites[at])) + squareY * ((double)rows[sites[at]] * rows[sites[at]]));
            target[i] = distance <= limit ? distance : double.NaN;
        }
    }

    public void Dispose() => inner.Dispose();
}
