namespace Varve.Steps;

/// <summary>What a person or a workspace has configured for all steps (see docs/commands.md, `config.toml` and `varve.toml`).</summary>
public sealed record StepSettings
{
    /// <summary>Variables passed on besides those passed by default.</summary>
    public IReadOnlyList<string> Pass { get; init; } = [];
    /// <summary>Folders whose files go by stat signature alone.</summary>
    public IReadOnlyList<string> Trust { get; init; } = [];
}
