using System.Globalization;
using System.Text.RegularExpressions;
using Varve.Lineage;
using Varve.Linux;
using Varve.Running;
using Varve.Sandbox;
using Varve.Steps;
using Varve.Strict;
using Varve.Store;

namespace Varve.Documents;

/// <summary>
/// Makes steps of a document in Shark's dialect. Its steps see a folder /data, which lies beside the document as
/// NAME.data; each line of a run is a step in the environment that a build made (docs/shark.md).
/// </summary>
internal sealed partial class SharkPlan(Document document, FrontMatter values, VarveHome home, Settings settings, IStepRunner runner)
{
    private const string Data = "/data";
    private const string SourceInside = "/mnt/varve-copy";
    private readonly Dictionary<string, string> built = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SharkEnvironment> environments = new(StringComparer.Ordinal);
    private readonly string dataFolder = $"{document.Folder}/{Path.GetFileNameWithoutExtension(document.Path)}.data";

    [GeneratedRegex(@"/data/[^\s'""<>|;&()]*\*[^\s'""<>|;&()]*", RegexOptions.NonBacktracking)]
    private static partial Regex StarPath();

    public IReadOnlyList<PlannedBlock> Plan()
    {
        Files.MakeDirectories(dataFolder);
        var plan = new List<PlannedBlock>();
        foreach (var (name, path) in values.Inputs) plan.Add(Import($"input-{name}", 1, path, $"{Data}/{Path.GetFileName(path.TrimEnd('/'))}"));
        foreach (var block in document.Blocks)
        {
            switch (block.Kind)
            {
                case BlockKind.SharkBuild:
                    // What a build makes lies outside the workspace, where nobody observes it: its order is said outright.
                    foreach (var step in Build(block))
                    {
                        plan.Add(step with { Joins = built.TryGetValue(block.Name, out var before) ? [before] : [] });
                        built[block.Name] = step.Name;
                    }
                    break;
                case BlockKind.SharkImport:
                    plan.Add(Import(block));
                    break;
                case BlockKind.SharkPublish:
                    plan.Add(Publish(block));
                    break;
                default:
                    plan.Add(Run(block) with { Joins = built.TryGetValue(block.Environment, out var last) ? [last] : [] });
                    break;
            }
        }
        return plan;
    }

    private string Place(int line) => string.Create(CultureInfo.InvariantCulture, $"{document.Path}:{line}");

    private PlannedBlock Import(Block block)
    {
        if (block.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var source, var target])
            throw new DocumentException(document.Path, block.Line, "an import is a line `SOURCE /data/TARGET`");
        if (source.Contains("://", StringComparison.Ordinal))
            throw new DocumentException(document.Path, block.Line, $"{source} is not a file on this host; download it first and import the file, so that what came is known");
        return Import(block.Name, block.Line, source, target);
    }

    private PlannedBlock Import(string name, int line, string source, string target)
    {
        if (!View(target)) throw new DocumentException(document.Path, line, $"an import goes to a path below {Data}, not to {target}");
        var from = source.StartsWith('/') ? source : Path.GetFullPath($"{document.Folder}/{source}");
        if (!Files.Look(PathText.EncodeTerminated(from), follow: true).Exists) throw new DocumentException(document.Path, line, $"there is no {from} to import");
        var step = Request(["/bin/sh", "-eu", "-c", "mkdir -p \"$(dirname \"$2\")\" && cp -rLT -- \"$1\" \"$2\"", name, from, target.TrimEnd('/')], "host", [], null);
        return new PlannedBlock { Name = name, Place = Place(line), IsFixed = true, Expand = _ => [new PlannedStep("", step)] };
    }

    private static bool View(string path) => path.StartsWith(Data + "/", StringComparison.Ordinal) && !path.Contains("/../", StringComparison.Ordinal);

    private PlannedBlock Run(Block block) => new()
    {
        Name = block.Name,
        Place = Place(block.Line),
        MappedOver = [.. new Expansion(document, values).Expand(block, static _ => []).SelectMany(e => StarPath().Matches(e.Text)).Select(m => new NamePattern(m.Value))],
        Expand = _ => [.. Commands(block).Select(c => new PlannedStep(c.Element, RunRequest(block, c.Text)))],
    };

    private StepRequest RunRequest(Block block, string text)
    {
        if (!environments.TryGetValue(block.Environment, out var environment)) return Request(["/bin/sh", "-eu", "-c", text], "host", [], null);
        return Request([.. environment.Shell, text], environment.KeyText, environment.Variables, environment.Root);
    }

    /// <summary>The command for each combination of templates and starred paths.</summary>
    private IEnumerable<(string Element, string Text)> Commands(Block block)
    {
        foreach (var element in new Expansion(document, values).Expand(block, static _ => []))
        {
            foreach (var (id, text) in Stars(block, element.Text))
                yield return (string.Join(" x ", new[] { element.Id, id }.Where(i => i.Length > 0)), text);
        }
    }

    private IEnumerable<(string Id, string Text)> Stars(Block block, string text)
    {
        if (StarPath().Match(text) is not { Success: true } star) return [("", text)];
        var files = Glob.Match(dataFolder, star.Value[(Data.Length + 1)..]);
        if (files.Count == 0) throw new DocumentException(document.Path, block.Line, $"no file matches {star.Value}; the blocks before this one made none");
        return files.SelectMany(file => Stars(block, text[..star.Index] + $"{Data}/{file}" + text[(star.Index + star.Length)..])
            .Select(rest => (string.Join(" x ", new[] { Path.GetFileName(file), rest.Id }.Where(i => i.Length > 0)), rest.Text)));
    }

    private StepRequest Request(IReadOnlyList<string> command, string environment, IEnumerable<KeyValuePair<string, string>> variables, string? root) => new()
    {
        Key = new StepKey
        {
            Command = command,
            Directory = Data,
            Workspace = Data,
            Environment = environment,
            Variables = StepEnvironment.Variables(settings.Pass, settings.Strict, variables),
            Options = settings.Strict ? [$"data={dataFolder}", StrictTerms.Option] : [$"data={dataFolder}"],
        },
        Strict = settings.Strict,
        WorkspaceOutside = dataFolder,
        RootLayers = root is null ? [] : [root],
    };

    private PlannedBlock Publish(Block block) => new()
    {
        Name = block.Name,
        Place = Place(block.Line),
        Expand = static _ => [],
        Completed = _ =>
        {
            var folder = document.Folder + "/_shark";
            Files.MakeDirectories(folder);
            foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (!View(line)) throw new DocumentException(document.Path, block.Line, $"{line}: what is published lies below {Data}");
                var source = dataFolder + line[Data.Length..].TrimEnd('/');
                if (!Files.Look(source).Exists) throw new DocumentException(document.Path, block.Line, $"{line} is to be published, and no block made it");
                PublishTree(source, $"{folder}/{Path.GetFileName(source)}");
            }
        },
    };

    private static void PublishTree(string from, string to)
    {
        if (Files.Look(from).Kind != FileKind.Directory)
        {
            Publishing.Copy(from, to);
            return;
        }
        Files.MakeDirectories(to);
        foreach (var entry in Files.List(from) ?? []) PublishTree($"{from}/{entry.Name}", $"{to}/{entry.Name}");
    }

    private IEnumerable<PlannedBlock> Build(Block block)
    {
        var environment = environments[block.Name] = new SharkEnvironment(home, block.Name);
        SExpression spec;
        try
        {
            spec = SExpression.Parse(block.Text);
        }
        catch (FormatException e)
        {
            var space = e.Message.IndexOf(' ', StringComparison.Ordinal);
            throw new DocumentException(document.Path, block.Line + 1 + int.Parse(e.Message.AsSpan(0, space), CultureInfo.InvariantCulture), $"the build of {block.Name}: {e.Message[(space + 1)..]}", e);
        }
        DocumentException Wrong(SExpression at, string problem) => new(document.Path, block.Line + 1 + at.Line, problem);
        var number = 0;
        foreach (var item in spec.Items)
        {
            number++;
            var name = number == 1 ? block.Name : $"{block.Name}.{number - 1}";
            switch (item.Head)
            {
                case "from" when number == 1:
                    var folder = item.Words.FirstOrDefault() ?? "";
                    var root = folder.StartsWith('/') ? folder : Path.GetFullPath($"{document.Folder}/{folder}");
                    if (Files.Look(root).Kind != FileKind.Directory)
                        throw Wrong(item, $"(from {folder}): a local root file system is needed, and {root} is no folder; `debootstrap bookworm ./rootfs` or unpacking an image makes one");
                    yield return new PlannedBlock { Name = name, Place = Place(block.Line), Expand = static _ => [], Completed = _ => environment.From(root) };
                    break;
                case "run":
                case "copy":
                    yield return BuildStep(name, Place(block.Line + 1 + item.Line), environment, item, Wrong);
                    break;
                case "env" or "workdir" or "shell" or "user" or "network":
                    yield return new PlannedBlock { Name = name, Place = Place(block.Line), Expand = static _ => [], Completed = _ => Set(environment, item) };
                    break;
                default:
                    throw Wrong(item, number == 1 ? "a build begins with (from FOLDER)" : $"({item.Head} ...) is no instruction; there are run, copy, env, workdir, shell, user, network");
            }
        }
        if (number == 0) throw new DocumentException(document.Path, block.Line, "a build begins with (from FOLDER)");
    }

    private static void Set(SharkEnvironment environment, SExpression item)
    {
        string[] words = [.. item.Words];
        if (item.Head == "env" && words.Length == 2) environment.Variables[words[0]] = words[1];
        if (item.Head == "workdir" && words.Length == 1) environment.Directory = words[0].StartsWith('/') ? words[0] : $"{environment.Directory.TrimEnd('/')}/{words[0]}";
        if (item.Head == "shell" && words.Length > 0) environment.Shell = words;
    }

    private PlannedBlock BuildStep(string name, string place, SharkEnvironment environment, SExpression item, Func<SExpression, string, DocumentException> wrong)
    {
        IReadOnlyList<string> command;
        List<KeyValuePair<string, string>> binds = [];
        var network = item.Find("network") is not null;
        if (item.Head == "run")
        {
            var text = item.Find("shell")?.Words.FirstOrDefault() ?? throw wrong(item, "(run ...) needs (shell \"COMMAND\")");
            command = [text];
        }
        else
        {
            var sources = item.Find("src")?.Words.ToArray() ?? throw wrong(item, "(copy ...) needs (src FILE...)");
            var target = item.Find("dst")?.Words.FirstOrDefault() ?? throw wrong(item, "(copy ...) needs (dst PATH)");
            foreach (var source in sources)
                if (!Files.Look($"{document.Folder}/{source}").Exists) throw wrong(item, $"there is no {source} beside the document to copy");
            binds.Add(new(SourceInside, document.Folder));
            command = [$"mkdir -p '{(sources.Length > 1 ? target : Path.GetDirectoryName(target))}' && cp -r {string.Join(' ', sources.Select(s => $"'{SourceInside}/{s}'"))} '{target}'"];
        }
        if (network && Files.Look("/etc/resolv.conf").Exists) binds.Add(new("/etc/resolv.conf", "/etc/resolv.conf"));
        return new PlannedBlock
        {
            Name = name,
            Place = place,
            WritesWorkspace = false,
            Expand = _ =>
            {
                Files.MakeDirectories(environment.Root + environment.Directory);
                return [new PlannedStep("", new StepRequest
                {
                    Key = new StepKey
                    {
                        Command = [.. environment.Shell, .. command],
                        Directory = environment.Directory,
                        Workspace = "/",
                        Environment = environment.KeyText,
                        Variables = StepEnvironment.Variables([], extra: environment.Variables),
                        Options = network ? ["build", "net=open"] : ["build"],
                    },
                    WorkspaceOutside = environment.Root,
                    RootLayers = [environment.Root],
                    RootWritable = true,
                    Binds = binds,
                    Network = network ? StepNetwork.Open : StepNetwork.None,
                    Defer = true,
                })];
            },
            Completed = outcomes => environment.Apply(outcomes[0], runner),
        };
    }
}
