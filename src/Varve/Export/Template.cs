using System.Text;
using Varve.Lineage;

namespace Varve.Export;

/// <summary>A piece of a word: text as it is, or what a variable holds.</summary>
/// <param name="IsVariable">Whether <paramref name="Text"/> is a variable's name.</param>
/// <param name="Text">The text or the name.</param>
internal readonly record struct WordPart(bool IsVariable, string Text);

/// <summary>A word with variables in it.</summary>
/// <param name="Parts">Its pieces; none for an empty word.</param>
internal sealed record WordTemplate(IReadOnlyList<WordPart> Parts)
{
    /// <summary>A word without variables.</summary>
    public static WordTemplate Of(string word) => new(word.Length == 0 ? [] : [new WordPart(false, word)]);

    /// <summary>The word when there is no variable in it; else null.</summary>
    public string? Constant => Parts.Any(static p => p.IsVariable) ? null : string.Concat(Parts.Select(static p => p.Text));

    /// <summary>As a shell reads it: constant words as plain as they can be, others between double quotes.</summary>
    public string ForShell(bool isCommand = false)
    {
        if (Constant is { } word) return isCommand && word.Contains('=', StringComparison.Ordinal) ? $"'{word}'" : ShellText.Quote(word);
        var text = new StringBuilder("\"");
        for (var i = 0; i < Parts.Count; i++)
        {
            if (!Parts[i].IsVariable)
            {
                foreach (var c in Parts[i].Text) text.Append(c is '$' or '`' or '"' or '\\' ? "\\" : "").Append(c);
                continue;
            }
            var braces = i + 1 < Parts.Count && (Parts[i + 1].IsVariable || Parts[i + 1].Text is [var next, ..] && (char.IsAsciiLetterOrDigit(next) || next == '_'));
            text.Append(braces ? $"${{{Parts[i].Text}}}" : $"${Parts[i].Text}");
        }
        return text.Append('"').ToString();
    }

    /// <summary>As a document's template has it, filled in before the shell sees the text.</summary>
    public string ForText() => string.Concat(Parts.Select(static p => p.IsVariable ? $"%{{{p.Text}}}" : p.Text));

    /// <summary>The word that these values make of it.</summary>
    public string Fill(Func<string, string> value) => string.Concat(Parts.Select(p => p.IsVariable ? value(p.Text) : p.Text));
}
