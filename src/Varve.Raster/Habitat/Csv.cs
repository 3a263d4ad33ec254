using System.Text;

namespace Varve.Raster.Habitat;

/// <summary>Comma-separated values (RFC 4180).</summary>
internal static class Csv
{
    /// <summary>The rows, with the names of their columns from the first line.</summary>
    /// <exception cref="RasterException">It cannot be read, or a quote is not closed.</exception>
    public static List<Dictionary<string, string>> Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException(e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: there is no such file" : $"{path}: it cannot be read: {e.Message}", e);
        }
        var lines = Rows(path, text).Where(static r => r.Count > 1 || r[0].Length > 0).ToList();
        if (lines.Count == 0) throw new RasterException($"{path}: it is empty; its first line should name columns");
        var names = lines[0].Select(static n => n.Trim()).ToList();
        return [.. lines.Skip(1).Select(line => names.Zip(line).DistinctBy(static p => p.First).ToDictionary(static p => p.First, static p => p.Second.Trim(), StringComparer.Ordinal))];
    }

    /// <summary>A value as it stands between commas.</summary>
    public static string Quoted(string value) => value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static IEnumerable<List<string>> Rows(string path, string text)
    {
        var (row, value, isQuoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (isQuoted)
            {
                if (c != '"') value.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') value.Append(text[i++]);
                else isQuoted = false;
            }
            else if (c == '"' && value.Length == 0)
            {
                isQuoted = true;
            }
            else if (c is ',' or '\n')
            {
                row.Add(value.ToString());
                value.Clear();
                if (c == ',') continue;
                yield return row;
                row = [];
            }
            else if (c is not ('\r' or '\uFEFF'))
            {
                value.Append(c);
            }
        }
        if (isQuoted) throw new RasterException($"{path}: a quote in it is not closed");
        if (row.Count == 0 && value.Length == 0) yield break;
        row.Add(value.ToString());
        yield return row;
    }
}
