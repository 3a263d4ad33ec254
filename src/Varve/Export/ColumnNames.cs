using System.Globalization;

namespace Varve.Export;

/// <summary>Names the columns of maps.</summary>
internal static class ColumnNames
{
    /// <summary>The block with a name for each column, and the names in its templates.</summary>
    public static FoldedSteps Give(FoldedSteps block)
    {
        if (!block.IsMap) return block;
        var taken = block.Columns.Select(static c => c.Name).Concat(block.Variables.Select(static v => v.Key)).Where(static n => n.Length > 0).ToHashSet(StringComparer.Ordinal);
        // A name that the text mentions already would be two things.
        taken.UnionWith(block.Text.SelectMany(static t => t.Parts).Where(static p => !p.IsVariable).SelectMany(static p => Names.In(p.Text)));
        Column[] columns = [.. block.Columns.Select(c => c.Name.Length > 0 ? c : c with { Name = Names.Variable(c.Hint, "item", taken) })];
        WordTemplate Named(WordTemplate word) => new([.. word.Parts.Select(p => p.IsVariable ? p with { Text = columns[int.Parse(p.Text, CultureInfo.InvariantCulture)].Name } : p)]);
        return block with
        {
            Columns = columns,
            Words = [.. block.Words.Select(Named)],
            Text = [.. block.Text.Select(Named)],
            Arguments = [.. block.Arguments.Select(Named)],
            Output = block.Output is { } output ? Named(output) : null,
        };
    }

    /// <summary>The columns in the order in which a text mentions them first; those that it does not mention are left out.</summary>
    public static IReadOnlyList<Column> InOrder(FoldedSteps block, string text)
    {
        var byName = block.Columns.ToDictionary(static c => c.Name, StringComparer.Ordinal);
        return [.. Names.In(text).Distinct(StringComparer.Ordinal).Where(byName.ContainsKey).Select(name => byName[name])];
    }
}
