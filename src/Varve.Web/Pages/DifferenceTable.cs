using Varve.Lineage;
using Varve.Store;

namespace Varve.Web.Pages;

/// <summary>Differences between two executions, side by side, with the first line that differs where both are texts.</summary>
internal static class DifferenceTable
{
    private const int Most = 100, MostColumns = 300;
    private const long LargestCompared = 32L << 20;

    public static Markup Of(Visit visit, IReadOnlyList<Difference> differences, string first, string second)
    {
        if (differences.Count == 0) return Markup.None;
        var table = new Html();
        table.Write($"<div class=\"wide\" tabindex=\"0\"><table class=\"diff\"><thead><tr><th>What</th><th>{first}</th><th>{second}</th></tr></thead><tbody>");
        foreach (var difference in differences.Take(Most))
        {
            table.Write($"<tr><th scope=\"row\">{difference.What} <span class=\"soft\">{visit.Site.Local(difference.Name)}</span></th><td>{Value(difference.First)}</td><td>{Value(difference.Second)}</td></tr>");
            if (Contents(visit, difference) is not { Same: false } content) continue;
            table.Write($"<tr class=\"soft\"><td></td><td colspan=\"2\">{content.Differing} bytes differ, the first at {content.At}{(content.Line > 0 ? $", in line {content.Line:#,0}" : "")}</td></tr>");
            if (content.Line > 0) table.Write($"<tr><td></td><td><code class=\"less\">{content.FirstLine}</code></td><td><code class=\"more\">{content.SecondLine}</code></td></tr>");
        }
        table.Write($"</tbody></table></div>");
        if (differences.Count > Most) table.Write($"<p class=\"soft\">And {differences.Count - Most} more; <code>varve diff</code> lists them.</p>");
        return table.ToMarkup();
    }

    private static Markup Value(string text)
    {
        if (text.Length == 0) return Markup.Of($"<span class=\"soft\">none</span>");
        if (Digest.TryParse(text.Split(',')[0], out var digest)) return Markup.Of($"<code title=\"{text}\">{digest.Short}</code>{text[digest.ToString().Length..]}");
        return Markup.Of($"<code>{Words.Short(text, MostColumns)}</code>");
    }

    private static ContentDifference? Contents(Visit visit, Difference difference)
    {
        if (difference.What is not ("output" or "input")) return null;
        if (!Digest.TryParse(difference.First.Split(',')[0], out var first) || !Digest.TryParse(difference.Second.Split(',')[0], out var second)) return null;
        if (!visit.Store.Has(first) || !visit.Store.Has(second)) return null;
        using var a = visit.Store.Open(first);
        using var b = visit.Store.Open(second);
        return Math.Max(RandomAccess.GetLength(a), RandomAccess.GetLength(b)) > LargestCompared ? null : ContentDifference.Between(a, b);
    }
}
