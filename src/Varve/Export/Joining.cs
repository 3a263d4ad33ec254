using Varve.Sandbox;

namespace Varve.Export;

/// <summary>Where a block is given all the files of blocks before it.</summary>
/// <param name="Start">The first of its words or arguments that is one of these files.</param>
/// <param name="Count">How many are.</param>
/// <param name="Joined">The blocks, by their place in the list, in the order of their files.</param>
internal sealed record JoinedFiles(int Start, int Count, IReadOnlyList<int> Joined);

/// <summary>
/// Finds the blocks that are handed all files of earlier ones. The order in which they are handed over is the order in which
/// the elements of those maps must stand; it is settled here for all maps.
/// </summary>
internal sealed class Joining
{
    private const int FewestFiles = 3;
    private readonly IReadOnlyList<FoldedSteps> blocks;
    private readonly Root root;
    private readonly Dictionary<string, (int Block, int Element)?> makers = new(StringComparer.Ordinal);
    private readonly Dictionary<int, int[]> settled = [];
    private readonly Dictionary<int, JoinedFiles> found = [];

    public Joining(IReadOnlyList<FoldedSteps> blocks, Root root)
    {
        (this.blocks, this.root) = (blocks, root);
        for (var block = 0; block < blocks.Count; block++)
            for (var element = 0; element < blocks[block].Units.Count; element++)
                foreach (var file in FilesOf(block, element))
                {
                    // A file that two elements leave belongs to neither.
                    if (!makers.TryAdd(file, (block, element))) makers[file] = null;
                }
        for (var block = 0; block < blocks.Count; block++)
            if (Find(block) is { } join) found[block] = join;
    }

    /// <summary>What a block is handed, if it is.</summary>
    public JoinedFiles? Of(int block) => found.GetValueOrDefault(block);

    /// <summary>The order that a map's elements must have, as places in <see cref="FoldedSteps.Units"/>; null when nobody minds.</summary>
    public int[]? Order(int block) => settled.GetValueOrDefault(block);

    /// <summary>The files that an element writes, absolute, as a join hands them over.</summary>
    private List<string> FilesOf(int block, int element)
    {
        var steps = blocks[block].IsSequence ? blocks[block].Steps : [blocks[block].Steps[element]];
        var files = steps.SelectMany(static s => StepGraph.Written(s.Trace)).Where(c => c.Kind == ChangeKind.File && View.IsWithin(c.Path, root.Folder)).Select(static c => c.Path).ToList();
        // With the redirected output among them they come in the order of their names.
        return steps.Count == 1 && steps[0].Output.Length == 0 ? files : [.. files.Distinct().Order(StringComparer.Ordinal)];
    }

    private JoinedFiles? Find(int block)
    {
        var steps = blocks[block];
        if (steps.IsMap || steps.IsSequence) return null;
        var step = steps.Steps[0];
        var fromDocument = step.Block.Length > 0;
        if (fromDocument) return step.Arguments.Count > 0 && Run(block, step, step.Arguments, 0, mustEnd: true) is { } whole ? whole : null;
        if (step.IsText) return null;
        for (var start = 1; start < step.Words.Count; start++)
            if (Run(block, step, step.Words, start, mustEnd: false) is { } part) return part;
        return null;
    }

    /// <summary>The blocks all whose files stand in these words from a place on.</summary>
    private JoinedFiles? Run(int consumer, PlainStep step, IReadOnlyList<string> words, int start, bool mustEnd)
    {
        string Absolute(string word) => Path.GetFullPath(word, step.Folder.Length == 0 ? root.Folder : $"{root.Folder}/{step.Folder}");
        var joined = new List<int>();
        var orders = new Dictionary<int, int[]>();
        var at = start;
        while (at < words.Count && words[at].Length > 0 && makers.GetValueOrDefault(Absolute(words[at])) is var (block, _) && block != consumer)
        {
            var order = new List<int>();
            var next = at;
            while (next < words.Count && words[next].Length > 0 && makers.GetValueOrDefault(Absolute(words[next])) is var (same, element) && same == block && !order.Contains(element))
            {
                var files = FilesOf(block, element);
                if (next + files.Count > words.Count || !files.Index().All(f => Absolute(words[next + f.Index]) == f.Item)) break;
                order.Add(element);
                next += files.Count;
            }
            if (order.Count != blocks[block].Units.Count || joined.Contains(block) || (settled.TryGetValue(block, out var known) && !known.SequenceEqual(order))) break;
            joined.Add(block);
            orders[block] = [.. order];
            at = next;
        }
        if (joined.Count == 0 || (mustEnd ? at < words.Count : at - start < FewestFiles)) return null;
        // A join names its files relative to the document, which a step in another folder would not find.
        if (step.Folder.Length > 0) return null;
        foreach (var (block, order) in orders) settled[block] = order;
        return new JoinedFiles(start, at - start, joined);
    }
}
