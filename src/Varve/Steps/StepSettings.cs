namespace Varve.Steps;

/// <summary>Which of the programs that a shell or `make` within a step starts are remembered each by itself.</summary>
public enum PartKeeping
{
    /// <summary>Those that take longer than to look them up.</summary>
    Worthwhile,
    /// <summary>All, however short.</summary>
    All,
    /// <summary>None: a step is taken as a whole.</summary>
    None,
}

/// <summary>What a person or a workspace has configured for all steps (see docs/commands.md, `config.toml` and `varve.toml`).</summary>
public sealed record StepSettings
{
    /// <summary>Which of the programs that a step starts are remembered each by itself.</summary>
    public PartKeeping Parts { get; init; }
    /// <summary>Variables passed on besides those passed by default.</summary>
    public IReadOnlyList<string> Pass { get; init; } = [];
    /// <summary>Folders whose files go by stat signature alone.</summary>
    public IReadOnlyList<string> Trust { get; init; } = [];
}
