using Varve.Raster.Layers;

namespace Varve.Raster.Expressions;

/// <summary>The functions that expressions may call, by name.</summary>
internal static class Functions
{
    private sealed record Known(int Least, int Most, Func<IReadOnlyList<Raster>, Raster> Make);

    private static readonly Dictionary<string, Known> All = new(StringComparer.Ordinal)
    {
        ["where"] = new(3, 3, static a => Raster.Where(a[0], a[1], a[2])),
        ["isnan"] = new(1, 1, static a => a[0].IsMissing()),
        ["ismissing"] = new(1, 1, static a => a[0].IsMissing()),
        ["within"] = new(2, 2, static a => a[0].Within(a[1])),
        ["clip"] = new(3, 3, static a => a[0].Clip(a[1], a[2])),
        ["min"] = new(2, 64, static a => a.Aggregate(Raster.Minimum)),
        ["minimum"] = new(2, 2, static a => Raster.Minimum(a[0], a[1])),
        ["max"] = new(2, 64, static a => a.Aggregate(Raster.Maximum)),
        ["maximum"] = new(2, 2, static a => Raster.Maximum(a[0], a[1])),
        ["any"] = new(1, 64, Raster.Any),
        ["all"] = new(1, 64, Raster.All),
        ["abs"] = new(1, 1, static a => a[0].Abs()),
        ["floor"] = new(1, 1, static a => a[0].Floor()),
        ["ceil"] = new(1, 1, static a => a[0].Ceiling()),
        ["round"] = new(1, 1, static a => a[0].Round()),
        ["trunc"] = new(1, 1, static a => a[0].Truncate()),
        ["sqrt"] = new(1, 1, static a => a[0].Sqrt()),
        ["exp"] = new(1, 1, static a => a[0].Exp()),
        ["exp2"] = new(1, 1, static a => a[0].Exp2()),
        ["log"] = new(1, 1, static a => a[0].Log()),
        ["log2"] = new(1, 1, static a => a[0].Log2()),
        ["log10"] = new(1, 1, static a => a[0].Log10()),
        ["area"] = new(0, 1, static a => a.Count == 0 ? Raster.Area() : a[0].AsArea()),
        ["not"] = new(1, 1, static a => !a[0]),
    };

    /// <summary>What is computed of the pixels around each.</summary>
    internal static readonly Dictionary<string, Focus> Focuses = new(StringComparer.Ordinal)
    {
        ["focal_mean"] = Focus.Mean,
        ["focal_sum"] = Focus.Sum,
        ["focal_min"] = Focus.Minimum,
        ["focal_max"] = Focus.Maximum,
        ["focal_range"] = Focus.Range,
        ["focal_var"] = Focus.Variance,
        ["focal_std"] = Focus.Deviation,
        ["focal_median"] = Focus.Median,
        ["focal_majority"] = Focus.Majority,
    };

    /// <summary>Those whose arguments are not all rasters.</summary>
    private static readonly string[] Special = ["isin", "fill", "nan_to_num", "astype", "convolve", "distance", "distance_m", .. Focuses.Keys];

    private static readonly string[] Words = ["and", "or", "in", "nan", "inf", "pi", "true", "false", "True", "False"];

    public static bool IsReserved(string name) => All.ContainsKey(name) || Special.Contains(name) || Words.Contains(name);

    /// <summary>All names that may be called.</summary>
    public static IEnumerable<string> Names => All.Keys.Concat(Special).Where(static n => n != "not").Order(StringComparer.Ordinal);

    public static Raster? Numbered(string name) => name switch
    {
        "nan" => Raster.Missing,
        "inf" => Raster.Constant(double.PositiveInfinity),
        "pi" => Raster.Constant(Math.PI),
        "true" or "True" => new Raster(Graph.Constant.Of(true)),
        "false" or "False" => new Raster(Graph.Constant.Of(false)),
        _ => null,
    };

    /// <summary>Reads what follows "name(".</summary>
    public static Raster Call(ExpressionParser parser, Token name)
    {
        if (Special.Contains(name.Text)) return CallSpecial(parser, name);
        if (!All.TryGetValue(name.Text, out var function)) throw parser.Error($"there is no function '{name.Text}'; there are {string.Join(", ", Names)}", name);
        var arguments = new List<Raster>();
        if (!parser.Peek.Is(")"))
            do arguments.Add(parser.Inner());
            while (parser.Accept(","));
        parser.Expect(")");
        if (arguments.Count < function.Least || arguments.Count > function.Most)
            throw parser.Error($"{name.Text}(...) takes {(function.Least == function.Most ? $"{function.Least}" : $"{function.Least} to {function.Most}")} argument{(function.Most == 1 ? "" : "s")}, not {arguments.Count}", name);
        return function.Make(arguments);
    }

    private static Raster CallSpecial(ExpressionParser parser, Token name)
    {
        var value = parser.Inner();
        Raster result;
        if (name.Text == "nan_to_num" && parser.Peek.Is(")"))
        {
            result = value.Fill(0);
        }
        else if (name.Text is "distance" or "distance_m" && parser.Peek.Is(")"))
        {
            result = name.Text == "distance" ? value.Distance() : value.DistanceInMetres();
        }
        else
        {
            parser.Expect(",");
            result = name.Text switch
            {
                "isin" => value.IsIn(Numbers(parser)),
                "convolve" => value.Convolve(Table(parser)),
                var focal when Focuses.TryGetValue(focal, out var focus) => value.Focal(focus, Whole(parser)),
                "distance" => value.Distance(Number(parser)),
                "distance_m" => value.DistanceInMetres(Number(parser)),
                "astype" => value.AsType(parser.TypeName()),
                _ => value.Fill(Number(parser)),
            };
        }
        parser.Expect(")");
        return result;
    }

    /// <summary>Reads a list of numbers in brackets.</summary>
    public static List<double> Numbers(ExpressionParser parser)
    {
        var isRound = parser.Peek.Is("(");
        if (isRound) parser.Take();
        else parser.Expect("[");
        var values = new List<double>();
        if (!parser.Peek.Is(isRound ? ")" : "]"))
            do values.Add(Number(parser));
            while (parser.Accept(",") && !parser.Peek.Is(isRound ? ")" : "]"));
        parser.Expect(isRound ? ")" : "]");
        return values;
    }

    /// <summary>Reads rows of numbers, all of one length.</summary>
    private static double[,] Table(ExpressionParser parser)
    {
        var start = parser.Peek;
        parser.Expect("[");
        var rows = new List<List<double>>();
        do rows.Add(Numbers(parser));
        while (parser.Accept(","));
        parser.Expect("]");
        if (rows.Exists(r => r.Count != rows[0].Count) || rows[0].Count == 0) throw parser.Error("weights are rows of one length: [[1, 2, 1], [2, 4, 2], [1, 2, 1]]", start);
        var table = new double[rows.Count, rows[0].Count];
        for (var y = 0; y < rows.Count; y++)
            for (var x = 0; x < rows[0].Count; x++) table[y, x] = rows[y][x];
        return table;
    }

    private static int Whole(ExpressionParser parser)
    {
        var token = parser.Peek;
        var number = Number(parser);
        return number is >= 0 and <= 255 && number == Math.Floor(number) ? (int)number : throw parser.Error("a radius is a number of pixels from 0 to 255", token);
    }

    private static double Number(ExpressionParser parser)
    {
        var token = parser.Take();
        var sign = 1.0;
        while (token.Is("-") || token.Is("+"))
        {
            if (token.Is("-")) sign = -sign;
            token = parser.Take();
        }
        if (token.Kind == TokenKind.Number) return sign * token.Number;
        if (Numbered(token.Text)?.Node is Graph.Constant constant) return sign * constant.Real;
        throw parser.Error(token.Kind == TokenKind.End ? "a number is missing" : $"'{token.Text}' is no number", token);
    }
}
