using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// How far each pixel's centre is from that of the nearest true pixel, exactly and however far. Two walks over the raster in
/// bands of rows (A. Meijster et al., 2000): downwards with how many rows above the last true pixel of each column was, and
/// upwards with the nearer one of that and the next below, and along each row then by the lower envelope of parabolas. What
/// is between lies in a temporary file, 8 bytes for each pixel, and memory holds a band.
/// </summary>
internal sealed unsafe class WholeDistance : Generated, IDisposable
{
    private const long CacheBytes = 16L << 20, BandPixels = 1 << 18;
    private const int PixelBytes = sizeof(double);
    private readonly InnerPixels inner;
    private readonly double stepX, stepY;
    private readonly Lock gate = new();
    private SafeFileHandle? distances;

    /// <param name="truth">Of what.</param>
    /// <param name="metres">Metres in a unit of the projection, for distances in metres; null for pixels.</param>
    public WholeDistance(Node truth, Func<Projection, double>? metres) : base(PixelType.Float64, null, true)
    {
        inner = new InnerPixels(Unary.Truth(truth), CacheBytes);
        var unit = metres?.Invoke(Grid.Projection);
        (stepX, stepY) = (unit is { } u ? Grid.StepX * u : 1, unit is { } v ? Math.Abs(Grid.StepY) * v : 1);
    }

    public override string Name => "distance(...)";
    public override Grid Grid => inner.Grid;
    public override IEnumerable<RasterFile> Files => inner.Files;
    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", Grid, Name);

    private int Width => checked((int)Grid.Width);
    private int BandRows => (int)Math.Clamp(BandPixels / Grid.Width, 1, Grid.Height);

    public override void Prepare(Limits limits)
    {
        lock (gate)
        {
            if (distances is not null) return;
            inner.Prepare(limits);
            var file = Temporary(Grid.Width * Grid.Height * PixelBytes);
            try
            {
                Down(file, limits);
                Up(file, limits);
                distances = file;
            }
            catch (AggregateException e) when (e.InnerException is RasterException)
            {
                ExceptionDispatchInfo.Throw(e.InnerException);
            }
            catch (AggregateException e) when (e.InnerException is IOException io)
            {
                throw NoRoom(io);
            }
            catch (IOException e)
            {
                throw NoRoom(e);
            }
            finally
            {
                if (distances is null) file.Dispose();
            }
        }
    }

    private RasterException NoRoom(IOException e) =>
        new($"distance(...): what is found on the way needs {Math.Max(1, Grid.Width * Grid.Height * PixelBytes >> 20):#,0} MB in a temporary file, which cannot be written: {e.Message}; TMPDIR names another folder, and distance(x, LIMIT) needs none", e);

    /// <summary>A file without a name, in a folder that is on a disk, if there is one.</summary>
    private static SafeFileHandle Temporary(long bytes)
    {
        Exception? last = null;
        foreach (var folder in ((string?[])[Environment.GetEnvironmentVariable("TMPDIR"), "/var/tmp", Path.GetTempPath()]).OfType<string>())
            try
            {
                var path = Path.Combine(folder, $"varve-distance-{Guid.NewGuid():N}");
                var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
                File.Delete(path);
                RandomAccess.SetLength(file, bytes);
                return file;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                last = e;
            }
        throw new RasterException($"distance(...): no temporary file can be made: {last!.Message}; TMPDIR names another folder, and distance(x, LIMIT) needs none", last);
    }

    private void Down(SafeFileHandle file, Limits limits)
    {
        var (truth, missing, rows) = (new byte[BandRows * Width], new byte[BandRows * Width], new int[Width]);
        var last = new int[Width];
        Array.Fill(last, -1);
        var parts = new ParallelOptions { MaxDegreeOfParallelism = limits.ThreadsNow, CancellationToken = limits.Cancellation };
        for (var top = 0; top < Grid.Height; top += BandRows)
        {
            var count = (int)Math.Min(BandRows, Grid.Height - top);
            // Each thread reads some of the rows.
            var part = Math.Max(1, (count + limits.ThreadsNow - 1) / limits.ThreadsNow);
            Parallel.For(0, (count + part - 1) / part, parts, i =>
            {
                var window = new Window(0, top + i * part, Width, Math.Min(part, count - i * part));
                fixed (byte* t = &truth[i * part * Width])
                fixed (byte* m = &missing[i * part * Width]) inner.Read(window, t, m);
            });
            for (var row = 0; row < count; row++)
            {
                for (var x = 0; x < Width; x++)
                {
                    if (truth[row * Width + x] != 0 && missing[row * Width + x] == 0) last[x] = top + row;
                    rows[x] = last[x] < 0 ? -1 : top + row - last[x];
                }
                RandomAccess.Write(file, MemoryMarshal.AsBytes(rows.AsSpan()), (long)(top + row) * Width * PixelBytes);
            }
        }
    }

    private void Up(SafeFileHandle file, Limits limits)
    {
        var rows = new int[BandRows * Width];
        var next = new int[Width];
        Array.Fill(next, -1);
        var parts = new ParallelOptions { MaxDegreeOfParallelism = limits.ThreadsNow, CancellationToken = limits.Cancellation };
        for (var bottom = (int)Grid.Height; bottom > 0; bottom -= BandRows)
        {
            var (count, end) = (Math.Min(BandRows, bottom), bottom);
            for (var row = count - 1; row >= 0; row--)
            {
                var line = rows.AsSpan(row * Width, Width);
                Read(file, MemoryMarshal.AsBytes(line), (long)(end - count + row) * Width * PixelBytes);
                for (var x = 0; x < Width; x++)
                {
                    if (line[x] == 0) next[x] = end - count + row;
                    if (next[x] >= 0 && (line[x] < 0 || next[x] - (end - count + row) < line[x])) line[x] = next[x] - (end - count + row);
                }
            }
            Parallel.For(0, count, parts, () => (Sites: new int[Width], Starts: new double[Width + 1], Found: new double[Width]), (row, _, memory) =>
            {
                Distance.Envelope(rows.AsSpan(row * Width, Width), memory.Sites, memory.Starts, 0, stepX, stepY, double.PositiveInfinity, memory.Found);
                RandomAccess.Write(file, MemoryMarshal.AsBytes(memory.Found.AsSpan()), (long)(end - count + row) * Width * PixelBytes);
                return memory;
            }, static _ => { });
        }
    }

    private static void Read(SafeFileHandle file, Span<byte> into, long at)
    {
        while (!into.IsEmpty)
        {
            var got = RandomAccess.Read(file, into, at);
            if (got == 0) throw new IOException("the temporary file became shorter");
            into = into[got..];
            at += got;
        }
    }

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        Prepare(Limits.Default);
        var place = PlaceOn(reference)!.Value;
        var rowBytes = (int)window.Width * PixelBytes;
        for (var row = 0; row < window.Height; row++)
            Read(distances!, into.Slice(row * rowBytes, rowBytes), ((window.Y - place.Y + row) * Grid.Width + window.X - place.X) * PixelBytes);
    }

    public void Dispose()
    {
        inner.Dispose();
        distances?.Dispose();
    }
}
