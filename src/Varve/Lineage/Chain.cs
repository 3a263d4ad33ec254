using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>A file that a chain starts from: nobody made it, as far as the lineage knows.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Digest">Its content.</param>
/// <param name="Bytes">Its size if known, else -1.</param>
/// <param name="Executable">Whether it was executable.</param>
public sealed record ChainInput(string Path, Digest Digest, long Bytes, bool Executable)
{
    /// <summary>
    /// Of a file in an immutable snapshot the identity that stood for its bytes (<see cref="SnapshotIdentity"/>), while its digest
    /// was never taken and is all zero; <see cref="SnapshotInputs"/> takes it. Else empty.
    /// </summary>
    public string Snapshot { get; init; } = "";

    /// <summary>How a person is told what it holds: the digest in short, or that it lies in a snapshot.</summary>
    internal string Content => Snapshot.Length > 0 ? "snapshot" : Digest.Short;
}

/// <summary>
/// How a file came to be: the fewest executions that, run in this order on these inputs, make it. An execution belongs
/// to the chain when it wrote exactly the content that the file has, or that one of the chain read; of several that
/// could have, the one that needs the fewest steps in all.
/// </summary>
/// <param name="Path">The file, absolute.</param>
/// <param name="Digest">Its content.</param>
/// <param name="CopyAs">Another name of the same content that was asked for, such as a published copy; empty when the file itself was made.</param>
/// <param name="Steps">The executions in an order in which each finds what it reads.</param>
/// <param name="Inputs">What they start from, sorted by path.</param>
public sealed record Chain(string Path, Digest Digest, string CopyAs, IReadOnlyList<Trace> Steps, IReadOnlyList<ChainInput> Inputs);

/// <summary>Nobody made the file, or it is not there; the message says which.</summary>
public sealed class NoChainException(string message) : Exception(message);

/// <summary>Finds chains in the lineage.</summary>
internal sealed class ChainFinder(LineageDatabase lineage)
{
    private static readonly string[] SystemFolders = ["/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc", "/opt", "/var/lib", "/proc", "/sys", "/dev"];
    private readonly MakerSearch search = new(lineage);

    /// <summary>The chain of a file as it is now.</summary>
    /// <exception cref="NoChainException">There is no such file, or no execution made it.</exception>
    public Chain Find(string path)
    {
        var stamp = Files.Look(path);
        if (stamp.Kind == FileKind.Directory) throw new NoChainException($"{path} is a folder; ask for a file in it");
        if (stamp.Kind != FileKind.File) throw new NoChainException($"there is no file {path}");
        Digest digest;
        using (var file = Files.OpenRead(path)) digest = BlobStore.HashOf(file);
        return Find(path, digest, stamp.Size);
    }

    /// <summary>The chain of a file whose content is known.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="digest">The content.</param>
    /// <param name="bytes">Its size: an empty file is not known by its content.</param>
    /// <exception cref="NoChainException">No execution made it.</exception>
    public Chain Find(string path, Digest digest, long bytes)
    {
        var made = path;
        var last = search.Settle(path, digest);
        if (last is null && bytes > 0 && lineage.WritersOf(digest, 1) is [var elsewhere, ..])
        {
            // A published, moved or mailed file is known by its content.
            made = Written(elsewhere).First(c => c.Digest == digest).Path;
            last = search.Settle(made, digest);
        }
        if (last is null) throw new NoChainException($"{path} ({digest.Short}) was not made by a step Varve knows: it is an input, or was changed by hand since");
        var steps = search.Closure(last);
        return new Chain(made, digest, made == path ? "" : path, Order(steps), Inputs(steps));
    }

    private static IEnumerable<Change> Written(Trace trace) => trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes;

    /// <summary>Whether a path is part of the installed system rather than somebody's data.</summary>
    public static bool IsSystem(string path) => Array.Exists(SystemFolders, folder => View.IsWithin(path, folder));

    private List<Trace> Order(Dictionary<string, Trace> steps)
    {
        var ordered = new List<Trace>(steps.Count);
        var state = new Dictionary<string, bool>(StringComparer.Ordinal);
        // An explicit stack: a chain may be thousands of steps deep.
        var stack = new Stack<(Trace Trace, bool Leaving)>();
        foreach (var first in steps.Values.OrderBy(t => t.StartedAt).ThenBy(t => t.Execution, StringComparer.Ordinal))
        {
            stack.Push((first, false));
            while (stack.TryPop(out var item))
            {
                if (item.Leaving)
                {
                    ordered.Add(item.Trace);
                    continue;
                }
                if (!state.TryAdd(item.Trace.Execution, true)) continue;
                stack.Push((item.Trace, true));
                var before = search.Read(item.Trace).Select(r => search.Maker(r.Path, r.Digest)).OfType<Trace>().Where(m => steps.ContainsKey(m.Execution));
                foreach (var maker in before.OrderByDescending(t => t.StartedAt)) stack.Push((maker, false));
            }
        }
        return ordered;
    }

    private IReadOnlyList<ChainInput> Inputs(Dictionary<string, Trace> steps)
    {
        var inputs = new SortedDictionary<string, ChainInput>(StringComparer.Ordinal);
        foreach (var trace in steps.Values)
        {
            foreach (var (path, digest, detail) in search.Read(trace))
            {
                if (search.Maker(path, digest) is not null) continue;
                var size = StatusText.Size(detail) is >= 0 and var seen ? seen : Files.Look(path) is { Kind: FileKind.File } stamp ? stamp.Size : -1;
                inputs[path] = new ChainInput(path, digest, size, IsExecutable(detail)) { Snapshot = digest == default ? StatusText.Snapshot(detail) : "" };
            }
        }
        return [.. inputs.Values];
    }

    private static bool IsExecutable(string detail) => detail.Length >= 4 && ((detail[1] - '0') & 1) == 1;
}
