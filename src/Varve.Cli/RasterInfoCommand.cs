using System.CommandLine;
using Varve.Raster.Files;
using Varve.Raster.Gdal;
using Varve.Raster.Grids;

namespace Varve.Cli;

/// <summary><c>varve raster info</c>: what a file says of itself; no pixel is read.</summary>
internal static class RasterInfoCommand
{
    public static Command Make()
    {
        var files = new Argument<string[]>("file") { Description = "Raster files: GeoTIFF, or what GDAL reads where it is installed", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var command = new Command("info", "What a raster file is: size, place, type, blocks, bands") { files };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            foreach (var file in parsed.GetValue(files)!)
            {
                using var tiff = RasterFiles.Open(file);
                if (common.Json) Json(tiff);
                else Print(tiff);
            }
            return 0;
        });
        return command;
    }

    private static void Print(RasterFile tiff)
    {
        var (image, grid) = (tiff.Image, tiff.Grid);
        void Line(string name, string value) => Console.Out.WriteLine(Words.Line($"{name,-12}{value}"));
        Line("file", tiff.Name);
        Line("size", $"{image.Width} x {image.Height} pixels, {Words.Count(image.Bands, "band")}");
        Line("type", image.WhyNot().Length == 0 ? image.Type.ToString() : $"cannot be read: {image.WhyNot()}");
        Line("nodata", MaskOf(tiff) is { } mask ? mask : tiff.NoData is { } none ? PixelTypes.Text(none) : "none");
        Line("projection", grid.Projection.ToString());
        if (grid.IsPlaced)
        {
            Line("pixel", $"{PixelTypes.Text(grid.StepX)} x {PixelTypes.Text(Math.Abs(grid.StepY))}{(grid.StepY > 0 ? ", the first row is the southernmost" : "")}");
            Line("from", $"({PixelTypes.Text(grid.X)}, {PixelTypes.Text(grid.Y)})");
            Line("to", $"({PixelTypes.Text(grid.AtColumn(grid.Width))}, {PixelTypes.Text(grid.AtRow(grid.Height))})");
        }
        if (tiff.WhyNoGrid.Length > 0) Line("place", tiff.WhyNoGrid);
        if (tiff.ColorMap is not null) Line("colours", "a palette");
        if (tiff is GeoTiff own) PrintLayout(own, Line);
        else if (tiff is GdalFile other) Line("format", $"{other.Format}, read by GDAL {image.BlockWidth} x {image.BlockHeight} pixels at a time");
    }

    /// <summary>What masks the first band; null when nothing does, or it cannot be read.</summary>
    private static string? MaskOf(RasterFile tiff) => tiff.Image.WhyNot().Length > 0 ? null : tiff.MaskOf(0) switch
    {
        null => null,
        { IsAlpha: true } => $"where band {tiff.Image.Bands} (alpha) is 0",
        { File: MaskFile { IsBeside: true } file } => $"by the mask {file.Name}",
        _ => "by a mask in the file",
    };

    private static void PrintLayout(GeoTiff tiff, Action<string, string> line)
    {
        var image = tiff.Image;
        line("blocks", $"{image.BlockWidth} x {(image.IsTiled ? image.BlockHeight : image.StoredRows)} {(image.IsTiled ? "tiles" : "strips")}, {image.CompressionName}"
            + (image.Predictor > 1 ? $", predictor {image.Predictor}" : "") + (image.IsPlanar ? ", bands apart" : image.Bands > 1 ? ", bands together" : ""));
        if (tiff.Overviews.Count > 0) line("overviews", string.Join(", ", tiff.Overviews.Select(static o => $"{o.Width} x {o.Height}")));
        line("bytes", $"{Words.Size(tiff.Bytes)}{(tiff.IsBigTiff ? ", BigTIFF" : "")}{(tiff.IsLittleEndian ? "" : ", big-endian")}");
    }

    private static void Json(RasterFile tiff)
    {
        var (image, grid) = (tiff.Image, tiff.Grid);
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("file", TraceJson.Safe(tiff.Name));
            json.WriteNumber("width", image.Width);
            json.WriteNumber("height", image.Height);
            json.WriteNumber("bands", image.Bands);
            json.WriteString("type", image.Type.ToString());
            if (tiff.NoData is { } none) json.WriteString("nodata", PixelTypes.Text(none));
            if (MaskOf(tiff) is { } mask) json.WriteString("mask", TraceJson.Safe(mask));
            json.WriteString("projection", TraceJson.Safe(grid.Projection.ToString()));
            if (grid.Projection.Epsg is { } code) json.WriteNumber("epsg", code);
            if (grid.IsPlaced)
            {
                json.WriteStartArray("origin");
                json.WriteNumberValue(grid.X);
                json.WriteNumberValue(grid.Y);
                json.WriteEndArray();
                json.WriteStartArray("step");
                json.WriteNumberValue(grid.StepX);
                json.WriteNumberValue(grid.StepY);
                json.WriteEndArray();
            }
            json.WriteStartArray("block");
            json.WriteNumberValue(image.BlockWidth);
            json.WriteNumberValue(image is TiffImage { IsTiled: false } strips ? strips.StoredRows : image.BlockHeight);
            json.WriteEndArray();
            json.WriteBoolean("tiled", image.IsTiled);
            if (tiff is GdalFile other) json.WriteString("format", other.Format);
            if (tiff is not GeoTiff own) return;
            json.WriteString("compression", own.Image.CompressionName);
            json.WriteNumber("predictor", own.Image.Predictor);
            json.WriteNumber("overviews", own.Overviews.Count);
            json.WriteNumber("bytes", own.Bytes);
        });
    }
}
