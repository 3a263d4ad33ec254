using System.Globalization;

namespace Varve.Raster.Habitat;

/// <summary>Which values of a habitat map mean which of IUCN's habitat codes: a table with the columns `code` and `value`.</summary>
internal sealed class Crosswalk
{
    private readonly Dictionary<string, SortedSet<int>> values = new(StringComparer.Ordinal);

    /// <exception cref="RasterException">It cannot be read, or a row has no code, or no integer as its value.</exception>
    public static Crosswalk Read(string path)
    {
        var table = new Crosswalk();
        var line = 1;
        foreach (var row in Csv.Read(path))
        {
            line++;
            if (!row.TryGetValue("code", out var code) || !row.TryGetValue("value", out var text)) throw new RasterException($"{path}: line {line} has no code, or no value; the first line should be `code,value`");
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || value != Math.Floor(value) || Math.Abs(value) > int.MaxValue)
                throw new RasterException($"{path}: line {line}: '{text}' is no integer, and so no value of a habitat map");
            code = Plain(code);
            if (!table.values.TryGetValue(code, out var known)) table.values[code] = known = [];
            known.Add((int)value);
        }
        return table;
    }

    /// <summary>The values of some codes, in their order; codes that the table does not have are none.</summary>
    public IReadOnlyList<int> ValuesOf(IEnumerable<string> codes) => [.. codes.SelectMany(code => values.TryGetValue(Plain(code), out var known) ? known.AsEnumerable() : []).Distinct().Order()];

    // Tables that went through a spreadsheet, or through pandas, have 1.0 where 1 is meant.
    private static string Plain(string code) => code.EndsWith(".0", StringComparison.Ordinal) ? code[..^2] : code;
}
