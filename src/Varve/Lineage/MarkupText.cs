using System.Text;

namespace Varve.Lineage;

/// <summary>Text for HTML and SVG: nothing in it is markup, and every byte of a name can be seen.</summary>
internal static class MarkupText
{
    /// <summary>
    /// Escapes text for content and for attributes between double quotes. Control characters, which XML 1.0 forbids, and bytes
    /// that are not UTF-8 stand as <c>\xNN</c>.
    /// </summary>
    public static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAny("&<>\"'") < 0 && !text.Any(static c => char.IsControl(c) || char.IsSurrogate(c) || c >= '\uFFFE')) return text;
        var safe = new StringBuilder(text.Length + 32);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) safe.Append(c).Append(text[++i]);
            else if (char.IsLowSurrogate(c) && c <= '\uDCFF') safe.Append($"\\x{(byte)c:X2}");
            else if (char.IsSurrogate(c) || c >= '\uFFFE') safe.Append('\uFFFD');
            else if (char.IsControl(c) && c is not ('\n' or '\t')) safe.Append($"\\x{(int)c:X2}");
            else safe.Append(c switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&quot;", '\'' => "&#39;", _ => null } ?? c.ToString());
        }
        return safe.ToString();
    }
}
