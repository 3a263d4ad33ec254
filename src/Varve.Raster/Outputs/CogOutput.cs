using Varve.Raster.Files;

namespace Varve.Raster.Outputs;

/// <summary>Makes a Cloud Optimized GeoTIFF: the image first, beside its place, then each overview from the one before.</summary>
internal static class CogOutput
{
    private const int Smallest = 512, Tile = 512;

    public static void Write(Output output, Limits limits)
    {
        var full = Path.GetFullPath(output.Path);
        if (Directory.Exists(full)) throw new RasterException($"{output.Path}: it is a folder; name the file to write");
        var (paths, files) = (new List<string>(), new List<GeoTiff>());
        try
        {
            paths.Add(PartialFile.For(full));
            Writing.Run([output with { Path = paths[0], Options = output.Options with { Cog = false, TileSize = output.Options.TileSize ?? Tile } }], limits);
            files.Add(GeoTiff.Open(paths[0]));
            while (Math.Max(files[^1].Grid.Width, files[^1].Grid.Height) > Smallest)
            {
                paths.Add(PartialFile.For(full));
                Reduce(files[^1], paths[^1], output.Options, limits with { Done = null });
                files.Add(GeoTiff.Open(paths[^1]));
            }
            CogAssembly.Write(output.Path, files, [.. files.Select(f => Layout(f, output.Options))]);
        }
        catch (RasterException e) when (paths.Count > 0 && e.Message.Contains(paths[^1], StringComparison.Ordinal))
        {
            throw new RasterException(e.Message.Replace(paths[^1], output.Path, StringComparison.Ordinal), e);
        }
        finally
        {
            foreach (var file in files) file.Dispose();
            foreach (var path in paths) File.Delete(path);
        }
    }

    private static void Reduce(GeoTiff file, string path, WriteOptions options, Limits limits)
    {
        var how = options.Overviews ?? (file.Image.Type is PixelType.Float32 or PixelType.Float64 ? Reduction.Average : Reduction.Nearest);
        var sources = Enumerable.Range(0, file.Image.Bands).Select(b => new ReducedSource(file, b, how)).ToList();
        try
        {
            var same = options with { Cog = false, TileSize = (int)file.Image.BlockWidth, Type = file.Image.Type, NoData = file.NoData, ColorMap = null, BandNames = [] };
            // What is missing is so by the same number: no value is another by being read and written again.
            Writing.Run([new Output(path, [.. sources.Select(static s => new Raster(s))], same)], limits);
        }
        finally
        {
            foreach (var source in sources) source.Dispose();
        }
    }

    private static TiffLayout Layout(GeoTiff file, WriteOptions options) => new()
    {
        Grid = file.Grid,
        Type = file.Image.Type,
        Bands = file.Image.Bands,
        TileWidth = (int)file.Image.BlockWidth,
        TileHeight = (int)file.Image.BlockHeight,
        Compression = options.Compression,
        Predictor = file.Image.Predictor,
        NoData = file.NoData,
        BigTiff = options.BigTiff,
        Metadata = file.Metadata,
        ColorMap = file.ColorMap,
    };
}
