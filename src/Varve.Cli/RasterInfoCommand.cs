using System.CommandLine;
using Varve.Raster.Files;
using Varve.Raster.Grids;

namespace Varve.Cli;

/// <summary><c>varve raster info</c>: what a file says of itself; no pixel is read.</summary>
internal static class RasterInfoCommand
{
    public static Command Make()
    {
        var files = new Argument<string[]>("file") { Description = "GeoTIFF files", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var command = new Command("info", "What a raster file is: size, place, type, blocks, bands") { files };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            foreach (var file in parsed.GetValue(files)!)
            {
                using var tiff = GeoTiff.Open(file);
                if (common.Json) Json(tiff);
                else Print(tiff);
            }
            return 0;
        });
        return command;
    }

    private static void Print(GeoTiff tiff)
    {
        var (image, grid) = (tiff.Image, tiff.Grid);
        void Line(string name, string value) => Console.Out.WriteLine(Words.Line($"{name,-12}{value}"));
        Line("file", tiff.Name);
        Line("size", $"{image.Width} x {image.Height} pixels, {Words.Count(image.Bands, "band")}");
        Line("type", image.WhyNot().Length == 0 ? image.Type.ToString() : $"cannot be read: {image.WhyNot()}");
        Line("nodata", tiff.NoData is { } none ? PixelTypes.Text(none) : tiff.HasMask ? "by a mask" : "none");
        Line("projection", grid.Projection.ToString());
        if (grid.IsPlaced)
        {
            Line("pixel", $"{PixelTypes.Text(grid.StepX)} x {PixelTypes.Text(Math.Abs(grid.StepY))}{(grid.StepY > 0 ? ", the first row is the southernmost" : "")}");
            Line("from", $"({PixelTypes.Text(grid.X)}, {PixelTypes.Text(grid.Y)})");
            Line("to", $"({PixelTypes.Text(grid.AtColumn(grid.Width))}, {PixelTypes.Text(grid.AtRow(grid.Height))})");
        }
        Line("blocks", $"{image.BlockWidth} x {(image.IsTiled ? image.BlockHeight : image.StoredRows)} {(image.IsTiled ? "tiles" : "strips")}, {image.CompressionName}"
            + (image.Predictor > 1 ? $", predictor {image.Predictor}" : "") + (image.IsPlanar ? ", bands apart" : image.Bands > 1 ? ", bands together" : ""));
        if (tiff.Overviews.Count > 0) Line("overviews", string.Join(", ", tiff.Overviews.Select(static o => $"{o.Width} x {o.Height}")));
        if (tiff.ColorMap is not null) Line("colours", "a palette");
        Line("bytes", $"{Words.Size(tiff.Bytes)}{(tiff.IsBigTiff ? ", BigTIFF" : "")}{(tiff.IsLittleEndian ? "" : ", big-endian")}");
    }

    private static void Json(GeoTiff tiff)
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
            json.WriteNumberValue(image.IsTiled ? image.BlockHeight : image.StoredRows);
            json.WriteEndArray();
            json.WriteBoolean("tiled", image.IsTiled);
            json.WriteString("compression", image.CompressionName);
            json.WriteNumber("predictor", image.Predictor);
            json.WriteNumber("overviews", tiff.Overviews.Count);
            json.WriteNumber("bytes", tiff.Bytes);
        });
    }
}
