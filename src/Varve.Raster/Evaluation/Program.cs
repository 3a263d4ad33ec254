using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// An expression as steps in their order. What occurs twice is computed once, also when several results share it: two
/// nodes are one when they do the same to the same values, by comparison and not by a hash.
/// </summary>
internal sealed unsafe class Program
{
    private readonly Dictionary<object, int> known = [];
    private readonly Dictionary<Node, int> values = new(ReferenceEqualityComparer.Instance);
    private readonly List<PixelType> types = [];
    private readonly List<(int Slot, PixelType Type, double Real, Int128? Integer)> constants = [];
    private readonly Placement placement;
    private readonly bool[] isConstant;
    private IReadOnlyDictionary<Files.BlockImage, int>? readers;

    /// <param name="roots">The results wanted, as the types they have.</param>
    /// <param name="placement">Where everything lies.</param>
    public Program(IReadOnlyList<Node> roots, Placement placement)
    {
        this.placement = placement;
        foreach (var node in Node.InOrder(roots)) values[node] = Lower(node);
        Roots = [.. roots.Select(r => values[r])];
        (Slots, Buffers) = Arrange();
        isConstant = new bool[types.Count];
        foreach (var (slot, _, _, _) in constants) isConstant[slot] = true;
    }

    public List<Step> Steps { get; } = [];
    /// <summary>The values that are the results.</summary>
    public IReadOnlyList<int> Roots { get; }
    /// <summary>What is read.</summary>
    public List<Source> Sources { get; } = [];
    /// <summary>How many of those read each image.</summary>
    public IReadOnlyDictionary<Files.BlockImage, int> Readers => readers ??= Sources.SelectMany(static s => s switch { RasterSource raster => raster.Pieces, LatitudeSource rows => rows.Column.Pieces, _ => [] })
        .SelectMany(static p => p.Mask is { } mask ? new[] { p.File.Image, mask.File.Image } : [p.File.Image]).GroupBy(static i => i).ToDictionary(static g => g.Key, static g => g.Count());
    public IReadOnlyList<Slot> Slots { get; }
    /// <summary>The values that are numbers of the expression.</summary>
    public IEnumerable<int> ConstantSlots => constants.Select(static c => c.Slot);
    /// <summary>Bytes of a number in each buffer.</summary>
    public IReadOnlyList<int> Buffers { get; }

    /// <summary>A frame with the constants in their places.</summary>
    public Frame MakeFrame()
    {
        var frame = new Frame(this);
        foreach (var (slot, type, real, integer) in constants)
        {
            var isMissing = double.IsNaN(real) && !type.IsFloat();
            var fill = Step.ForType(type, new Filling(slot, isMissing ? 0 : real, isMissing ? null : integer));
            fill.Run(frame, 0, Frame.Length);
            frame.HasMiss[slot] = isMissing;
            if (isMissing) new Span<byte>(frame.Miss[slot], Frame.Length).Fill(1);
        }
        return frame;
    }

    public bool IsConstant(int slot) => isConstant[slot];

    private int Lower(Node node)
    {
        var value = node switch
        {
            Constant c => Fixed(c.Type, c.Real, c.Integer),
            Source source => Read(source),
            OnPixels p => values[p.Parts[0]],
            Binary b => LowerBinary(b),
            Unary u => LowerUnary(u),
            Cast c => As(values[c.Parts[0]], c.Type),
            Choice c => Make((typeof(Choice), c.Type, values[c.Parts[0]], Part(c, 1, c.Type), Part(c, 2, c.Type)), c.Type,
                r => new ChoiceStep(c.Type.Size(), c.Type.IsFloat(), r, values[c.Parts[0]], Part(c, 1, c.Type), Part(c, 2, c.Type))),
            Masked m => Make((typeof(Choice), m.Type, values[m.Parts[1]], values[m.Parts[0]], Fixed(m.Type, double.NaN, null)), m.Type,
                r => new ChoiceStep(m.Type.Size(), m.Type.IsFloat(), r, values[m.Parts[1]], values[m.Parts[0]], Fixed(m.Type, double.NaN, null))),
            Membership m => Make((typeof(Membership), values[m.Parts[0]], string.Join(',', m.Values.Select(PixelTypes.Text))), m.Type,
                r => Step.ForType(m.Parts[0].Type, new MembershipStep<byte>.Maker(r, values[m.Parts[0]], m.Values))),
            Missing m => Make((typeof(Missing), values[m.Parts[0]]), m.Type, r => new MissingStep(m.Parts[0].Type, r, values[m.Parts[0]])),
            Filled f => Make((typeof(Filled), f.Type, Part(f, 0, f.Type), f.Value.Real, f.Value.Integer), f.Type,
                r => Step.ForType(f.Type, new FilledStep<byte>.Maker(r, Part(f, 0, f.Type), f.Value.Real, f.Value.Integer))),
            _ => throw new InvalidOperationException($"no steps for {node.GetType().Name}"),
        };
        // Outside a file's area its pixels are read as 0, which must not be taken for what stands for missing ones.
        var isConfined = node is Constant || (node is Source && node is not RasterSource { NoData: 0 } && node is not Generated { NoData: 0 } && !(node is Generated generated && IsByRow(generated)));
        if (!isConfined && placement.Areas[node] is { } area && !area.Holds(placement.Everything))
            value = Make((typeof(ConfineStep), value, area), node.Type, r => new ConfineStep(r, value, node.Type, area));
        return value;
    }

    private int Read(Source source)
    {
        var noData = source switch { RasterSource raster => raster.NoData, LatitudeSource rows => rows.Column.NoData, _ => ((Generated)source).NoData };
        return Make(source, source.Type, r =>
        {
            Sources.Add(source);
            return IsByRow(source)
                ? Step.ForType(source.Type, new RowStep<byte>.Maker(r, Sources.Count - 1, noData))
                : Step.ForType(source.Type, new SourceStep<byte>.Maker(r, Sources.Count - 1, noData));
        });
    }

    /// <summary>Whether one value for each row is all there is of a source.</summary>
    public bool IsByRow(Source source) => source is LatitudeSource || (source is Generated generated && generated.IsByRow(placement.Reference));

    private int LowerBinary(Binary node)
    {
        var (a, b, operation, type) = (Part(node, 0, node.Operands), Part(node, 1, node.Operands), node.Operation, node.Operands);
        return Make((operation, type, a, b), node.Type, r =>
            operation.IsLogical() || (operation.IsBitwise() && type == PixelType.Boolean) ? new TruthStep(operation, r, a, b)
            : operation.IsComparison() ? Step.ForType(type, new CompareStep<byte>.Maker(operation, r, a, b))
            : type == PixelType.Float32 ? new RealStep<float>(operation, r, a, b)
            : type == PixelType.Float64 ? new RealStep<double>(operation, r, a, b)
            : operation.IsBitwise() ? type.Size() switch { 1 => new BitStep<byte>(operation, r, a, b), 2 => new BitStep<ushort>(operation, r, a, b), 4 => new BitStep<uint>(operation, r, a, b), _ => new BitStep<ulong>(operation, r, a, b) }
            : Step.ForType(type, new ArithmeticStep<byte>.Maker(operation, r, a, b)));
    }

    private int LowerUnary(Unary node)
    {
        var (a, function, from) = (values[node.Parts[0]], node.Function, node.Parts[0].Type);
        return Make((function, a), node.Type, r => function switch
        {
            Function.Not => new NotStep(r, a),
            Function.Truth => Step.ForType(from, new NotZeroStep<byte>.Maker(r, a)),
            _ when from == PixelType.Float32 => new RealFunctionStep<float>(function, r, a),
            _ when from == PixelType.Float64 => new RealFunctionStep<double>(function, r, a),
            _ => from switch
            {
                PixelType.Boolean or PixelType.Byte => new IntegerStep<byte>(function, r, a),
                PixelType.Int8 => new IntegerStep<sbyte>(function, r, a),
                PixelType.UInt16 => new IntegerStep<ushort>(function, r, a),
                PixelType.Int16 => new IntegerStep<short>(function, r, a),
                PixelType.UInt32 => new IntegerStep<uint>(function, r, a),
                PixelType.Int32 => new IntegerStep<int>(function, r, a),
                PixelType.UInt64 => new IntegerStep<ulong>(function, r, a),
                _ => new IntegerStep<long>(function, r, a),
            },
        });
    }

    /// <summary>A part of a node as a type.</summary>
    private int Part(Node node, int index, PixelType type) =>
        node.Parts[index] is Constant c ? Fixed(type, c.Real, c.Integer) : As(values[node.Parts[index]], type);

    private int As(int value, PixelType type)
    {
        if (types[value] == type) return value;
        if (constants.FindIndex(c => c.Slot == value) is var at and >= 0) return Fixed(type, constants[at].Real, constants[at].Integer);
        return Make((typeof(Cast), type, value), type, r => type == PixelType.Boolean
            ? Step.ForType(types[value], new NotZeroStep<byte>.Maker(r, value))
            : Step.ForType(types[value], new CastStep<byte, byte>.Maker(type, r, value)));
    }

    private int Fixed(PixelType type, double real, Int128? integer)
    {
        // The bits, since NaN is not equal to itself and 0 is to -0.
        var key = (typeof(Constant), type, BitConverter.DoubleToInt64Bits(real), integer);
        if (known.TryGetValue(key, out var value)) return value;
        types.Add(type);
        constants.Add((types.Count - 1, type, type == PixelType.Boolean && !double.IsNaN(real) ? Convert.ToDouble(real != 0) : real, type == PixelType.Boolean && integer is { } i ? (i != 0 ? 1 : 0) : integer));
        return known[key] = types.Count - 1;
    }

    private int Make(object key, PixelType type, Func<int, Step> step)
    {
        if (known.TryGetValue(key, out var value)) return value;
        types.Add(type);
        value = known[key] = types.Count - 1;
        Steps.Add(step(value));
        return value;
    }

    /// <summary>Gives each value a buffer, which later values take over when nobody needs it any more.</summary>
    private (List<Slot> Slots, List<int> Buffers) Arrange()
    {
        var last = new int[types.Count];
        for (var i = 0; i < Steps.Count; i++)
        {
            last[Steps[i].Result] = Math.Max(last[Steps[i].Result], i);
            foreach (var part in Steps[i].Parts) last[part] = i;
        }
        foreach (var root in Roots) last[root] = int.MaxValue;
        foreach (var (slot, _, _, _) in constants) last[slot] = int.MaxValue;
        var (buffers, slots, free) = (new List<int>(), new Slot[types.Count], new Dictionary<int, Stack<int>>());
        int Take(int size)
        {
            if (free.TryGetValue(size, out var some) && some.TryPop(out var one)) return one;
            buffers.Add(size);
            return buffers.Count - 1;
        }
        foreach (var (slot, type, _, _) in constants) slots[slot] = new Slot(type, Take(type.Size()));
        for (var i = 0; i < Steps.Count; i++)
        {
            var step = Steps[i];
            slots[step.Result] = new Slot(types[step.Result], Take(types[step.Result].Size()));
            foreach (var part in step.Parts.Append(step.Result).Distinct())
                if (last[part] == i)
                {
                    if (!free.TryGetValue(types[part].Size(), out var some)) free[types[part].Size()] = some = new Stack<int>();
                    some.Push(slots[part].Buffer);
                }
        }
        return ([.. slots], buffers);
    }

    /// <summary>Writes one number everywhere.</summary>
    private sealed record Filling(int Slot, double Real, Int128? Integer) : IStepMaker
    {
        public Step Make<TPixel>() where TPixel : unmanaged, System.Numerics.INumber<TPixel>, System.Numerics.IMinMaxValue<TPixel> => new FillStep<TPixel>(Slot, Real, Integer);
    }

    private sealed class FillStep<T>(int result, double real, Int128? integer) : Step(result) where T : unmanaged, System.Numerics.INumber<T>
    {
        public override void Run(Frame f, int at, int count) => new Span<T>(f.Data[Result], count).Fill(integer is { } whole ? T.CreateSaturating(whole) : T.CreateSaturating(real));
    }
}
