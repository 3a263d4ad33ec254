using CsCheck;
using Varve.Raster.Expressions;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Expressions: what they mean, and that no text at all does harm.</summary>
public sealed class ExpressionParserTests
{
    private static Raster Parse(string text) => ExpressionParser.Parse(text, static (name, _) => name is "a" or "b" ? Raster.Constant(name == "a" ? 1.5 : 2.5) : null, ["a", "b"]);

    private static double Value(string text) => Assert.IsType<Graph.Constant>(Parse(text).Node).Real;

    [Theory]
    [InlineData("1 + 2 * 3", 7)]
    [InlineData("(1 + 2) * 3", 9)]
    [InlineData("2 ** 3 ** 2", 512)]
    [InlineData("-2 ** 2", -4)]
    [InlineData("2 ** -1", 0.5)]
    [InlineData("10 - 3 - 2", 5)]
    [InlineData("1 / 3", 1.0 / 3)]
    [InlineData("1e3 + .5", 1000.5)]
    [InlineData("0x1F + 1_000", 1031)]
    [InlineData("x = 2\ny = x * 3 # six\ny + 1", 7)]
    [InlineData("x = 2; x ** 10", 1024)]
    [InlineData("(1 +\n 2)", 3)]
    [InlineData("a + b", 4)]
    public void Numbers_are_computed_as_Python_has_them(string text, double value) => Assert.Equal(value, Value(text));

    [Theory]
    [InlineData("1 +", 3, "ends")]
    [InlineData("where(a, 1", 10, "')' is missing")]
    [InlineData("foo(1)", 0, "no function 'foo'")]
    [InlineData("c + 1", 0, "no layer 'c'")]
    [InlineData("1 $ 2", 2, "'$' has no meaning")]
    [InlineData("12abc", 0, "no number")]
    [InlineData("a & b", 2, "integers and truths")]
    [InlineData("clip(a, 1)", 0, "takes 3 arguments")]
    [InlineData("astype(a, int7)", 10, "no type")]
    [InlineData("a b", 2, "'b' does not belong here")]
    [InlineData("where = 1", 0, "has a meaning already")]
    [InlineData("", 0, "no expression")]
    [InlineData("a[0]", 2, "a band is a number")]
    public void What_is_wrong_is_pointed_at(string text, int at, string problem)
    {
        var e = Assert.Throws<ExpressionException>(() => Parse(text));
        Assert.Equal(at, e.At);
        Assert.Contains(problem, e.Problem, StringComparison.Ordinal);
        Assert.EndsWith("^", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_without_end_is_an_error_and_no_crash()
    {
        foreach (var text in (string[])[new string('(', 100_000), new string('-', 100_000) + "1", string.Concat(Enumerable.Repeat("2**", 100_000)) + "1", string.Concat(Enumerable.Repeat("not ", 100_000)) + "1", string.Concat(Enumerable.Repeat("abs(", 50_000))])
            Assert.Throws<ExpressionException>(() => Parse(text));
    }

    [Fact]
    public void A_long_sum_is_no_deep_one() => Assert.Equal(20_001, Value("1" + string.Concat(Enumerable.Repeat(" + 1", 20_000))));

    [Fact]
    public void Any_text_gives_a_raster_or_an_error_that_points()
    {
        var pixels = Raster.FromArray<byte>([1, 0, 0, 1], PixelType.Byte, new Grid(0, 0, 1, -1, 2, 2, Projection.OfEpsg(32612)));
        string[] words = ["a", "b", "(", ")", "[", "]", ",", "+", "-", "*", "**", "/", "//", "%", "&", "|", "^", "~", "<", "<=", "==", "!=", "<<", ">>", "and", "or", "not", "in", "where", "isin", "fill", "clip", "astype", "int16", "1", "2.5", "nan", "=", "\n", ";", "#", "min", "distance", "distance_m", "distance(a, 3)", "distance(b)", "focal_std", "focal_var", "focal_median", "focal_majority", "focal_range", "focal_mean(a, 1)", "convolve", "[[1]]", " ", "\0", "é", "\ud800", "0x", "1e"];
        Gen.OneOf(Gen.Int[0, words.Length - 1].Select(i => words[i]).Array[0, 25].Select(static w => string.Join(' ', w)), Gen.String[0, 40], Gen.Int[0, words.Length - 1].Select(i => words[i]).Array[0, 25].Select(string.Concat)).Sample(text =>
        {
            try
            {
                ExpressionParser.Parse(text, (name, _) => name switch { "a" => pixels, "b" => Raster.Constant(2.5), _ => null }, ["a", "b"]);
            }
            catch (ExpressionException e)
            {
                Assert.InRange(e.At, 0, text.Length);
            }
        }, iter: 30_000);
    }
}
