namespace Varve.Sandbox;

/// <summary>The descriptors a step's standard streams are connected to.</summary>
/// <param name="Input">Standard input; passed on as it is.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record StepStreams(int Input, int Output, int Error);
