using System.Text;
using Tomlyn.Parsing;
using Tomlyn.Syntax;
using Varve.Linux;

namespace Varve.Steps;

/// <summary>Reads one TOML file of settings, with Tomlyn's syntax tree: it knows every line and needs no reflection.</summary>
internal static class SettingsFile
{
    public const string WorkspaceName = "varve.toml";

    private readonly record struct Entry(IReadOnlyList<string> Path, ValueSyntax Value)
    {
        public string Name => string.Join('.', Path);
    }

    /// <summary>The settings so far with what the file says added.</summary>
    /// <exception cref="SettingsException">The file cannot be read, is not TOML, or has a key that does not exist.</exception>
    public static Settings Read(string file, Settings settings)
    {
        string text;
        try
        {
            using var handle = Files.OpenRead(Files.LinkTarget(file) is null ? file : Path.GetFullPath(Files.LinkTarget(file)!, Files.Parent(file)));
            var bytes = new byte[RandomAccess.GetLength(handle)];
            var length = RandomAccess.Read(handle, bytes, 0);
            text = Encoding.UTF8.GetString(bytes.AsSpan(0, length));
        }
        catch (IOException e)
        {
            throw new SettingsException(e.Message, e);
        }
        var document = SyntaxParser.Parse(text, file);
        foreach (var problem in document.Diagnostics)
            if (problem.Kind == DiagnosticMessageKind.Error) throw new SettingsException($"{file}:{problem.Span.Start.Line + 1}: {problem.Message}");

        var folder = Files.Parent(file);
        foreach (var entry in Entries(document)) settings = With(settings, entry, file, folder);
        return settings;
    }

    private static Settings With(Settings settings, Entry entry, string file, string folder) => entry.Path switch
    {
        ["pass"] => settings with { Pass = [.. settings.Pass, .. Texts(entry, file)] },
        ["trust"] => settings with { Trust = [.. settings.Trust, .. Texts(entry, file).Select(p => Absolute(p, folder))] },
        ["write"] => settings with { Write = [.. settings.Write, .. Texts(entry, file).Select(p => Absolute(p, folder))] },
        ["jobs"] => settings with { Jobs = Count(entry, file) },
        ["parts"] => settings with { Parts = Keeping(entry, file) },
        ["strict"] => settings with { Strict = entry.Value is BooleanValueSyntax { Value: var on } ? on : throw Wrong(entry.Value, file, $"'{entry.Name}' must be true or false") },
        ["sidecar", "on"] => settings with { Sidecar = entry.Value is BooleanValueSyntax { Value: var on } ? on : throw Wrong(entry.Value, file, $"'{entry.Name}' must be true or false") },
        ["environments", var name, "root"] => settings with
        {
            Environments = new Dictionary<string, string>(settings.Environments, StringComparer.Ordinal) { [name] = Absolute(Text(entry.Value, entry, file), folder) },
        },
        _ => throw Wrong(entry.Value, file, $"there is no setting '{entry.Name}'; there are pass, trust, write, jobs, parts, strict, sidecar.on and environments.NAME.root"),
    };

    private static IEnumerable<Entry> Entries(DocumentSyntax document)
    {
        foreach (var pair in document.KeyValues)
            foreach (var entry in Entries([], pair)) yield return entry;
        foreach (var table in document.Tables)
            foreach (var pair in table.Items)
                foreach (var entry in Entries(Names(table.Name), pair)) yield return entry;
    }

    private static IEnumerable<Entry> Entries(IReadOnlyList<string> above, KeyValueSyntax pair)
    {
        string[] path = [.. above, .. Names(pair.Key)];
        if (pair.Value is not InlineTableSyntax inline) return [new Entry(path, pair.Value!)];
        return inline.Items.SelectMany(item => Entries(path, item.KeyValue!));
    }

    private static IReadOnlyList<string> Names(KeySyntax? key) =>
        [Name(key!.Key), .. key.DotKeys.Select(k => Name(k.Key))];

    private static string Name(BareKeyOrStringValueSyntax? key) => key switch
    {
        StringValueSyntax quoted => quoted.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => "",
    };

    private static IReadOnlyList<string> Texts(Entry entry, string file)
    {
        if (entry.Value is StringValueSyntax) return [Text(entry.Value, entry, file)];
        if (entry.Value is not ArraySyntax array) throw Wrong(entry.Value, file, $"'{entry.Name}' must be a list of texts");
        return [.. array.Items.Select(item => Text(item.Value!, entry, file))];
    }

    private static string Text(ValueSyntax value, Entry entry, string file) =>
        value is StringValueSyntax { Value: { Length: > 0 } text } ? text : throw Wrong(value, file, $"'{entry.Name}' must be text between quotes");

    private static PartKeeping Keeping(Entry entry, string file) => entry.Value switch
    {
        BooleanValueSyntax { Value: var on } => on ? PartKeeping.Worthwhile : PartKeeping.None,
        StringValueSyntax { Value: "all" } => PartKeeping.All,
        _ => throw Wrong(entry.Value, file, $"'{entry.Name}' must be true, false or \"all\""),
    };

    private static int Count(Entry entry, string file) =>
        entry.Value is IntegerValueSyntax { Value: > 0 and <= 4096 } number ? (int)number.Value : throw Wrong(entry.Value, file, $"'{entry.Name}' must be a number from 1 to 4096");

    private static string Absolute(string path, string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, folder));

    private static SettingsException Wrong(ValueSyntax at, string file, string problem) => new($"{file}:{at.Span.Start.Line + 1}: {problem}");
}
