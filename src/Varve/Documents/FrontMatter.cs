using Varve.Store;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Varve.Documents;

/// <summary>What a document says of itself between the dashes at its top.</summary>
internal sealed record FrontMatter
{
    private const string Known = "title, inputs, parameters, environments, publish, debian";

    /// <summary>Named files or folders, relative to the document unless absolute.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    /// <summary>
    /// Of inputs that are named with the digest they are meant to have: each file, relative to the document unless absolute, and
    /// its digest. Another content is an error, unless the input is given another path.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<KeyValuePair<string, Digest>>> InputDigests { get; init; } = new Dictionary<string, IReadOnlyList<KeyValuePair<string, Digest>>>(StringComparer.Ordinal);
    /// <summary>The document's line at which an input is named.</summary>
    public IReadOnlyDictionary<string, int> InputLines { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);
    /// <summary>Named values; one with several makes a map of every block that mentions it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Parameters { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
    /// <summary>Named root file systems.</summary>
    public IReadOnlyDictionary<string, string> Environments { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    /// <summary>Where results are published; empty for nowhere.</summary>
    public string PublishFolder { get; init; } = "";
    /// <summary>Which files are published: globs relative to the document.</summary>
    public IReadOnlyList<string> PublishFiles { get; init; } = [];
    /// <summary>Debian packages that the steps' programs come from.</summary>
    public IReadOnlyList<string> DebianPackages { get; init; } = [];

    public bool HasEnvironment(string name) => name == "host" || Environments.ContainsKey(name);

    public string EnvironmentNames => string.Join(", ", Environments.Keys.Prepend("host"));

    /// <summary>Reads it.</summary>
    /// <param name="path">The document.</param>
    /// <param name="yaml">The text between the dashes.</param>
    /// <param name="firstLine">The document's line at which that text starts.</param>
    /// <param name="freeVariables">Whether any further key is a template variable, as in Shark; a nested one goes by a name with dots.</param>
    /// <exception cref="DocumentException">It is not YAML, or says what it cannot.</exception>
    public static FrontMatter Parse(string path, string yaml, int firstLine, bool freeVariables = false)
    {
        if (string.IsNullOrWhiteSpace(yaml)) return new FrontMatter();
        DocumentException Wrong(Mark at, string problem, Exception? inner = null) => new(path, firstLine + (int)at.Line - 1, problem, inner);
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (InvalidOperationException e)
        {
            // The parser of broken flow lists.
            throw new DocumentException(path, firstLine, "the front matter is not YAML: a list or a quote is not closed", e);
        }
        catch (YamlException e)
        {
            throw Wrong(e.Start, $"the front matter is not YAML: {e.Message}", e);
        }
        if (stream.Documents is not [{ RootNode: YamlMappingNode root }, ..]) throw new DocumentException(path, firstLine, $"the front matter is a list of `NAME: VALUE`; known are {Known}");
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        if (root.Children.FirstOrDefault(e => e.Key is YamlScalarNode { Value: "inputs" }).Value is YamlMappingNode inputs)
            foreach (var name in inputs.Children.Keys.OfType<YamlScalarNode>()) lines[name.Value ?? ""] = firstLine + (int)name.Start.Line - 1;
        return new FrontMatterReader(Wrong).Read(root, Known, freeVariables) with { InputLines = lines };
    }

    /// <summary>The same with other values for some inputs and parameters, as the command line gives them.</summary>
    /// <exception cref="DocumentException">There is no input or parameter of that name.</exception>
    public FrontMatter With(IEnumerable<KeyValuePair<string, string>> inputs, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var newInputs = new Dictionary<string, string>(Inputs, StringComparer.Ordinal);
        foreach (var (name, value) in inputs)
            newInputs[name] = Inputs.ContainsKey(name) ? value : throw new DocumentException($"-i {name}: the document has no input of that name; it has: {Names(Inputs.Keys)}");
        var newParameters = new Dictionary<string, IReadOnlyList<string>>(Parameters, StringComparer.Ordinal);
        foreach (var group in parameters.GroupBy(p => p.Key, StringComparer.Ordinal))
            newParameters[group.Key] = Parameters.ContainsKey(group.Key) ? [.. group.Select(p => p.Value)] : throw new DocumentException($"-p {group.Key}: the document has no parameter of that name; it has: {Names(Parameters.Keys)}");
        var given = inputs.Select(static i => i.Key).ToHashSet(StringComparer.Ordinal);
        return this with
        {
            Inputs = newInputs,
            InputDigests = InputDigests.Where(d => !given.Contains(d.Key)).ToDictionary(StringComparer.Ordinal),
            Parameters = newParameters,
        };
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } all ? all : "none";
}

/// <summary>Goes through the YAML nodes of a front matter, each complaint with its line.</summary>
internal sealed class FrontMatterReader(Func<Mark, string, Exception?, DocumentException> wrong)
{
    public FrontMatter Read(YamlMappingNode root, string known, bool freeVariables)
    {
        var free = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var result = new FrontMatter();
        foreach (var (keyNode, value) in root.Children)
        {
            var key = Text(keyNode);
            result = key switch
            {
                "title" => result,
                "inputs" => Inputs(result, value),
                "parameters" => result with { Parameters = Mapping(value, key).ToDictionary(e => Name(e.Key), e => Values(e.Value), StringComparer.Ordinal) },
                "environments" => result with { Environments = Mapping(value, key).ToDictionary(e => Text(e.Key), e => Root(e.Value), StringComparer.Ordinal) },
                "publish" => Publish(result, value),
                "debian" => result with { DebianPackages = Values(value) },
                _ when freeVariables => AddFree(result, free, key, value),
                _ => throw wrong(keyNode.Start, $"unknown key `{key}` in the front matter; known are {known}", null),
            };
        }
        return free.Count == 0 ? result : result with { Parameters = result.Parameters.Concat(free).ToDictionary(StringComparer.Ordinal) };
    }

    private FrontMatter AddFree(FrontMatter result, Dictionary<string, IReadOnlyList<string>> free, string name, YamlNode value)
    {
        if (value is YamlMappingNode nested)
            foreach (var (key, item) in nested.Children) AddFree(result, free, $"{name}.{Text(key)}", item);
        else free[name] = Values(value);
        return result;
    }

    /// <summary>`NAME: PATH`, `NAME: {path: PATH, digest: DIGEST}`, or for a folder `NAME: {path: PATH, files: {FILE: DIGEST}}`.</summary>
    private FrontMatter Inputs(FrontMatter result, YamlNode value)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        var digests = new Dictionary<string, IReadOnlyList<KeyValuePair<string, Digest>>>(StringComparer.Ordinal);
        foreach (var (nameNode, item) in Mapping(value, "inputs"))
        {
            var name = Name(nameNode);
            if (item is not YamlMappingNode described)
            {
                paths[name] = Text(item);
                continue;
            }
            var parts = described.Children.ToDictionary(e => Text(e.Key), static e => e.Value, StringComparer.Ordinal);
            if (parts.Keys.FirstOrDefault(static k => k is not ("path" or "digest" or "files")) is { } unknown) throw wrong(item.Start, $"unknown key `{unknown}` in the input {name}; known are path, digest, files", null);
            if (!parts.TryGetValue("path", out var path)) throw wrong(item.Start, $"the input {name} needs a `path`", null);
            paths[name] = Text(path);
            var known = new List<KeyValuePair<string, Digest>>();
            if (parts.TryGetValue("digest", out var whole)) known.Add(new(paths[name], DigestOf(whole)));
            if (parts.TryGetValue("files", out var files))
                foreach (var (file, digest) in Mapping(files, "files")) known.Add(new(paths[name] == "." ? Text(file) : $"{paths[name].TrimEnd('/')}/{Text(file)}", DigestOf(digest)));
            if (known.Count > 0) digests[name] = known;
        }
        return result with { Inputs = paths, InputDigests = digests };
    }

    private Digest DigestOf(YamlNode node) =>
        Digest.TryParse(Text(node), out var digest) ? digest : throw wrong(node.Start, $"`{Text(node)}` is no digest: sha256: and 64 hexadecimal digits", null);

    private FrontMatter Publish(FrontMatter result, YamlNode value)
    {
        foreach (var (keyNode, item) in Mapping(value, "publish"))
        {
            result = Text(keyNode) switch
            {
                "folder" => result with { PublishFolder = Text(item) },
                "files" => result with { PublishFiles = Values(item) },
                var key => throw wrong(keyNode.Start, $"unknown key `{key}` under `publish`; known are folder, files", null),
            };
        }
        if (result.PublishFolder.Length == 0 || result.PublishFiles.Count == 0) throw wrong(value.Start, "`publish` needs `folder:` and `files:`", null);
        return result;
    }

    private string Root(YamlNode node)
    {
        foreach (var (keyNode, item) in Mapping(node, "environments"))
            if (Text(keyNode) == "root") return Text(item);
        throw wrong(node.Start, "an environment is written `NAME: {root: FOLDER}`", null);
    }

    private IEnumerable<KeyValuePair<YamlNode, YamlNode>> Mapping(YamlNode node, string key) => node switch
    {
        YamlMappingNode mapping => mapping.Children,
        YamlScalarNode { Value: null or "" } => [],
        _ => throw wrong(node.Start, $"`{key}` is a list of `NAME: VALUE`", null),
    };

    private IReadOnlyList<string> Values(YamlNode node) => node is YamlSequenceNode list ? [.. list.Children.Select(Text)] : [Text(node)];

    private string Name(YamlNode node)
    {
        var name = Text(node);
        return Identifier.Is(name) ? name : throw wrong(node.Start, $"`{name}` cannot be a variable's name: letters, digits and _, not a digit first", null);
    }

    private string Text(YamlNode node) => node is YamlScalarNode scalar ? scalar.Value ?? "" : throw wrong(node.Start, "a plain value is expected here", null);
}
