using System.Numerics;
using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// Polygons, lines and points as pixels: inside or on them is their value, outside 0. They lie on the rectangle of pixels around them. A point is
/// inside when a ray from it crosses the rings of its shape an odd number of times; later shapes lie over earlier ones.
/// </summary>
internal sealed class PolygonSource : Generated
{
    private readonly GeoJson file;
    private readonly double[] values;
    private readonly Coverage coverage;
    private readonly Lock gate = new();
    private readonly bool isCapped;
    private (Grid Grid, PolygonEdges Edges)? prepared;

    /// <param name="file">The polygons.</param>
    /// <param name="type">Of the values.</param>
    /// <param name="values">Of each shape.</param>
    /// <param name="coverage">Which pixels are theirs.</param>
    /// <exception cref="RasterException">Parts of pixels are asked for, and there are lines or points.</exception>
    public PolygonSource(GeoJson file, PixelType type, double[] values, Coverage coverage) : base(type, RangeOf(type, values), false)
    {
        (this.file, this.values, this.coverage, isCapped) = (file, values, coverage, Array.TrueForAll(values, static v => v == 1));
        if (coverage == Coverage.Fraction && file.Shapes.Any(static s => s.Paths.Count > 0)) throw new RasterException($"{file.Name}: it holds lines or points, which take no part of a pixel; fractions are of polygons");
    }

    public override string Name => file.Name;

    /// <summary>Left, top, right and bottom of all shapes, in their projection.</summary>
    public double[] Envelope()
    {
        double[] around = [double.PositiveInfinity, double.NegativeInfinity, double.NegativeInfinity, double.PositiveInfinity];
        foreach (var ring in file.Shapes.SelectMany(static s => s.Rings.Concat(s.Paths)))
            for (var i = 0; i + 1 < ring.Length; i += 2)
                around = [Math.Min(around[0], ring[i]), Math.Max(around[1], ring[i + 1]), Math.Max(around[2], ring[i]), Math.Min(around[3], ring[i + 1])];
        return around;
    }

    private static ValueRange? RangeOf(PixelType type, double[] values) =>
        type.IsFloat() || values.Length == 0 ? null : new ValueRange(0, 0).With(new ValueRange((Int128)values.Min(), (Int128)values.Max()));

    public override Window? PlaceOn(Grid reference) => On(reference).Bounds;

    private PolygonEdges On(Grid reference)
    {
        lock (gate)
        {
            if (prepared is { } known && known.Grid == reference) return known.Edges;
            var shapes = file.Shapes;
            if (!reference.Projection.IsSame(file.Projection))
            {
                if (!Gdal.Gdal.IsThere) throw new RasterException($"{file.Name} is in {file.Projection} and the rasters in {reference.Projection}; {Gdal.Gdal.Install}, which brings one to the other; without it ogr2ogr -t_srs does on another machine");
                shapes = ReprojectedShapes.Of(file.Name, shapes, file.Projection, reference);
            }
            var edges = new PolygonEdges(shapes, reference, coverage);
            prepared = (reference, edges);
            return edges;
        }
    }

    public override double? Uniform(Grid reference, Window window) => coverage == Coverage.Fraction && !isCapped && !window.And(On(reference).Bounds).IsEmpty ? null : On(reference).Uniform(window) switch { null => null, < 0 => 0, var shape => values[shape.Value] };

    public override void Fill(Grid reference, Window window, Span<byte> into) => Step.ForType(Type, new Maker(this, On(reference), window)).Fill(into);

    private sealed record Maker(PolygonSource Source, PolygonEdges Edges, Window Window) : IMaker<Work>
    {
        public Work Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new Work<T>(Source, Edges, Window);
    }

    private abstract class Work
    {
        public abstract void Fill(Span<byte> into);
    }

    private sealed class Work<T>(PolygonSource source, PolygonEdges edges, Window window) : Work where T : unmanaged, INumber<T>
    {
        public override void Fill(Span<byte> into)
        {
            into.Clear();
            if (source.coverage == Coverage.Fraction)
            {
                var parts = MemoryMarshal.Cast<byte, double>(into);
                for (var row = 0L; row < window.Height; row++) edges.Cover(window.Y + row, window.X, source.values, source.isCapped, parts.Slice((int)(row * window.Width), (int)window.Width));
                return;
            }
            var memory = new RowMemory();
            for (var row = 0L; row < window.Height; row++)
            {
                var line = MemoryMarshal.Cast<byte, T>(into).Slice((int)(row * window.Width), (int)window.Width);
                foreach (var (shape, from, to) in edges.Row(window.Y + row, memory))
                {
                    var (first, last) = (Math.Max(from, window.X), Math.Min(to, window.Right));
                    if (first < last) line[(int)(first - window.X)..(int)(last - window.X)].Fill(T.CreateSaturating(source.values[shape]));
                }
            }
        }
    }
}
