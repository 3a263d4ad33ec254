using Varve.Lineage;
using Varve.Sandbox;

namespace Varve.Steps;

/// <summary>
/// The memoiser's contract. A step is looked up by its key; among its earlier executions the newest whose whole
/// observation holds now is reused: its changes are put in place and its output is replayed. Else it runs in the
/// sandbox, is recorded, and its changes are put in place when it ends. Nothing is recorded before its bytes are
/// in the store, and nothing is put in place before it is recorded, so that a crash at any instant leaves either
/// no execution or one that the next run finishes by reusing it. Safe for concurrent calls, and for several
/// processes on one home: one step is never run twice at once, the second caller waits and reuses.
/// </summary>
public interface IStepRunner
{
    /// <summary>Reuses the step or runs it. Blocks until it ended; cancelling ends the step.</summary>
    /// <exception cref="StepRefusedException">The step could not be set up, or its changes cannot be put in place.</exception>
    StepOutcome Run(StepRequest request, CancellationToken cancellation);

    /// <summary>Puts in place what a step with <see cref="StepRequest.Defer"/> left different. Does nothing when it is there already.</summary>
    /// <exception cref="StepRefusedException">Somebody else changed the same file meanwhile.</exception>
    void PutInPlace(StepOutcome outcome);

    /// <summary>Whether the step would be reused now, without running or changing anything.</summary>
    StepForecast Forecast(StepRequest request);
}

/// <summary>A step to be reused or run.</summary>
public sealed record StepRequest
{
    /// <summary>What decides its identity.</summary>
    public required StepKey Key { get; init; }
    /// <summary>Where the workspace lies on the host (inside, it may have another name, as `/data`).</summary>
    public required string WorkspaceOutside { get; init; }
    /// <summary>Further writable folders, inside and outside names.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> WriteAlso { get; init; } = [];
    /// <summary>The root file system's layers, from the top down; empty for the host's.</summary>
    public IReadOnlyList<string> RootLayers { get; init; } = [];
    /// <summary>Whether the step may write the whole root (it builds an environment).</summary>
    public bool RootWritable { get; init; }
    /// <summary>Host files or folders shown at other paths inside, read-only.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Binds { get; init; } = [];
    /// <summary>Where its streams go; by default they are only recorded.</summary>
    public StepTerminal Terminal { get; init; } = StepTerminal.Recorded;
    /// <summary>Run even when known.</summary>
    public bool Again { get; init; }
    /// <summary>The network it has.</summary>
    public StepNetwork Network { get; init; }
    /// <summary>Whether it sees the same clock, chance and machine everywhere (docs/effects.md).</summary>
    public bool Strict { get; init; }
    /// <summary>With a recorded network: an execution whose answers hold for this one, without a network; null for those that hold now.</summary>
    public Trace? Replaying { get; init; }
    /// <summary>When to end it.</summary>
    public TimeSpan? Timeout { get; init; }
    /// <summary>Most memory of each of its processes, in bytes.</summary>
    public long? MemoryBytes { get; init; }
    /// <summary>Whether a failed command's changes are put in place too, as a shell leaves them (`exec`), or kept aside (`run`).</summary>
    public bool ApplyFailed { get; init; }
    /// <summary>Record only; the caller puts the changes in place later (elements of a map).</summary>
    public bool Defer { get; init; }
    /// <summary>
    /// Whether an absolute path (inside) is written by other steps of the same document that this one must not see: its
    /// siblings and its successors. Such a name counts neither in a listing nor as one looked for in vain.
    /// </summary>
    public Func<string, bool> NotMine { get; init; } = static _ => false;
    /// <summary>Called when the step really has to run, before it does; what it returns is disposed when the step has ended.</summary>
    public Func<IDisposable>? BeforeRunning { get; init; }
    /// <summary>Whether it runs only to be compared with an earlier execution: what comes of it is kept, and never reused in its place.</summary>
    public bool ToCompare { get; init; }
    /// <summary>Which block asks.</summary>
    public Origin? Origin { get; init; }
    /// <summary>For a command of a shell: how its shell is set up, and its state kept.</summary>
    public ShellExchange? Shell { get; init; }
}

/// <summary>
/// One command of a shell session. Its key says what it means; what is executed sets a shell up before it and reads the
/// state off after it, through files in a folder that is there only for that. Such a step holds only when the state of
/// the files before it does: `echo x >> log` runs each time.
/// </summary>
/// <param name="Command">What is executed.</param>
/// <param name="Given">Files laid into <see cref="Folder"/>, by name.</param>
public sealed record ShellExchange(IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Given)
{
    /// <summary>The folder, as the step sees it. What is left in it is kept as <see cref="Trace.ShellState"/>.</summary>
    public const string Folder = "/varve/shell";

    /// <summary>The files that an execution left, from the blob they are kept in.</summary>
    public static IReadOnlyDictionary<string, string> Unpack(ReadOnlySpan<byte> kept)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!kept.IsEmpty)
        {
            var name = kept.IndexOf((byte)0);
            var size = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(kept[(name + 1)..]);
            files[Linux.PathText.Decode(kept[..name])] = Linux.PathText.Decode(kept.Slice(name + 5, size));
            kept = kept[(name + 5 + size)..];
        }
        return files;
    }

    /// <summary>The files of a folder as one blob: name, zero, size (32 bits, little-endian), bytes.</summary>
    internal static byte[] Pack(string folder, IReadOnlyDictionary<string, string> given)
    {
        using var all = new MemoryStream();
        Span<byte> size = stackalloc byte[4];
        foreach (var entry in Linux.Files.List(folder) ?? [])
        {
            if (given.ContainsKey(entry.Name)) continue;
            // A mask like 777 leaves files that nobody may read.
            Linux.Files.SetPermissions($"{folder}/{entry.Name}", 0x180);
            var bytes = File.ReadAllBytes($"{folder}/{entry.Name}");
            all.Write(Linux.PathText.Encode(entry.Name));
            all.WriteByte(0);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(size, bytes.Length);
            all.Write(size);
            all.Write(bytes);
        }
        return all.ToArray();
    }
}

/// <summary>Where a step's standard streams come from and go to.</summary>
public enum StepTerminal
{
    /// <summary>No input; output is recorded only (a block of a document).</summary>
    Recorded,
    /// <summary>The caller's own standard streams, live (`exec`).</summary>
    Inherited,
}

/// <summary>What came of a step.</summary>
public sealed record StepOutcome
{
    /// <summary>The execution that ran, or that was reused.</summary>
    public required Trace Trace { get; init; }
    /// <summary>Whether an earlier execution was reused.</summary>
    public required bool Reused { get; init; }
    /// <summary>Why it ran, in words (`input a.txt changed: sha256:... to sha256:...`, `never ran`); empty when reused.</summary>
    public string Why { get; init; } = "";
    /// <summary>Things the person should know: an input changed underneath it, a daemon was ended, the network was refused.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
    /// <summary>For a failed step whose changes were not applied, the folder that keeps them.</summary>
    public string KeptIn { get; init; } = "";
    /// <summary>The request it answers.</summary>
    public required StepRequest Request { get; init; }
}

/// <summary>What would happen if the step were run now.</summary>
/// <param name="Known">The execution that would be reused, if one would.</param>
/// <param name="Why">Else why it would run.</param>
public sealed record StepForecast(Trace? Known, string Why);

/// <summary>A step that could not be set up (exit status 4 of <c>run</c>, 125 of <c>exec</c>), or whose changes were refused.</summary>
public sealed class StepRefusedException(string message, Exception? inner = null) : Exception(message, inner);
