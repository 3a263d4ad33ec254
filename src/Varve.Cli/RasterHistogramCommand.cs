using System.CommandLine;
using System.Text.Json;
using Varve.Raster;
using Varve.Raster.Grids;
using Map = Varve.Raster.Raster;

namespace Varve.Cli;

/// <summary><c>varve raster histogram</c>: how many pixels have which values.</summary>
internal static class RasterHistogramCommand
{
    private const int BarLength = 40, MostBins = 65536;

    /// <summary>A line of a histogram: values from one to another, or one value where the two are the same.</summary>
    private sealed record Bin(double From, double To, long Count);

    public static Command Make()
    {
        var words = new Argument<string[]>("expression") { Description = "An expression over the layers, or a file", HelpName = "EXPR|FILE", Arity = ArgumentArity.ZeroOrMore };
        var bins = new Option<int?>("--bins") { Description = "How many bins of one width; else 10", HelpName = "N" };
        var range = new Option<string>("--range") { Description = "From where to where; else from the least value to the most, by one more pass", HelpName = "LOW,HIGH" };
        var each = new Option<bool>("--values") { Description = "How often each value occurs, instead of bins" };
        var csv = new Option<bool>("--csv") { Description = "As CSV: from,to,count" };
        var command = new Command("histogram", "How many pixels have which values, exactly: in bins, or each value") { words, bins, range, each, csv };
        var options = new RasterOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var raster = options.Rasters(parsed, parsed.GetValue(words) ?? []) is [var only] ? only : throw new UsageException("a histogram is of one raster at a time");
            if (parsed.GetValue(each) && (parsed.GetValue(bins) is not null || parsed.GetValue(range) is not null)) throw new UsageException("--values counts each value; --bins and --range are for bins");
            if (parsed.GetValue(bins) is { } asked && asked is < 1 or > MostBins) throw new UsageException($"--bins {parsed.GetValue(bins)}: 1 to {MostBins}");
            using var interrupt = new Interrupt(static () => { });
            var limits = options.Limits(parsed, common, interrupt.Token);
            var statistics = raster.Statistics(limits);
            var lines = parsed.GetValue(each) ? ValuesOf(raster, limits) : BinsOf(raster, statistics, parsed.GetValue(bins) ?? 10, parsed.GetValue(range), limits);
            if (common.Json) Json(lines, statistics);
            else if (parsed.GetValue(csv)) Csv(lines);
            else Print(lines, statistics);
            return 0;
        });
        return command;
    }

    private static List<Bin> ValuesOf(Map raster, Limits limits)
    {
        var counts = raster.Values(limits);
        if (counts.Counts.Length == 0) return [];
        var values = Map.FromArray(counts.Values, counts.Type, new Grid(0, 0, 1, -1, counts.Counts.Length, 1, Projection.None)).AsType(PixelType.Float64).Read().As<double>().ToArray();
        return [.. values.Zip(counts.Counts, static (v, n) => new Bin(v, v, n)).OrderBy(static b => b.From)];
    }

    private static List<Bin> BinsOf(Map raster, Statistics statistics, int count, string? range, Limits limits)
    {
        var ends = range is null ? [statistics.Min, statistics.Max] : range.Split(',').Select(static w => RasterWriteOptions.Number(w, "--range")).ToArray();
        if (ends.Length != 2 || (range is not null && !(ends[0] < ends[1]))) throw new UsageException($"--range {range}: give two numbers, the lower one first");
        if (statistics.Count == 0 && range is null) return [];
        if (!double.IsFinite(ends[0]) || !double.IsFinite(ends[1])) throw new RasterException($"values go from {PixelTypes.Text(ends[0])} to {PixelTypes.Text(ends[1])}; say from where to where: --range LOW,HIGH");
        // As numpy has it: all of one value lie in the middle of a width of 1.
        if (ends[0] == ends[1]) ends = [ends[0] - 0.5, ends[1] + 0.5];
        var counts = raster.Histogram(ends[0], ends[1], count, limits);
        var step = (ends[1] - ends[0]) / count;
        return [.. counts.Select((n, i) => new Bin(ends[0] + i * step, i == count - 1 ? ends[1] : ends[0] + (i + 1) * step, n))];
    }

    private static void Print(List<Bin> lines, Statistics statistics)
    {
        var isEach = lines.TrueForAll(static b => b.From == b.To);
        var cells = lines.ConvertAll(b => (From: PixelTypes.Text(b.From), To: isEach ? "" : PixelTypes.Text(b.To), Count: b.Count.ToString("#,0", System.Globalization.CultureInfo.InvariantCulture)));
        var (wide, wideTo, wideCount) = (cells.Select(static c => c.From.Length).DefaultIfEmpty().Max(), cells.Select(static c => c.To.Length).DefaultIfEmpty().Max(), cells.Select(static c => c.Count.Length).DefaultIfEmpty().Max());
        var most = Math.Max(1, lines.Select(static b => b.Count).DefaultIfEmpty().Max());
        for (var i = 0; i < lines.Count; i++)
            Console.Out.WriteLine($"{cells[i].From.PadLeft(wide)}{(isEach ? "" : $" to {cells[i].To.PadLeft(wideTo)}")}  {cells[i].Count.PadLeft(wideCount)}  {new string('#', (int)Math.Ceiling((double)lines[i].Count / most * BarLength))}".TrimEnd());
        var outside = statistics.Count - lines.Sum(static b => b.Count);
        Console.Out.WriteLine($"{Words.Count(statistics.Count, "pixel")}{(outside > 0 ? $", {outside:#,0} of them outside the range" : "")}; {statistics.Missing:#,0} missing");
    }

    private static void Csv(List<Bin> lines)
    {
        Console.Out.WriteLine("from,to,count");
        foreach (var line in lines) Console.Out.WriteLine($"{PixelTypes.Text(line.From)},{PixelTypes.Text(line.To)},{line.Count}");
    }

    private static void Json(List<Bin> lines, Statistics statistics)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteStartArray("bins");
            foreach (var line in lines) Write(json, line);
            json.WriteEndArray();
            json.WriteNumber("count", statistics.Count);
            json.WriteNumber("outside", statistics.Count - lines.Sum(static b => b.Count));
            json.WriteNumber("missing", statistics.Missing);
        });
    }

    private static void Write(Utf8JsonWriter json, Bin line)
    {
        json.WriteStartObject();
        // JSON has no infinity.
        foreach (var (name, value) in ((string, double)[])[("from", line.From), ("to", line.To)])
            if (double.IsFinite(value)) json.WriteNumber(name, value);
            else json.WriteNull(name);
        json.WriteNumber("count", line.Count);
        json.WriteEndObject();
    }
}
