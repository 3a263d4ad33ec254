using Varve.Steps;

namespace Varve.Running;

/// <summary>
/// What a run tells of itself while it goes, for whoever shows it. Called from several threads but never twice at
/// once, and never waited for: an implementation notes what it hears and returns.
/// </summary>
public interface IRunProgress
{
    /// <summary>A block's steps are known. Called in the document's order, and again when a map turns out to have more or fewer.</summary>
    /// <param name="block">The block's name.</param>
    /// <param name="steps">How many steps it has: 1, or a map's elements.</param>
    /// <param name="each">How long one took in earlier runs; null when none ever ran.</param>
    void Planned(string block, int steps, TimeSpan? each);

    /// <summary>A step is not known and runs now. A step that is reused only ends.</summary>
    /// <param name="block">Its block.</param>
    /// <param name="element">For an element of a map, what tells it from its siblings; else empty.</param>
    /// <param name="estimate">How long it took in an earlier run, or its siblings did; null when nothing is known.</param>
    void Started(string block, string element, TimeSpan? estimate);

    /// <summary>A step ended: it ran, well or not, or an earlier execution was reused.</summary>
    void Ended(string block, string element, StepOutcome outcome);

    /// <summary>A step will not run in this run, because one it depends on failed.</summary>
    void Skipped(string block, string element);
}
