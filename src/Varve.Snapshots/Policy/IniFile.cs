namespace Varve.Snapshots.Policy;

/// <summary>One <c>key = value</c> and where it stands.</summary>
internal sealed record IniValue(string Text, int Line);

/// <summary>One section; later lines win.</summary>
internal sealed record IniSection(string Name, int Line, IReadOnlyDictionary<string, IniValue> Values);

/// <summary>
/// A file of sections, as sanoid's are: <c>[name]</c>, <c>key = value</c>, and comments on lines of their own that
/// begin with <c>#</c> or <c>;</c>.
/// </summary>
internal static class IniFile
{
    /// <exception cref="SnapshotException">A line is none of these.</exception>
    public static IReadOnlyList<IniSection> Parse(string text, string file)
    {
        var sections = new List<(string Name, int Line, Dictionary<string, IniValue> Values)>();
        var number = 0;
        foreach (var raw in text.EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (number == 1) line = line.TrimStart('\uFEFF');
            if (line.Length == 0 || line[0] is '#' or ';') continue;
            if (line[0] == '[')
            {
                if (line[^1] != ']' || line[1..^1].Trim().Length == 0) throw new SnapshotException($"{file}:{number}: a section is written [name]");
                var name = line[1..^1].Trim().ToString();
                if (!sections.Exists(s => s.Name == name)) sections.Add((name, number, new Dictionary<string, IniValue>(StringComparer.Ordinal)));
                else sections.Add(Take(sections, name));
                continue;
            }
            var equals = line.IndexOf('=');
            if (equals <= 0) throw new SnapshotException($"{file}:{number}: this is neither a section nor 'key = value'");
            if (sections.Count == 0) throw new SnapshotException($"{file}:{number}: a value before the first section");
            sections[^1].Values[line[..equals].Trim().ToString()] = new IniValue(line[(equals + 1)..].Trim().ToString(), number);
        }
        return [.. sections.Select(static s => new IniSection(s.Name, s.Line, s.Values))];
    }

    /// <summary>A section that is opened again goes on, and is the last one open.</summary>
    private static (string Name, int Line, Dictionary<string, IniValue> Values) Take(List<(string Name, int Line, Dictionary<string, IniValue> Values)> sections, string name)
    {
        var i = sections.FindIndex(s => s.Name == name);
        var section = sections[i];
        sections.RemoveAt(i);
        return section;
    }
}
