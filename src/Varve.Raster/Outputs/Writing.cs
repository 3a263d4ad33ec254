using Varve.Raster.Evaluation;
using Varve.Raster.Files;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Reductions;

namespace Varve.Raster.Outputs;

/// <summary>Writes files: in as few passes as their areas allow, each file appearing when it is whole.</summary>
internal static class Writing
{
    public static void Run(IReadOnlyList<Output> outputs, Limits limits)
    {
        Check(outputs);
        foreach (var output in outputs.Where(static o => o.Options.Cog)) CogOutput.Write(output, limits);
        var plain = outputs.Where(static o => !o.Options.Cog).ToList();
        if (plain.Count == 0) return;
        foreach (var group in Areas.Group([.. plain.Select(static o => o.Bands[0].Node)])) Together([.. group.Select(i => plain[i])], null, limits);
    }

    /// <summary>Writes a file, and sums a raster on its area in the same pass.</summary>
    public static Statistics RunAndSum(Output output, Raster raster, Limits limits)
    {
        Check([output]);
        if (!output.Options.Cog) return Together([output], raster.Node, limits)!;
        CogOutput.Write(output, limits);
        return Raster.Tallied([raster], Wanted.Sum, limits)[0];
    }

    private static void Check(IReadOnlyList<Output> outputs)
    {
        foreach (var output in outputs)
        {
            if (output.Bands.Count == 0) throw new RasterException($"{output.Path}: a file has at least one band");
            if (Areas.Group([.. output.Bands.Select(static b => b.Node)]).Count > 1) throw new RasterException($"{output.Path}: its bands lie on different areas; where(...) or a product with one layer lays them on one");
        }
    }

    private static Statistics? Together(IReadOnlyList<Output> outputs, Node? summed, Limits limits)
    {
        var nodes = new List<Node>();
        var files = new List<(Output Output, FileValues Values, List<int> Roots, List<bool> MayClash)>();
        foreach (var output in outputs)
        {
            var bands = output.Bands.Select(static b => b.Node).ToList();
            var values = FileValues.Of(bands, output.Options);
            var roots = new List<int>();
            foreach (var band in bands)
            {
                roots.Add(nodes.Count);
                nodes.Add(band.Type == values.Type || (band.Type == PixelType.Boolean && values.Type == PixelType.Byte) ? band : Cast.To(band, values.Type));
            }
            files.Add((output, values, roots, [.. bands.Select(values.MayClash)]));
        }
        if (summed is not null) nodes.Add(summed);
        var sum = summed is null ? null : new TallySink(nodes.Count - 1, Wanted.Sum);
        var pass = new Pass(nodes, limits);
        if (pass.Everything.IsEmpty) throw new RasterException($"{outputs[0].Path}: the layers of this expression share no pixel, so there is nothing to write");
        var grid = pass.Grid;
        var (width, height) = TileSize(pass, outputs.Select(static o => o.Options.TileSize).FirstOrDefault(static t => t is not null), limits);
        var sinks = new List<GeoTiffSink>();
        try
        {
            foreach (var (output, values, roots, mayClash) in files)
            {
                var options = output.Options;
                var layout = LayoutOf(grid, values, options, roots.Count, width, height);
                Check(layout, options, output.Path);
                sinks.Add(new GeoTiffSink(output.Path, layout, roots, mayClash).Within(pass.Everything));
            }
            var report = pass.Run(sum is null ? sinks : [.. sinks, sum]);
            limits.Done?.Invoke(report);
            return sum?.Result;
        }
        finally
        {
            foreach (var sink in sinks) sink.Dispose();
        }
    }

    private static void Check(TiffLayout layout, WriteOptions options, string path)
    {
        if (layout.Predictor is not (1 or 2 or 3)) throw new RasterException($"{path}: predictors are 1 (none), 2 (differences) and 3 (differences of real numbers)");
        if (layout.Predictor == 3 && !layout.Type.IsFloat()) throw new RasterException($"{path}: predictor 3 is for real numbers, and the pixels are {layout.Type}; 2 is for integers");
        var most = options.Compression == Compression.Zstd ? 22 : 9;
        if (options.Level is { } level && (level < 1 || level > most)) throw new RasterException($"{path}: levels of {options.Compression} are 1 to {most}");
    }

    /// <summary>The tiles of an input where the output lies on them, else what memory has room for.</summary>
    private static (int Width, int Height) TileSize(Pass pass, int? asked, Limits limits)
    {
        if (asked is { } size)
            return size is >= 16 and <= 8192 && size % 16 == 0 ? (size, size) : throw new RasterException("the size of tiles is a multiple of 16, from 16 to 8192");
        foreach (var source in pass.Program.Sources.OfType<RasterSource>().OrderByDescending(static s => s.Pieces[0].File.Image.BlockBytes))
        {
            var image = source.Pieces[0].File.Image;
            var place = pass.Placement.Of(source);
            if (image.IsTiled && place.X == pass.Everything.X && place.Y == pass.Everything.Y && image.BlockWidth is >= 128 and <= 1024 && image.BlockHeight is >= 128 and <= 1024 && image.BlockWidth % 16 == 0 && image.BlockHeight % 16 == 0)
                return ((int)image.BlockWidth, (int)image.BlockHeight);
        }
        var rows = TilingPlan.TileRows(pass.Program.Sources, pass.Everything, limits.MemoryNow);
        return (rows < 256 ? 512 : rows, rows);
    }

    /// <summary>The layout of a file on a grid, as its options and its values ask for.</summary>
    public static TiffLayout LayoutOf(Grid grid, FileValues values, WriteOptions options, int bands, int tileWidth, int tileHeight) => new()
    {
        Grid = grid,
        Type = values.Type,
        Bands = bands,
        TileWidth = tileWidth,
        TileHeight = tileHeight,
        Compression = options.Compression,
        Level = options.Level,
        Predictor = options.Predictor ?? TiffLayout.PredictorFor(values.Type, options.Compression),
        NoData = values.NoData,
        BigTiff = options.BigTiff,
        IsSparse = options.Sparse,
        Metadata = BandNames.Xml(options.BandNames),
        ColorMap = options.ColorMap,
    };
}
