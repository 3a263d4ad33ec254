using Varve.Lineage;
using Varve.Sandbox;

namespace Varve.Running;

/// <summary>
/// Who wrote and who read what in one run. Two steps that leave one name different, and a step that reads what a later
/// one writes, would give another result each time they run in another order: an error that names both.
/// </summary>
internal sealed class Conflicts(Func<int, string, string> describe)
{
    private readonly Dictionary<string, (int Block, string Element, Change Change)> writers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Block, string Element)> readers = new(StringComparer.Ordinal);

    /// <summary>Adds what an execution did.</summary>
    /// <exception cref="ConflictException">It gets in the way of one that was added before.</exception>
    public void Add(int block, string element, Trace trace)
    {
        var print = Footprint.Of(trace);
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in print.Written)
        {
            own.Add(change.Path);
            if (writers.TryGetValue(change.Path, out var other) && (other.Block != block || other.Element != element))
            {
                if (!IsSame(other.Change, change))
                    throw new ConflictException($"{change.Path} is written by {describe(other.Block, other.Element)} and differently by {describe(block, element)}; give one of them another file");
            }
            else if (readers.TryGetValue(change.Path, out var reader) && (reader.Block != block || reader.Element != element) && reader.Block <= block)
            {
                throw new ConflictException($"{describe(reader.Block, reader.Element)} reads {change.Path}, which {describe(block, element)} writes{(reader.Block == block ? "" : " later")}; change their order, or give one of them another file");
            }
            writers[change.Path] = (block, element, change);
        }
        foreach (var path in print.Read)
        {
            if (own.Contains(path)) continue;
            if (writers.TryGetValue(path, out var writer) && (writer.Block > block || (writer.Block == block && writer.Element != element)))
                throw new ConflictException($"{describe(block, element)} reads {path}, which {describe(writer.Block, writer.Element)} writes{(writer.Block == block ? "" : " later")}; change their order, or give one of them another file");
            readers.TryAdd(path, (block, element));
        }
    }

    /// <summary>Forgets what a block did, before it runs again.</summary>
    public void Forget(int block)
    {
        foreach (var (path, writer) in writers.Where(w => w.Value.Block == block).ToList()) writers.Remove(path);
        foreach (var (path, reader) in readers.Where(r => r.Value.Block == block).ToList()) readers.Remove(path);
    }

    private static bool IsSame(Change a, Change b) =>
        a.Kind == b.Kind && a.Digest == b.Digest && a.Target == b.Target && (a.Kind != ChangeKind.File || a.Permissions == b.Permissions);
}
