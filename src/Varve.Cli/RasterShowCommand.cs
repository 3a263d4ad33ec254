using System.CommandLine;
using System.Text;
using Varve.Raster;
using Varve.Raster.Gdal;
using Varve.Raster.Grids;
using Varve.Raster.Outputs;
using Map = Varve.Raster.Raster;

namespace Varve.Cli;

/// <summary><c>varve raster show</c>: a picture, on the terminal or as PNG.</summary>
internal static class RasterShowCommand
{
    private const string Shades = " .:-=+*#%@";

    public static Command Make()
    {
        var words = new Argument<string[]>("raster") { Description = "A file, or an expression over the layers", HelpName = "RASTER", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string>("--output", "-o") { Description = "Write a PNG here, with a legend, instead", HelpName = "FILE" };
        var colors = new Option<string>("--colors") { Description = "viridis, terrain, grey, heat or difference; else the file's palette, or viridis", HelpName = "SCALE" };
        var least = new Option<string>("--min") { Description = "The value of the first colour; else the least shown", HelpName = "VALUE" };
        var most = new Option<string>("--max") { Description = "The value of the last colour; else the most shown", HelpName = "VALUE" };
        var size = new Option<int?>("--size") { Description = "Most columns or rows of the PNG; else 1024", HelpName = "PIXELS" };
        var noLegend = new Option<bool>("--no-legend") { Description = "A PNG without a legend" };
        var command = new Command("show", "Show a raster on the terminal, or write a picture of it") { words, output, colors, least, most, size, noLegend };
        var options = new RasterOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var given = parsed.GetValue(words) ?? [];
            var raster = options.Rasters(parsed, given) is [var only] ? only : throw new UsageException("one raster is shown at a time");
            var picture = new PictureOptions
            {
                Size = parsed.GetValue(size) ?? 1024,
                Colors = parsed.GetValue(colors) ?? "viridis",
                Least = parsed.GetValue(least) is { } low ? RasterWriteOptions.Number(low, "--min") : null,
                Most = parsed.GetValue(most) is { } high ? RasterWriteOptions.Number(high, "--max") : null,
                Legend = !parsed.GetValue(noLegend),
                Palette = parsed.GetValue(colors) is null && given is [var file] && File.Exists(file) ? PaletteOf(file) : null,
            };
            using var interrupt = new Interrupt(static () => { });
            var limits = options.Limits(parsed, common, interrupt.Token);
            if (parsed.GetValue(output) is { } path) raster.WritePicture(path, picture, limits);
            else Draw(raster, picture, limits, common.NoColor || Console.IsOutputRedirected);
            return 0;
        });
        return command;
    }

    private static long[]? PaletteOf(string file)
    {
        using var tiff = RasterFiles.Open(file);
        return tiff.ColorMap;
    }

    private static void Draw(Map raster, PictureOptions picture, Limits limits, bool isPlain)
    {
        var grid = raster.Grid;
        var (columns, rows) = isPlain ? (78, 30) : (Math.Max(20, Console.WindowWidth - 1), Math.Max(10, Console.WindowHeight - 3));
        // A character is about twice as high as wide: with colours it shows two pixels, one above the other.
        var (mostX, mostY) = (columns, rows * 2);
        var factor = Math.Min(1, Math.Min((double)mostX / grid.Width, (double)mostY / grid.Height));
        var (width, height) = ((int)Math.Max(1, grid.Width * factor), (int)Math.Max(1, grid.Height * factor));
        if (isPlain) height = Math.Max(1, height / 2);
        var values = raster.Preview(width, height, limits);
        var scale = Map.Scale(values, picture);
        var text = new StringBuilder();
        for (var y = 0; y < height; y += isPlain ? 1 : 2)
        {
            for (var x = 0; x < width; x++)
            {
                if (isPlain) text.Append(Shade(values[y * width + x], scale));
                else Half(text, scale[values[y * width + x]], y + 1 < height ? scale[values[(y + 1) * width + x]] : null);
            }
            text.Append(isPlain ? "\n" : "\e[0m\n");
        }
        text.Append(scale.IsPalette ? $"{grid}\n" : $"{PixelTypes.Text(scale.Least)} to {PixelTypes.Text(scale.Most)}; {grid}\n");
        Console.Out.Write(text);
    }

    private static char Shade(double value, ColorScale scale) =>
        double.IsNaN(value) ? ' ' : Shades[1 + (int)(scale.Most > scale.Least ? Math.Clamp((value - scale.Least) / (scale.Most - scale.Least), 0, 1) * (Shades.Length - 2) : 0)];

    private static void Half(StringBuilder text, uint? above, uint? below)
    {
        if (above is null && below is null)
        {
            text.Append("\e[0m ");
            return;
        }
        string Color(uint color) => $"{color >> 16 & 255};{color >> 8 & 255};{color & 255}";
        text.Append("\e[0m");
        if (above is { } a)
        {
            text.Append("\e[38;2;").Append(Color(a)).Append('m');
            if (below is { } b) text.Append("\e[48;2;").Append(Color(b)).Append('m');
            text.Append('▀');
        }
        else
        {
            text.Append("\e[38;2;").Append(Color(below!.Value)).Append("m▄");
        }
    }
}
