using System.Text.Json;
using Varve.Lineage;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary>Differences as people and as scripts read them.</summary>
internal static class DifferenceText
{
    private const int MostOfAKind = 20, MostColumns = 160;
    private const long LargestText = 1 << 20;

    public static void Print(TextWriter output, IReadOnlyList<Difference> differences, BlobStore store)
    {
        foreach (var kind in differences.GroupBy(static d => d.What, StringComparer.Ordinal))
        {
            foreach (var difference in kind.Take(MostOfAKind))
            {
                output.WriteLine(Words.Line($"{difference.What}{(difference.Name.Length > 0 ? $" {difference.Name}" : "")}: {Value(difference.First)} | {Value(difference.Second)}"));
                if (Contents(difference, store) is { Same: false } content) output.WriteLine($"  {Of(content).ReplaceLineEndings("\n  ")}");
            }
            if (kind.Count() is var all && all > MostOfAKind) output.WriteLine($"{kind.Key}: and {all - MostOfAKind:#,0} more (--json lists them)");
        }
    }

    /// <summary>One line, and for texts two more.</summary>
    public static string Of(ContentDifference content)
    {
        if (content.Same) return $"same: {Words.Count(content.FirstBytes, "byte")}";
        var sizes = content.FirstBytes == content.SecondBytes ? $"of {content.FirstBytes:#,0}" : $"of {content.FirstBytes:#,0} and {content.SecondBytes:#,0}";
        var text = $"different: {Words.Count(content.Differing, "byte")} {sizes}, the first at {content.At:#,0}";
        return content.Line == 0 ? text
            : $"{text}, in line {content.Line:#,0}\n- {Words.Line(Words.Short(content.FirstLine, MostColumns))}\n+ {Words.Line(Words.Short(content.SecondLine, MostColumns))}";
    }

    public static void Json(Utf8JsonWriter json, IReadOnlyList<Difference> differences, BlobStore store)
    {
        json.WriteStartArray("differences");
        foreach (var difference in differences)
        {
            json.WriteStartObject();
            json.WriteString("what", difference.What);
            if (difference.Name.Length > 0) json.WriteString("name", TraceJson.Safe(difference.Name));
            json.WriteString("first", TraceJson.Safe(difference.First));
            json.WriteString("second", TraceJson.Safe(difference.Second));
            if (Contents(difference, store) is { } content)
            {
                json.WriteStartObject("bytes");
                Json(json, content);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void Json(Utf8JsonWriter json, ContentDifference content)
    {
        json.WriteBoolean("same", content.Same);
        json.WriteNumber("firstBytes", content.FirstBytes);
        json.WriteNumber("secondBytes", content.SecondBytes);
        if (content.Same) return;
        json.WriteNumber("at", content.At);
        json.WriteNumber("differing", content.Differing);
        if (content.Line == 0) return;
        json.WriteNumber("line", content.Line);
        json.WriteString("firstLine", content.FirstLine);
        json.WriteString("secondLine", content.SecondLine);
    }

    /// <summary>The lines in which two kept texts differ; none for what is no text or too large.</summary>
    public static IReadOnlyList<string> Lines(Difference difference, BlobStore store, int most)
    {
        if (!Digest.TryParse(difference.First.Split(',')[0], out var first) || !Digest.TryParse(difference.Second.Split(',')[0], out var second)) return [];
        if (!store.Has(first) || !store.Has(second) || Text(difference, store, first) is not { } old || Text(difference, store, second) is not { } now) return [];
        var lines = TextDifference.Between(old, now) ?? [];
        return lines.Count <= most ? lines : [.. lines.Take(most), $"and {lines.Count - most:#,0} more lines"];
    }

    private static string? Text(Difference difference, BlobStore store, Digest content)
    {
        if (Linux.Files.Look(store.PathOf(content)).Size > LargestText) return null;
        var bytes = store.ReadAll(content);
        if (difference.What == "said")
        {
            using var said = new MemoryStream();
            Transcript.ForEach(bytes, (_, part) => said.Write(part));
            bytes = said.ToArray();
        }
        return bytes.AsSpan().Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(bytes) ? null : System.Text.Encoding.UTF8.GetString(bytes);
    }

    private static string Value(string text) => text.Length == 0 ? "(none)" : Words.Short(text, MostColumns);

    private static ContentDifference? Contents(Difference difference, BlobStore store)
    {
        if (difference.What is not ("output" or "input")) return null;
        if (!Digest.TryParse(difference.First.Split(',')[0], out var first) || !Digest.TryParse(difference.Second.Split(',')[0], out var second)) return null;
        if (!store.Has(first) || !store.Has(second)) return null;
        using var a = store.Open(first);
        using var b = store.Open(second);
        return ContentDifference.Between(a, b);
    }
}
