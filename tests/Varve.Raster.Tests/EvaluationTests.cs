using CsCheck;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Any expression over any layers equals what it means pixel by pixel, whatever the files' blocks, the chunks, the memory and the threads.</summary>
public sealed class EvaluationTests
{
    private static readonly PixelType[] Types = [PixelType.Byte, PixelType.Int8, PixelType.UInt16, PixelType.Int16, PixelType.UInt32, PixelType.Int32, PixelType.Float32, PixelType.Float64, PixelType.Int64, PixelType.UInt64];

    /// <summary>A layer of a test: its numbers by hand, and the file that holds them.</summary>
    private sealed record Layer(Grid Grid, PixelType Type, double[] Values, double? NoData, TestLayout Layout);

    private static readonly Gen<TestLayout> Layouts = Gen.Select(Gen.Bool, Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[0, 4], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 6])
        .Select(static (tiled, w, h, pack, predict, bigEndian, bigTiff, hole) => new TestLayout
        {
            IsTiled = tiled,
            BlockWidth = 16 * w,
            BlockHeight = tiled ? 16 * h : 3 * h,
            Compression = ((int[])[1, 5, 8, 50000, 32773])[pack],
            Predictor = predict && pack is 1 or 2 or 3 ? 2 : 1,
            IsBigEndian = bigEndian,
            IsBigTiff = bigTiff,
            Hole = hole < 5 ? 0 : hole - 2,
        });

    private static readonly Gen<Layer> Layers = Gen.Select(Gen.Int[0, Types.Length - 1], Gen.Int[-30, 30], Gen.Int[-30, 30], Gen.Int[1, 90], Gen.Int[1, 90], Gen.Int, Gen.Bool, Layouts)
        .Select(static (typeIndex, x, y, width, height, seed, hasNone, layout) =>
        {
            var type = Types[typeIndex];
            var random = new Random(seed);
            double Value()
            {
                if (random.Next(4) == 0) return Math.Floor(random.NextDouble() * 4);
                if (type.IsFloat()) return random.Next(12) == 0 ? double.NaN : (float)((random.NextDouble() - 0.4) * 300);
                var range = type.Range();
                return random.Next(3) == 0 ? Math.Floor(random.NextDouble() * 100) : Math.Floor(Math.Clamp((random.NextDouble() - (range.Least < 0 ? 0.5 : 0)) * 1e6, (double)range.Least, Math.Min((double)range.Most, 1e9)));
            }
            var values = Enumerable.Range(0, width * height).Select(_ => Value()).ToArray();
            double? none = hasNone ? random.Next(3) switch { 0 => 0, 1 => 1, _ => type is PixelType.Byte ? 255 : 100 } : null;
            return new Layer(new Grid(500 + x * 0.5, 300 - y * 0.5, 0.5, -0.5, width, height, Projection.OfEpsg(4326)), type, values, none, layout with { NoData = none?.ToString(), Predictor = type.IsFloat() && layout.Predictor == 2 ? 3 : layout.Predictor });
        });

    private static byte[] BytesOf(PixelType type, double[] values)
    {
        var bytes = new byte[values.Length * type.Size()];
        for (var i = 0; i < values.Length; i++)
        {
            var known = Evaluation.Known.Of(type, values[i]).Bits;
            BitConverter.GetBytes(known).AsSpan(0, type.Size()).CopyTo(bytes.AsSpan(i * type.Size()));
        }
        return bytes;
    }

    /// <summary>An expression from a stream of small numbers; whatever operators refuse, another takes the place of.</summary>
    private static Raster Grow(IReadOnlyList<Raster> layers, Queue<int> choices, int depth)
    {
        int Next() => choices.TryDequeue(out var next) ? next : 0;
        Raster Leaf() => Next() % 5 switch { 0 => Raster.Constant(1.5), 1 => (Raster)(Next() % 7 - 2), var n => layers[(n + Next()) % layers.Count] };
        if (depth == 0 || choices.Count == 0) return layers[Next() % layers.Count];
        var a = Grow(layers, choices, depth - 1);
        Raster B() => Next() % 3 == 0 ? Leaf() : Grow(layers, choices, depth - 1);
        try
        {
            return (Next() % 36) switch
            {
                0 => a + B(),
                1 => a - B(),
                2 => a * B(),
                3 => a / B(),
                4 => a % B(),
                5 => a.FloorDivide(B()),
                6 => a.AsType(PixelType.Float64).Power(B()),
                7 => a < B(),
                8 => a >= B(),
                9 => a.IsEqual(B()),
                10 => a.IsNotEqual(B()),
                11 => a & B(),
                12 => a | B(),
                13 => a ^ B(),
                14 => !a,
                15 => ~a,
                16 => -a,
                17 => a.Abs(),
                18 => a.Floor(),
                19 => a.Sqrt(),
                20 => a.Log(),
                21 => a.IsIn(1, 2, 3, 100),
                22 => a.IsIn([.. Enumerable.Range(0, 40).Select(static i => i * 3.0)]),
                23 => a.IsMissing(),
                24 => a.Fill(7),
                25 => a.Clip(-5, 50),
                26 => Raster.Minimum(a, B()),
                27 => Raster.Maximum(a, B()),
                28 => Raster.Where(a > 3, a, B()),
                29 => Raster.Where(B(), a, Raster.Missing),
                30 => a.AsType(Types[Next() % Types.Length]),
                31 => a.Within(B() > 2),
                32 => (a > 1) & (B() < 50),
                33 => (a > 1) | B().IsMissing(),
                34 => a.Round(),
                _ => a << (Next() % 4),
            };
        }
        catch (RasterException)
        {
            return a;
        }
    }

    [Fact]
    public void Every_expression_is_what_it_means_pixel_by_pixel() =>
        Gen.Select(Layers.Array[1, 3], Gen.Int[0, 1000].Array[4, 40], Gen.Int[1, 4], Gen.Int[1, 400], Gen.Int[16, 80]).Sample((layers, choices, threads, chunk, tile) =>
        {
            using var folder = new TemporaryFolder();
            var rasters = new List<Raster>();
            for (var i = 0; i < layers.Length; i++)
            {
                TestTiff.Write(folder[$"{i}.tif"], layers[i].Grid, layers[i].Type, [BytesOf(layers[i].Type, Holed(layers[i]))], layers[i].Layout);
                rasters.Add(Raster.Open(folder[$"{i}.tif"]));
            }
            var expression = Grow(rasters, new Queue<int>(choices), 4);
            var limits = new Limits { Threads = threads, ChunkPixels = chunk * 16, Memory = Limits.LeastMemory };
            if (Graph.Node.InOrder([expression.Node]).OfType<Source>().Any()) Compare(expression, rasters, layers, limits, folder[$"out.tif"], tile / 16 * 16);
        }, iter: Math.Max(Check.Iter, 300));

    private static string Said(Node node) => node switch
    {
        Constant c => $"{c.Real}",
        Source s => System.IO.Path.GetFileName(s.Name),
        Binary b => $"{b.Operation}:{b.Operands}->{b.Type}({Said(b.Parts[0])}, {Said(b.Parts[1])})",
        Unary u => $"{u.Function}:{u.Type}({Said(u.Parts[0])})",
        _ => $"{node.GetType().Name}:{node.Type}({string.Join(", ", node.Parts.Select(Said))})",
    };

    /// <summary>Where a block is left out of the file, pixels are what stands for missing ones, or 0.</summary>
    private static double[] Holed(Layer layer)
    {
        if (layer.Layout.Hole == 0) return layer.Values;
        var (width, height) = ((int)layer.Grid.Width, (int)layer.Grid.Height);
        var (blockWidth, blockHeight) = layer.Layout.IsTiled ? (layer.Layout.BlockWidth, layer.Layout.BlockHeight) : (width, Math.Min(layer.Layout.BlockHeight, height));
        var across = (width + blockWidth - 1) / blockWidth;
        for (var i = 0; i < layer.Values.Length; i++)
            if ((i / width / blockHeight * across + i % width / blockWidth) % layer.Layout.Hole == 0) layer.Values[i] = layer.NoData ?? 0;
        return layer.Values;
    }

    private static void Compare(Raster expression, List<Raster> rasters, Layer[] layers, Limits limits, string path, int tile)
    {
        var used = Graph.Node.InOrder([expression.Node]).OfType<Source>().ToList();
        var origin = Alignment.Reference(used.Select(static s => s.Grid!))!;
        var places = rasters.Select(r => ((Source)r.Node).Grid!).Select(g => new Window((long)Math.Round((g.X - origin.X) / 0.5), (long)Math.Round((g.Y - origin.Y) / -0.5), g.Width, g.Height)).ToList();
        int Number(Source source) => rasters.FindIndex(r => r.Node == source);
        var reference = new Reference((source, x, y) =>
        {
            var i = Number(source);
            var value = layers[i].Values[(y - places[i].Y) * places[i].Width + x - places[i].X];
            if (layers[i].NoData == value || double.IsNaN(value)) return new Pixel(true, double.NaN, 0);
            return layers[i].Type.IsFloat() ? new Pixel(false, value, 0) : new Pixel(false, value, (Int128)value);
        }, source => places[Number(source)]);
        if (reference.Area(expression.Node) is not { IsEmpty: false } area) return;
        var array = expression.Read(limits);
        Assert.Equal((area.Width, area.Height), (array.Grid.Width, array.Grid.Height));
        Assert.Equal(origin.X + area.X * 0.5, array.Grid.X, 9);
        var (count, sum) = (0L, new Reductions.ExactSum());
        for (var y = 0L; y < area.Height; y++)
            for (var x = 0L; x < area.Width; x++)
            {
                var must = reference.At(expression.Node, area.X + x, area.Y + y);
                var at = (int)(y * area.Width + x);
                var isMissing = array.Missing is { } missing && missing[at] != 0;
                Assert.True(must.IsMissing == isMissing, $"{x}, {y}: missing {isMissing}, must be {must}: {Said(expression.Node)}");
                if (must.IsMissing) continue;
                count++;
                var bits = new Evaluation.Known(BitsAt(array, at), false);
                var right = array.Type.IsFloat() ? Evaluation.Known.Of(array.Type, must.Whole != 0 ? (double)must.Whole : must.Real) : new Evaluation.Known((ulong)(UInt128)must.Whole & ulong.MaxValue >> (64 - 8 * array.Type.Size()), false);
                Assert.True(bits == right || IsNegativeZero(bits, right, array.Type), $"{x}, {y}: {bits}, must be {must} = {right} ({array.Type}): {Said(expression.Node)}");
                sum.Add(must.Real);
            }
        var statistics = expression.Statistics(limits);
        Assert.Equal((count, area.Pixels - count), (statistics.Count, statistics.Missing));
        if (array.Type.IsFloat()) Assert.Equal(sum.Value(), statistics.Sum);
        try
        {
            expression.Write(path, new WriteOptions { TileSize = tile, Compression = (Compression)(tile / 16 % 4) }, limits);
        }
        catch (RasterException e) when (array.Type.Size() == 8 && e.Message.Contains("is free to stand for that", StringComparison.Ordinal))
        {
            Assert.False(File.Exists(path));
            return;
        }
        var back = Raster.Open(path);
        var written = back.AsType(array.Type).Read(limits);
        Assert.Equal(array.Missing ?? new byte[area.Pixels], written.Missing ?? new byte[area.Pixels]);
        for (var i = 0; i < area.Pixels; i++)
            if ((array.Missing?[i] ?? 0) == 0) Assert.True(BitsAt(array, i) == BitsAt(written, i), $"{i} of the file");
        Assert.Equal(array.Grid, back.Grid);
    }

    private static ulong BitsAt(RasterArray array, int i) =>
        array.Type.Size() switch { 1 => array.Bytes[i], 2 => BitConverter.ToUInt16(array.Bytes, i * 2), 4 => BitConverter.ToUInt32(array.Bytes, i * 4), _ => BitConverter.ToUInt64(array.Bytes, i * 8) };

    /// <summary>0 has no sign in the reference, which counts it as an integer outside areas.</summary>
    private static bool IsNegativeZero(Evaluation.Known a, Evaluation.Known b, PixelType type) => type switch
    {
        PixelType.Float32 => (uint)(a.Bits << 1) == 0 && (uint)(b.Bits << 1) == 0,
        PixelType.Float64 => a.Bits << 1 == 0 && b.Bits << 1 == 0,
        _ => false,
    };
}
