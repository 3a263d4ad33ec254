using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>
/// The canonical key of a step: all that is decided before anything runs. Its digest is the step's id; one step
/// has as many executions as there were different states of the files it observed.
/// </summary>
public sealed record StepKey
{
    /// <summary>Program and arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    /// <summary>The directory it starts in, absolute, as the step sees it.</summary>
    public required string Directory { get; init; }
    /// <summary>The folder whose files it may write, absolute, as the step sees it.</summary>
    public required string Workspace { get; init; }
    /// <summary>Name and identity of the environment: <c>host</c>, or <c>NAME@DIGEST</c>.</summary>
    public required string Environment { get; init; }
    /// <summary>Every variable it starts with, sorted by name.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; }
    /// <summary>Declared options that change what it may do, such as <c>net=open</c>, <c>write=/scratch</c>, <c>terminal=120x40</c>; sorted.</summary>
    public required IReadOnlyList<string> Options { get; init; }

    private Digest? id;

    /// <summary>A key to be filled in.</summary>
    public StepKey()
    {
    }

    /// <summary>A copy that `with` changes: what was worked out for the original does not hold for it.</summary>
    private StepKey(StepKey original) =>
        (Command, Directory, Workspace, Environment, Variables, Options) =
        (original.Command, original.Directory, original.Workspace, original.Environment, original.Variables, original.Options);

    /// <summary>The step's id: the SHA-256 of the key, each part preceded by its length.</summary>
    public Digest Id() => id ??= WorkOut();

    private Digest WorkOut()
    {
        var writer = new Canonical();
        writer.Add("varve step 1");
        writer.AddAll(Command);
        writer.Add(Directory);
        writer.Add(Workspace);
        writer.Add(Environment);
        writer.AddAll([.. Variables.Select(v => v.Key)]);
        writer.AddAll([.. Variables.Select(v => v.Value)]);
        writer.AddAll(Options);
        return writer.Digest();
    }
}

/// <summary>What a step consumed from standard input.</summary>
/// <param name="Kind"><c>none</c> (nothing consumed), <c>bytes</c>, <c>part</c> (of a file; the digest is of all of it) or <c>terminal</c>.</param>
/// <param name="Digest">The bytes consumed.</param>
/// <param name="Bytes">How many.</param>
/// <param name="ReachedEnd">Whether it saw the end of the input.</param>
public sealed record StandardInput(string Kind, Digest Digest, long Bytes, bool ReachedEnd)
{
    /// <summary>See <see cref="Kind"/>.</summary>
    internal const string Part = "part";

    /// <summary>Nothing was consumed.</summary>
    public static StandardInput None { get; } = new("none", default, 0, ReachedEnd: false);
}

/// <summary>Which block of which document asked for a step.</summary>
/// <param name="Document">The document's absolute path.</param>
/// <param name="Block">The block's name.</param>
/// <param name="Element">For an element of a map, what tells it from its siblings; else empty.</param>
public sealed record Origin(string Document, string Block, string Element);

/// <summary>The record of one execution of a step.</summary>
public sealed record Trace
{
    /// <summary>The execution's own id: 32 hexadecimal digits that sort by time.</summary>
    public required string Execution { get; init; }
    /// <summary>What was asked for.</summary>
    public required StepKey Key { get; init; }
    /// <summary>The step's id: <see cref="StepKey.Id"/>.</summary>
    public required Digest Step { get; init; }
    /// <summary>What it learnt of files it did not write, sorted by path and kind.</summary>
    public required IReadOnlyList<Observation> Observations { get; init; }
    /// <summary>What it left different, parents first.</summary>
    public required IReadOnlyList<Change> Changes { get; init; }
    /// <summary>Renames in the order made.</summary>
    public IReadOnlyList<Renaming> Renames { get; init; } = [];
    /// <summary>What its files do not tell.</summary>
    public IReadOnlyList<Effect> Effects { get; init; } = [];
    /// <summary>Every program it executed, in the order of first execution; their digests are among the observations.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];
    /// <summary>What it read from standard input.</summary>
    public StandardInput Input { get; init; } = StandardInput.None;
    /// <summary>The transcript of its standard output and error (see Steps), a blob; all zero when there was no output.</summary>
    public Digest Transcript { get; init; }
    /// <summary>For a command of a shell, the state it left (see Shell), a blob; else all zero.</summary>
    public Digest ShellState { get; init; }
    /// <summary>How the programs that it started fared; see <see cref="PartTally"/>.</summary>
    public PartTally Parts { get; init; } = PartTally.None;
    /// <summary>The file that standard output was redirected to and its content afterwards, if it lies in the workspace.</summary>
    public Change? OutputFile { get; init; }
    /// <summary>Its exit status; 128 + N when signal N ended it.</summary>
    public required int ExitCode { get; init; }
    /// <summary>When the command could not be executed at all: errno (2 not found, 13 not executable); else 0.</summary>
    public int ExecuteError { get; init; }
    /// <summary>Whether it may be reused; <see cref="NotReusable"/> says why not.</summary>
    public bool Reusable => NotReusable.Length == 0;
    /// <summary>Why it must not be reused: it failed, an input changed underneath it, it read the terminal; else empty.</summary>
    public string NotReusable { get; init; } = "";
    /// <summary>Which block of which document asked for it, if one did.</summary>
    public Origin? Origin { get; init; }
    /// <summary>Start, UTC.</summary>
    public required DateTimeOffset StartedAt { get; init; }
    /// <summary>Wall-clock time from start to end of the command.</summary>
    public required TimeSpan Elapsed { get; init; }
    /// <summary>Processor time of all its processes.</summary>
    public required TimeSpan Processor { get; init; }
    /// <summary>Most memory its processes held at once, in bytes.</summary>
    public required long PeakBytes { get; init; }
}
