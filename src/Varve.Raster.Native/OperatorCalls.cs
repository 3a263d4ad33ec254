using System.Runtime.InteropServices;
using Varve.Raster.Graph;

namespace Varve.Raster.Native;

/// <summary>Operators, by the names of the header.</summary>
internal static unsafe class OperatorCalls
{
    private static readonly Dictionary<string, Operation> Binaries = new(StringComparer.Ordinal)
    {
        ["add"] = Operation.Add,
        ["subtract"] = Operation.Subtract,
        ["multiply"] = Operation.Multiply,
        ["divide"] = Operation.Divide,
        ["floor_divide"] = Operation.FloorDivide,
        ["remainder"] = Operation.Remainder,
        ["power"] = Operation.Power,
        ["minimum"] = Operation.Minimum,
        ["maximum"] = Operation.Maximum,
        ["bit_and"] = Operation.BitAnd,
        ["bit_or"] = Operation.BitOr,
        ["bit_xor"] = Operation.BitXor,
        ["shift_left"] = Operation.ShiftLeft,
        ["shift_right"] = Operation.ShiftRight,
        ["equal"] = Operation.Equal,
        ["not_equal"] = Operation.NotEqual,
        ["less"] = Operation.Less,
        ["less_equal"] = Operation.LessOrEqual,
        ["greater"] = Operation.Greater,
        ["greater_equal"] = Operation.GreaterOrEqual,
        ["logical_and"] = Operation.And,
        ["logical_or"] = Operation.Or,
        ["logical_xor"] = Operation.Xor,
    };

    private static readonly Dictionary<string, Func<Raster, Raster>> Unaries = new(StringComparer.Ordinal)
    {
        ["negate"] = static a => -a,
        ["complement"] = static a => ~a,
        ["logical_not"] = static a => !a,
        ["absolute"] = static a => a.Abs(),
        ["floor"] = static a => a.Floor(),
        ["ceil"] = static a => a.Ceiling(),
        ["round"] = static a => a.Round(),
        ["truncate"] = static a => a.Truncate(),
        ["sqrt"] = static a => a.Sqrt(),
        ["exp"] = static a => a.Exp(),
        ["exp2"] = static a => a.Exp2(),
        ["log"] = static a => a.Log(),
        ["log2"] = static a => a.Log2(),
        ["log10"] = static a => a.Log10(),
        ["is_missing"] = static a => a.IsMissing(),
    };

    [UnmanagedCallersOnly(EntryPoint = "varve_binary")]
    public static long Binary(byte* name, long a, long b) => Faults.Handle(() =>
    {
        var (x, y, word) = (Handles.Get<Layer>(a), Handles.Get<Layer>(b), LayerCalls.Text(name));
        if (!Binaries.TryGetValue(word, out var operation)) throw new RasterException($"there is no operator '{word}'");
        return Layer.From(new Raster(Graph.Binary.Of(operation, x.Raster.Node, y.Raster.Node)), x, y);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_unary")]
    public static long Unary(byte* name, long a) => Faults.Handle(() =>
    {
        var (x, word) = (Handles.Get<Layer>(a), LayerCalls.Text(name));
        return Unaries.TryGetValue(word, out var function) ? Layer.From(function(x.Raster), x) : throw new RasterException($"there is no function '{word}'");
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_where")]
    public static long Where(long condition, long then, long otherwise) => Faults.Handle(() =>
    {
        var (c, a, b) = (Handles.Get<Layer>(condition), Handles.Get<Layer>(then), Handles.Get<Layer>(otherwise));
        return Layer.From(Raster.Where(c.Raster, a.Raster, b.Raster), c, a, b);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_is_in")]
    public static long IsIn(long layer, double* values, int count) => Faults.Handle(() =>
    {
        var of = Handles.Get<Layer>(layer);
        return Layer.From(of.Raster.IsIn(new ReadOnlySpan<double>(values, count).ToArray()), of);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_cast")]
    public static long CastTo(long layer, int type) => Faults.Handle(() =>
    {
        var of = Handles.Get<Layer>(layer);
        return Layer.From(of.Raster.AsType((PixelType)type), of);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_fill")]
    public static long Fill(long layer, double value) => Faults.Handle(() =>
    {
        var of = Handles.Get<Layer>(layer);
        return Layer.From(of.Raster.Fill(value), of);
    });

    [UnmanagedCallersOnly(EntryPoint = "varve_convolve")]
    public static long Convolve(long layer, double* weights, int rows, int columns) => Faults.Handle(() =>
    {
        var of = Handles.Get<Layer>(layer);
        var given = new double[rows, columns];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++) given[row, column] = weights[row * columns + column];
        return Layer.From(of.Raster.Convolve(given), of);
    });

    /// <summary>By the names that expressions have: focal_mean, focal_std, ...</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_focal")]
    public static long Focal(byte* name, long layer, int radius) => Faults.Handle(() =>
    {
        var (of, word) = (Handles.Get<Layer>(layer), LayerCalls.Text(name));
        return Expressions.Functions.Focuses.TryGetValue(word, out var focus) ? Layer.From(of.Raster.Focal(focus, radius), of) : throw new RasterException($"there is no function '{word}'");
    });

    /// <summary>A limit that is not above 0 is none.</summary>
    [UnmanagedCallersOnly(EntryPoint = "varve_distance")]
    public static long Distance(long layer, double limit, int isInMetres) => Faults.Handle(() =>
    {
        var of = Handles.Get<Layer>(layer);
        return Layer.From((limit > 0, isInMetres != 0) switch
        {
            (true, true) => of.Raster.DistanceInMetres(limit),
            (true, false) => of.Raster.Distance(limit),
            (false, true) => of.Raster.DistanceInMetres(),
            (false, false) => of.Raster.Distance(),
        }, of);
    });
}
