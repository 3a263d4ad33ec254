using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>A file that a chain starts from: nobody made it, as far as the lineage knows.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Digest">Its content.</param>
/// <param name="Bytes">Its size if known, else -1.</param>
/// <param name="Executable">Whether it was executable.</param>
public sealed record ChainInput(string Path, Digest Digest, long Bytes, bool Executable);

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
    private const int MostWriters = 8;
    private static readonly string[] SystemFolders = ["/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc", "/opt", "/var/lib", "/proc", "/sys", "/dev"];
    private readonly Dictionary<(string Path, Digest Digest), Trace?> makers = [];
    private readonly Dictionary<string, int> sizes = new(StringComparer.Ordinal);

    /// <summary>The chain of a file as it is now.</summary>
    /// <exception cref="NoChainException">There is no such file, or no execution made it.</exception>
    public Chain Find(string path)
    {
        var stamp = Files.Look(path);
        if (stamp.Kind == FileKind.Directory) throw new NoChainException($"{path} is a folder; ask for a file in it");
        if (stamp.Kind != FileKind.File) throw new NoChainException($"there is no file {path}");
        Digest digest;
        using (var file = Files.OpenRead(path)) digest = BlobStore.HashOf(file);
        var made = path;
        var last = Maker(path, digest);
        if (last is null && stamp.Size > 0 && lineage.WritersOf(digest, 1) is [var elsewhere, ..])
        {
            // A published, moved or mailed file is known by its content.
            made = Written(elsewhere).First(c => c.Digest == digest).Path;
            last = Maker(made, digest);
        }
        if (last is null) throw new NoChainException($"{path} ({digest.Short}) was not made by a step Varve knows: it is an input, or was changed by hand since");
        var steps = Closure(last);
        return new Chain(made, digest, made == path ? "" : path, Order(steps), Inputs(steps));
    }

    private static IEnumerable<Change> Written(Trace trace) => trace.OutputFile is { } output ? trace.Changes.Append(output) : trace.Changes;

    /// <summary>Whether a path is part of the installed system rather than somebody's data.</summary>
    public static bool IsSystem(string path) => Array.Exists(SystemFolders, folder => View.IsWithin(path, folder));

    /// <summary>What an execution read that could have been made by another one.</summary>
    private static IEnumerable<(string Path, Digest Digest, string Detail)> Read(Trace trace)
    {
        // A step that looks whether its own output of the last time is there (`rm -f`, `make`) does not read it.
        var own = trace.Changes.Select(c => c.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var item in trace.Observations)
        {
            if (item.Kind is not (ObservationKind.Content or ObservationKind.Status) || item.Digest == default) continue;
            if (item.Kind == ObservationKind.Status && own.Contains(item.Path)) continue;
            if (View.IsWithin(item.Path, trace.Key.Workspace) || !IsSystem(item.Path)) yield return (item.Path, item.Digest, item.Detail);
        }
    }

    /// <summary>The execution that made a file with that content, in the cheapest way; null for an input.</summary>
    private Trace? Maker(string path, Digest digest)
    {
        if (makers.TryGetValue((path, digest), out var known)) return known;
        // What is being looked for cannot be its own origin (a step that puts back what was there before).
        makers[(path, digest)] = null;
        Trace? best = null;
        var fewest = int.MaxValue;
        var tried = new HashSet<Digest>();
        foreach (var writer in lineage.Writers(path, digest).Where(w => w.ExitCode == 0 || w.Origin is null).Take(MostWriters))
        {
            // One step run twice is one way; a step that found the file as it is did not make it.
            if (!tried.Add(writer.Step) && fewest != int.MaxValue) continue;
            if (Read(writer).Any(r => r.Path == path && r.Digest == digest)) continue;
            var size = Size(writer);
            if (size >= fewest) continue;
            (best, fewest) = (writer, size);
        }
        return makers[(path, digest)] = best;
    }

    private int Size(Trace trace)
    {
        if (sizes.TryGetValue(trace.Execution, out var known)) return known;
        sizes[trace.Execution] = int.MaxValue / 2;
        return sizes[trace.Execution] = Closure(trace).Count;
    }

    private Dictionary<string, Trace> Closure(Trace last)
    {
        var steps = new Dictionary<string, Trace>(StringComparer.Ordinal) { [last.Execution] = last };
        var open = new Stack<Trace>([last]);
        while (open.TryPop(out var trace))
        {
            foreach (var (path, digest, _) in Read(trace))
                if (Maker(path, digest) is { } maker && steps.TryAdd(maker.Execution, maker)) open.Push(maker);
        }
        return steps;
    }

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
                var before = Read(item.Trace).Select(r => Maker(r.Path, r.Digest)).OfType<Trace>().Where(m => steps.ContainsKey(m.Execution));
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
            foreach (var (path, digest, detail) in Read(trace))
            {
                if (Maker(path, digest) is not null) continue;
                var stamp = Files.Look(path);
                inputs[path] = new ChainInput(path, digest, stamp.Kind == FileKind.File ? stamp.Size : -1, IsExecutable(detail));
            }
        }
        return [.. inputs.Values];
    }

    private static bool IsExecutable(string detail) => detail.Length >= 4 && ((detail[1] - '0') & 1) == 1;
}
