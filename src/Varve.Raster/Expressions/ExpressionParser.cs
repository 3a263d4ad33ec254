using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Expressions;

/// <summary>
/// Reads expressions with Python's operators and their precedence. Lines `name = expression` give names to parts; what is
/// computed is the last line, or what a line says. The text is at most 1 MB, and nested at most 200 deep.
/// </summary>
internal sealed class ExpressionParser
{
    private const int Longest = 1 << 20, Deepest = 200;
    private readonly string text;
    private readonly List<Token> tokens;
    private readonly Func<string, int, Raster?> layers;
    private readonly IEnumerable<string> layerNames;
    private readonly Dictionary<string, Raster> names = new(StringComparer.Ordinal);
    private int next, depth;

    private ExpressionParser(string text, Func<string, int, Raster?> layers, IEnumerable<string> layerNames)
    {
        if (text.Length > Longest) throw new ExpressionException("the expression is longer than 1 MB", "", 0);
        (this.text, this.layers, this.layerNames) = (text, layers, layerNames);
        tokens = Scanner.Scan(text);
    }

    /// <param name="text">The expression.</param>
    /// <param name="layers">A layer by its name and band (from 1); null when there is none of that name.</param>
    /// <param name="layerNames">All names of layers, for messages.</param>
    /// <exception cref="ExpressionException">It cannot be followed.</exception>
    public static Raster Parse(string text, Func<string, int, Raster?> layers, IEnumerable<string> layerNames) => new ExpressionParser(text, layers, layerNames).Lines();

    private Token Now => tokens[next];

    private Raster Lines()
    {
        Raster? last = null;
        var lastName = "";
        while (true)
        {
            while (Now.Kind == TokenKind.NewLine) next++;
            if (Now.Kind == TokenKind.End) break;
            if (last is not null && lastName.Length == 0) throw Error("only the last line may be without a name (name = ...)", Now);
            lastName = "";
            if (Now.Kind == TokenKind.Name && tokens[next + 1].Is("="))
            {
                var name = Now;
                if (Functions.IsReserved(name.Text)) throw Error($"'{name.Text}' has a meaning already; take another name", name);
                if (names.ContainsKey(name.Text) || layers(name.Text, 1) is not null) throw Error($"'{name.Text}' is taken already; a name is given once", name);
                next += 2;
                last = names[name.Text] = Whole();
                lastName = name.Text;
            }
            else
            {
                last = Whole();
            }
            if (Now.Kind is not (TokenKind.NewLine or TokenKind.End)) throw Unexpected();
        }
        return last ?? throw new ExpressionException("there is no expression", text, 0);
    }

    private Raster Whole()
    {
        if (++depth > Deepest) throw Error($"it is nested more than {Deepest} deep; give parts names, one a line", Now);
        var value = Or();
        depth--;
        return value;
    }

    private Raster Or()
    {
        var a = And();
        while (Now.Is("or") || Now.Is("||")) a = Joined(Operation.Or, a, And);
        return a;
    }

    private Raster And()
    {
        var a = Not();
        while (Now.Is("and") || Now.Is("&&")) a = Joined(Operation.And, a, Not);
        return a;
    }

    private Raster Not()
    {
        if (!Now.Is("not") && !Now.Is("!")) return Comparison();
        var at = tokens[next++];
        if (++depth > Deepest) throw Error($"it is nested more than {Deepest} deep", at);
        var value = Guarded(at, () => !Not());
        depth--;
        return value;
    }

    /// <summary>a &lt; b &lt; c means that both hold.</summary>
    private Raster Comparison()
    {
        var a = BitOr();
        Raster? all = null;
        while (true)
        {
            var sign = Now;
            var isNot = sign.Is("not") && tokens[next + 1].Is("in");
            if (sign.Is("in") || isNot)
            {
                next += isNot ? 2 : 1;
                var list = Functions.Numbers(this);
                var isIn = a.IsIn(list);
                all = all is null ? isNot ? !isIn : isIn : all & (isNot ? !isIn : isIn);
                continue;
            }
            Operation? operation = sign.Kind != TokenKind.Sign ? null : sign.Text switch
            {
                "==" => Operation.Equal,
                "!=" => Operation.NotEqual,
                "<" => Operation.Less,
                "<=" => Operation.LessOrEqual,
                ">" => Operation.Greater,
                ">=" => Operation.GreaterOrEqual,
                _ => null,
            };
            if (operation is null) return all ?? a;
            next++;
            var b = BitOr();
            var one = Made(sign, operation.Value, a, b);
            all = all is null ? one : Made(sign, Operation.And, all, one);
            a = b;
        }
    }

    private Raster BitOr()
    {
        var a = BitXor();
        while (Now.Is("|")) a = Joined(Operation.BitOr, a, BitXor);
        return a;
    }

    private Raster BitXor()
    {
        var a = BitAnd();
        while (Now.Is("^")) a = Joined(Operation.BitXor, a, BitAnd);
        return a;
    }

    private Raster BitAnd()
    {
        var a = Shift();
        while (Now.Is("&")) a = Joined(Operation.BitAnd, a, Shift);
        return a;
    }

    private Raster Shift()
    {
        var a = Sum();
        while (Now.Is("<<") || Now.Is(">>")) a = Joined(Now.Is("<<") ? Operation.ShiftLeft : Operation.ShiftRight, a, Sum);
        return a;
    }

    private Raster Sum()
    {
        var a = Product();
        while (Now.Is("+") || Now.Is("-")) a = Joined(Now.Is("+") ? Operation.Add : Operation.Subtract, a, Product);
        return a;
    }

    private Raster Product()
    {
        var a = Signed();
        while (Now.Kind == TokenKind.Sign && Now.Text is "*" or "/" or "//" or "%")
            a = Joined(Now.Text switch { "*" => Operation.Multiply, "/" => Operation.Divide, "//" => Operation.FloorDivide, _ => Operation.Remainder }, a, Signed);
        return a;
    }

    private Raster Signed()
    {
        if (Now.Kind != TokenKind.Sign || Now.Text is not ("-" or "+" or "~")) return Power();
        var sign = tokens[next++];
        if (++depth > Deepest) throw Error($"it is nested more than {Deepest} deep", sign);
        var value = Guarded(sign, () => sign.Text switch { "-" => -Signed(), "~" => ~Signed(), _ => Signed() });
        depth--;
        return value;
    }

    private Raster Power()
    {
        var a = Atom();
        if (!Now.Is("**")) return a;
        if (++depth > Deepest) throw Error($"it is nested more than {Deepest} deep; give parts names, one a line", Now);
        var power = Joined(Operation.Power, a, Signed);
        depth--;
        return power;
    }

    private Raster Atom()
    {
        var token = tokens[next++];
        switch (token.Kind)
        {
            case TokenKind.Number:
                return NumberOf(token);
            case TokenKind.Sign when token.Text == "(":
                var inner = Whole();
                Expect(")");
                return inner;
            case TokenKind.Name when Now.Is("("):
                next++;
                return Guarded(token, () => Functions.Call(this, token));
            case TokenKind.Name:
                return Named(token);
            default:
                next--;
                throw Unexpected();
        }
    }

    private Raster Named(Token token)
    {
        if (Functions.Numbered(token.Text) is { } number) return number;
        if (names.TryGetValue(token.Text, out var part)) return part;
        var band = 1;
        if (Now.Is("["))
        {
            next++;
            var index = tokens[next];
            if (index.Kind != TokenKind.Number || index.Number != Math.Floor(index.Number) || index.Number is < 1 or > 65535) throw Error("a band is a number from 1 up", index);
            band = (int)index.Number;
            next++;
            Expect("]");
        }
        var layer = layers(token.Text, band);
        if (layer is not null) return layer;
        if (Functions.IsReserved(token.Text)) throw Error($"'{token.Text}' is a function: {token.Text}(...)", token);
        var known = layerNames.Concat(names.Keys).Order(StringComparer.Ordinal).ToList();
        throw Error($"there is no layer '{token.Text}'" + (known.Count == 0 ? $"; give it with -l {token.Text}=FILE" : $"; there are {string.Join(", ", known)}"), token);
    }

    public static Raster NumberOf(Token token) =>
        Int128.TryParse(token.Text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var whole) ? new Raster(Constant.Of(whole)) : new Raster(Constant.Of(token.Number));

    private Raster Joined(Operation operation, Raster a, Func<Raster> right)
    {
        var sign = tokens[next++];
        return Made(sign, operation, a, right());
    }

    private Raster Made(Token sign, Operation operation, Raster a, Raster b) => Guarded(sign, () => new Raster(Binary.Of(operation, a.Node, b.Node)));

    /// <summary>What cannot be done with the operands is said of their operator.</summary>
    private T Guarded<T>(Token token, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (RasterException e)
        {
            throw Error(e.Message, token);
        }
    }

    public ExpressionException Error(string problem, Token token) => new(problem, text, token.At);

    private ExpressionException Unexpected() => Error(Now.Kind == TokenKind.End ? "the expression ends where a value or an operator should follow" : $"'{Now.Text}' does not belong here", Now);

    /// <summary>The next word, which must be this one.</summary>
    public void Expect(string sign)
    {
        if (!Now.Is(sign)) throw Error(Now.Kind == TokenKind.End ? $"'{sign}' is missing" : $"'{sign}' is missing before '{Now.Text}'", Now);
        next++;
    }

    /// <summary>Goes on when the next word is this one.</summary>
    public bool Accept(string sign)
    {
        if (!Now.Is(sign)) return false;
        next++;
        return true;
    }

    /// <summary>The next word, whatever it is.</summary>
    public Token Take() => tokens[next].Kind == TokenKind.End ? tokens[next] : tokens[next++];

    public Token Peek => Now;

    /// <summary>An expression inside another.</summary>
    public Raster Inner() => Whole();

    /// <summary>The name of a type.</summary>
    public PixelType TypeName()
    {
        var token = Take();
        return PixelTypes.Named(token.Text) ?? throw Error($"'{token.Text}' is no type; types are bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64", token);
    }
}
