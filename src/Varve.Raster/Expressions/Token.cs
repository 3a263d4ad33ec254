using System.Globalization;

namespace Varve.Raster.Expressions;

/// <summary>What a word of an expression is.</summary>
internal enum TokenKind { Number, Name, Text, Sign, NewLine, End }

/// <summary>One word of an expression, and where it begins.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int At, double Number = 0)
{
    public bool Is(string sign) => Kind is TokenKind.Sign or TokenKind.Name && Text == sign;
}

/// <summary>Cuts the text of an expression into words. Line ends count only outside brackets; # begins a comment.</summary>
internal static class Scanner
{
    private static readonly string[] Signs =
        ["**", "//", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "%", "<", ">", "&", "|", "^", "~", "!", "(", ")", "[", "]", ",", "=", ";"];

    /// <exception cref="ExpressionException">Something in it is no word.</exception>
    public static List<Token> Scan(string text)
    {
        var (tokens, depth) = (new List<Token>(), 0);
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (c == '#')
            {
                while (i < text.Length && text[i] != '\n') i++;
            }
            else if (c == '\n' || c == ';')
            {
                if (depth == 0 || c == ';') tokens.Add(new Token(TokenKind.NewLine, c == ';' ? ";" : "the end of the line", i));
                i++;
            }
            else if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (char.IsAsciiDigit(c) || (c == '.' && i + 1 < text.Length && char.IsAsciiDigit(text[i + 1])))
            {
                tokens.Add(NumberAt(text, ref i));
            }
            else if (char.IsLetter(c) || c == '_')
            {
                var start = i;
                while (i < text.Length && (char.IsLetterOrDigit(text[i]) || text[i] == '_')) i++;
                tokens.Add(new Token(TokenKind.Name, text[start..i], start));
            }
            else if (Array.Find(Signs, s => string.CompareOrdinal(text, i, s, 0, s.Length) == 0) is { } sign)
            {
                if (sign is "(" or "[") depth++;
                else if (sign is ")" or "]") depth = Math.Max(0, depth - 1);
                tokens.Add(new Token(TokenKind.Sign, sign, i));
                i += sign.Length;
            }
            else
            {
                throw new ExpressionException($"'{(char.IsControl(c) ? $"\\x{(int)c:x2}" : text.Substring(i, char.IsHighSurrogate(c) && i + 1 < text.Length ? 2 : 1))}' has no meaning here", text, i);
            }
        }
        tokens.Add(new Token(TokenKind.End, "the end", text.Length));
        return tokens;
    }

    private static Token NumberAt(string text, ref int i)
    {
        var start = i;
        if (text[i] == '0' && i + 1 < text.Length && text[i + 1] is 'x' or 'X')
        {
            i += 2;
            while (i < text.Length && char.IsAsciiHexDigit(text[i])) i++;
            if (!ulong.TryParse(text.AsSpan(start + 2, i - start - 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var whole)) throw new ExpressionException("this is no hexadecimal number of up to 64 bits", text, start);
            return new Token(TokenKind.Number, whole.ToString(CultureInfo.InvariantCulture), start, whole);
        }
        while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] is '.' or '_')) i++;
        if (i < text.Length && text[i] is 'e' or 'E')
        {
            var exponent = i + 1;
            if (exponent < text.Length && text[exponent] is '+' or '-') exponent++;
            if (exponent < text.Length && char.IsAsciiDigit(text[exponent]))
            {
                i = exponent;
                while (i < text.Length && char.IsAsciiDigit(text[i])) i++;
            }
        }
        var digits = text[start..i].Replace("_", "", StringComparison.Ordinal);
        if ((i < text.Length && (char.IsLetter(text[i]) || text[i] == '_')) || !double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) throw new ExpressionException("this is no number", text, start);
        return new Token(TokenKind.Number, digits, start, value);
    }
}
