using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Strict;

namespace Varve.Steps;

/// <summary>What a person may say of one step on the command line (<c>docs/commands.md</c>, options of a step).</summary>
public sealed record StepOptions
{
    /// <summary>The environment's name: <c>host</c>, or one of <see cref="Settings.Environments"/>.</summary>
    public string Environment { get; init; } = "host";
    /// <summary>The network it has.</summary>
    public StepNetwork Network { get; init; }
    /// <summary>Whether clock, randomness and processor are the same everywhere.</summary>
    public bool Strict { get; init; }
    /// <summary>Run even when known.</summary>
    public bool Again { get; init; }
    /// <summary>Variables to pass on besides the settings'.</summary>
    public IReadOnlyList<string> Pass { get; init; } = [];
    /// <summary>Absolute folders it may write besides the settings'.</summary>
    public IReadOnlyList<string> Write { get; init; } = [];
    /// <summary>When to end it.</summary>
    public TimeSpan? Timeout { get; init; }
    /// <summary>Most memory of each of its processes, in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The request for one command given on the command line, in the person's own terminal.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="folder">Where it starts, absolute.</param>
    /// <param name="workspace">The workspace that folder lies in; see <see cref="Settings.WorkspaceOf"/>.</param>
    /// <param name="settings">What holds for all steps.</param>
    /// <exception cref="SettingsException">The environment or a folder is not there.</exception>
    public StepRequest ForCommand(IReadOnlyList<string> command, string folder, string workspace, Settings settings)
    {
        string[] write = [.. settings.Write.Concat(Write).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        foreach (var extra in write)
            if (Files.Look(extra).Kind != FileKind.Directory) throw new SettingsException($"{extra} is to be writable but is no folder");

        List<string> options = [.. write.Select(w => $"write={w}")];
        options.AddRange(StepNetworks.Options(Network));
        var strict = Strict || settings.Strict;
        if (strict) options.Add(StrictTerms.Option);
        if (MemoryBytes is { } most) options.Add($"memory={most}");
        if (Processes.isatty(0) == 1 && Processes.isatty(1) == 1) options.Add($"terminal={TerminalBridge.Size()}");
        options.Sort(StringComparer.Ordinal);

        return new StepRequest
        {
            Key = new StepKey
            {
                Command = command,
                Directory = folder,
                Workspace = workspace,
                Environment = settings.Identity(Environment),
                Variables = StepEnvironment.Variables(settings.Pass.Concat(Pass), strict),
                Options = options,
            },
            WorkspaceOutside = workspace,
            WriteAlso = [.. write.Select(w => new KeyValuePair<string, string>(w, w))],
            RootLayers = settings.RootLayers(Environment),
            Terminal = StepTerminal.Inherited,
            Again = Again,
            Network = Network,
            Strict = strict,
            Timeout = Timeout,
            MemoryBytes = MemoryBytes,
            ApplyFailed = true,
        };
    }
}
