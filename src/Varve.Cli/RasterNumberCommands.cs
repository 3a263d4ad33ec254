using System.CommandLine;
using System.Text.Json;
using Varve.Raster;
using Varve.Raster.Grids;

namespace Varve.Cli;

/// <summary><c>varve raster sum</c> and <c>varve raster stats</c>: expressions, computed into numbers.</summary>
internal static class RasterNumberCommands
{
    private static Argument<string[]> Words() => new("expression") { Description = "Expressions over the layers, or files; several are computed together", HelpName = "EXPR|FILE", Arity = ArgumentArity.ZeroOrMore };

    public static Command MakeSum()
    {
        var words = Words();
        var command = new Command("sum", "The sum of all pixels that are not missing: exact, and rounded once") { words };
        var options = new RasterOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var interrupt = new Interrupt(static () => { });
            var all = Raster.Raster.Sums(options.Rasters(parsed, parsed.GetValue(words) ?? []), options.Limits(parsed, common, interrupt.Token));
            if (common.Json) WriteJson(json => { foreach (var one in all) Number(json, "sum", one); }, all.Count);
            else foreach (var one in all) Console.Out.WriteLine(Sum(one));
            return 0;
        });
        return command;
    }

    public static Command MakeStatistics()
    {
        var words = Words();
        var command = new Command("stats", "Count, sum, least, most, mean and standard deviation, in one pass") { words };
        var quantiles = new Option<string>("--quantiles") { Description = "Also these, by up to four more passes: 0.05,0.5,0.95", HelpName = "LIST" };
        command.Add(quantiles);
        var options = new RasterOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var interrupt = new Interrupt(static () => { });
            var fractions = (parsed.GetValue(quantiles) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static f => RasterWriteOptions.Number(f, "--quantiles")).ToList();
            var rasters = options.Rasters(parsed, parsed.GetValue(words) ?? []);
            var limits = options.Limits(parsed, common, interrupt.Token);
            var all = Raster.Raster.Statistics(rasters, limits);
            for (var i = 0; i < all.Count; i++)
            {
                var ranked = fractions.Count == 0 ? [] : fractions.Zip(rasters[i].Quantiles(fractions, limits)).ToList();
                if (common.Json)
                {
                    WriteJson(json =>
                    {
                        Body(json, all[i]);
                        foreach (var (fraction, value) in ranked)
                        {
                            json.WritePropertyName($"quantile{PixelTypes.Text(fraction)}");
                            Value(json, PixelTypes.Text(value));
                        }
                    }, 1);
                    continue;
                }
                Print(all[i]);
                foreach (var (fraction, value) in ranked) Console.Out.WriteLine($"{"q " + PixelTypes.Text(fraction),-10} {PixelTypes.Text(value)}");
            }
            return 0;
        });
        return command;
    }

    private static void WriteJson(Action<Utf8JsonWriter> body, int count)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            if (count != 1) json.WriteStartArray("sums");
            body(json);
            if (count != 1) json.WriteEndArray();
        });
    }

    internal static string Sum(Statistics one) => one.WholeSum is { } whole ? whole.ToString() : PixelTypes.Text(one.Sum);

    private static void Number(Utf8JsonWriter json, string name, Statistics one)
    {
        json.WritePropertyName(name);
        Value(json, one.WholeSum is { } whole ? whole.ToString() : PixelTypes.Text(one.Sum));
    }

    internal static void Body(Utf8JsonWriter json, Statistics one)
    {
        json.WriteString("type", one.Type.ToString());
        json.WriteNumber("count", one.Count);
        json.WriteNumber("missing", one.Missing);
        Number(json, "sum", one);
        foreach (var (name, value) in Extremes(one))
        {
            json.WritePropertyName(name);
            Value(json, PixelTypes.Text(value));
        }
    }

    /// <summary>JSON has no NaN: what is not a number is null.</summary>
    private static void Value(Utf8JsonWriter json, string text)
    {
        if (text is "nan" or "Infinity" or "-Infinity" or "∞" or "-∞") json.WriteNullValue();
        else json.WriteRawValue(text);
    }

    private static IEnumerable<(string Name, double Value)> Extremes(Statistics one) => [("min", one.Min), ("max", one.Max), ("mean", one.Mean), ("deviation", one.Deviation)];

    private static void Print(Statistics one)
    {
        void Line(string name, string value) => Console.Out.WriteLine($"{name,-10} {value}");
        Line("type", one.Type.ToString());
        Line("count", one.Count.ToString());
        Line("missing", one.Missing.ToString());
        Line("sum", Sum(one));
        foreach (var (name, value) in Extremes(one)) Line(name, PixelTypes.Text(value));
    }
}
