namespace Varve.Raster.Expressions;

/// <summary>An expression that cannot be followed; the message shows the line and points at the character.</summary>
public sealed class ExpressionException : Exception
{
    private const int Widest = 100;

    /// <param name="problem">What is wrong.</param>
    /// <param name="text">The whole expression.</param>
    /// <param name="at">Where in it, from 0.</param>
    public ExpressionException(string problem, string text, int at) : base(Pointed(problem, text, at)) => (Problem, At) = (problem, at);

    /// <summary>What is wrong, without the line.</summary>
    public string Problem { get; }

    /// <summary>The character it is about, from 0.</summary>
    public int At { get; }

    private static string Pointed(string problem, string text, int at)
    {
        at = Math.Clamp(at, 0, text.Length);
        var start = at == 0 ? 0 : text.LastIndexOf('\n', at - 1) + 1;
        var end = text.IndexOf('\n', at) is var found and >= 0 ? found : text.Length;
        var number = text.AsSpan(0, start).Count('\n') + 1;
        var where = text.Contains('\n', StringComparison.Ordinal) ? $"line {number}, character {at - start + 1}" : $"character {at - start + 1}";
        // A long line is shown around the character.
        var from = Math.Max(start, Math.Min(at - Widest / 2, end - Widest));
        var line = string.Concat(text[from..Math.Min(end, from + Widest)].Select(static c => char.IsControl(c) ? ' ' : c));
        return $"{where}: {problem}\n  {line}\n  {new string(' ', at - from)}^";
    }
}
