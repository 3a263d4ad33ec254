namespace Varve.Sandbox;

/// <summary>What a step's standard streams are connected to.</summary>
/// <param name="Input">Descriptor of standard input; passed on as it is.</param>
/// <param name="Output">Descriptor of standard output.</param>
/// <param name="Error">Descriptor of standard error.</param>
internal sealed record StepStreams(int Input, int Output, int Error)
{
    /// <summary>
    /// When set, the step gets a terminal of its own for standard input and output (and for standard error where that
    /// is one), and this is called with the descriptor of its other side before the command starts.
    /// </summary>
    public Action<int>? OnTerminal { get; init; }

    /// <summary>With a terminal of its own: how much went through it up to now, nothing of what was written being on the way any more.</summary>
    public Func<TerminalCount>? TerminalCount { get; init; }

    /// <summary>
    /// Called before the command starts with a way to send its main process a signal. A step without it runs in a
    /// session of its own, where keys pressed on the person's terminal do not reach it.
    /// </summary>
    public Action<Action<int>>? OnSignals { get; init; }
}
