using Varve.Documents;
using Varve.Lineage;

namespace Varve.Export;

/// <summary>Makes a pipeline of a chain: reads its steps, folds them, names what has no name, and writes the blocks' texts.</summary>
internal sealed class PipelineBuilder
{
    private readonly ExportSource source;
    private readonly Chain chain;
    private readonly Root root;
    private readonly IReadOnlyList<PlainStep> steps;
    private readonly StepGraph graph;
    private readonly SurroundingsFinder surroundings;

    private PipelineBuilder(ExportSource source)
    {
        this.source = source;
        chain = source.Chain;
        root = Root.Of(chain);
        foreach (var input in chain.Inputs)
            if (Linux.PathText.HasEscapes(input.Path)) throw new NotPortableException($"the input {input.Path} has bytes in its name that are not UTF-8, which a document cannot hold");
        var reading = new StepReading(root, source);
        steps = [.. chain.Steps.Select(reading.Of)];
        graph = new StepGraph(chain, root);
        surroundings = new SurroundingsFinder(chain, root);
    }

    /// <summary>The pipeline that makes the file again.</summary>
    /// <exception cref="NotPortableException">Something about a step cannot be carried over; the message names it.</exception>
    public static Pipeline Of(ExportSource source) => new PipelineBuilder(source).Build();

    private Pipeline Build()
    {
        var folded = Ordered(new Folding(steps, graph).Fold());
        var joining = new Joining(folded, root);
        var around = folded.Select(Around).ToList();
        for (var i = 0; i < folded.Count; i++) folded[i] = ColumnNames.Give(InOrder(folded[i], joining.Order(i)));
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var names = folded.Select(f => Names.Block(f, root, taken)).ToList();
        for (var i = 0; i < folded.Count; i++)
            if (joining.Of(i) is { } join) folded[i] = WithFiles(folded[i], join);
        folded = [.. Lifting.Apply(folded, chain, root)];
        var writer = new BlockText(source.Content);
        string Text(int i, Func<string, bool> isLocal) => folded[i].IsSequence
            ? BlockText.Sequence(folded[i].Steps.Select(s => Part(s, writer)))
            : WithMentions(folded[i], writer.Of(folded[i], around[i], [.. folded[i].Variables.Where(v => isLocal(v.Key))], joining.Of(i) is not null));
        var globals = new Globals(chain, root, folded, [.. folded.Select((_, i) => Text(i, static _ => false))]);
        var blocks = new List<PipelineBlock>();
        for (var i = 0; i < folded.Count; i++)
        {
            var text = Text(i, globals.IsLocal);
            var columns = ColumnNames.InOrder(folded[i], text);
            blocks.Add(new PipelineBlock
            {
                Name = names[i],
                Text = text,
                Attributes = Attributes(folded[i]),
                Joins = joining.Of(i) is { } join ? [.. join.Joined.Select(j => names[j])] : [],
                Columns = [.. columns.Select(static c => c.Name)],
                Rows = columns.Count == 0 ? [] : [.. Enumerable.Range(0, folded[i].Steps.Count).Select(row => (IReadOnlyList<string>)[.. columns.Select(c => c.Values[row])])],
                Elements = folded[i].IsMap ? [.. folded[i].Steps.Select(static s => (IReadOnlyList<PlainStep>)[s])] : [folded[i].Steps],
            });
        }
        var (inputs, parameters) = globals.Of(blocks);
        return new Pipeline
        {
            Chain = chain,
            Root = root,
            Inputs = inputs,
            Parameters = parameters,
            Environments = Environments(),
            Blocks = blocks,
            PublishFolder = PublishFolder(),
            Cautions = [.. Cautions.Of(source, root)],
        };
    }

    /// <summary>Blocks in an order in which each comes after those it needs, as near to the order of running as can be.</summary>
    private List<FoldedSteps> Ordered(IReadOnlyList<FoldedSteps> folded)
    {
        var blockOf = new int[graph.Units.Count];
        for (var i = 0; i < folded.Count; i++)
            foreach (var unit in folded[i].Units) blockOf[unit] = i;
        var before = new HashSet<int>[folded.Count];
        for (var i = 0; i < folded.Count; i++)
        {
            before[i] = [.. folded[i].Units.SelectMany(unit => graph.Before[unit]).Select(unit => blockOf[unit])];
            before[i].Remove(i);
        }
        return [.. StepGraph.Sorted(folded.Count, before, static i => i).Select(i => folded[i])];
    }

    private Surroundings Around(FoldedSteps block)
    {
        if (block.IsSequence) return new Surroundings([], [], []);
        if (!block.IsMap) return surroundings.Of(block.Steps[0]);
        var each = block.Steps.Select(surroundings.Of).ToList();
        return new Surroundings(
            [.. each.SelectMany(static a => a.Folders).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            [.. each.SelectMany(static a => a.Links).Distinct().OrderBy(static l => l.Key, StringComparer.Ordinal)],
            [.. each.SelectMany(static a => a.Search).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>A map with its elements in the order in which they are to stand.</summary>
    private FoldedSteps InOrder(FoldedSteps block, int[]? order)
    {
        if (!block.IsMap) return block;
        order ??= [.. Enumerable.Range(0, block.Steps.Count).OrderBy(ByDocument(block)).ThenBy(i => block.Steps[i].Trace.StartedAt).ThenBy(i => block.Steps[i].Trace.Execution, StringComparer.Ordinal)];
        return block with
        {
            Units = [.. order.Select(i => block.Units[i])],
            Steps = [.. order.Select(i => block.Steps[i])],
            Columns = [.. block.Columns.Select(c => c with { Values = [.. order.Select(i => c.Values[i])] })],
        };
    }

    private Func<int, int> ByDocument(FoldedSteps block)
    {
        if (block.Steps[0].Trace.Origin is not { } origin) return static _ => 0;
        var places = source.Elements(origin).Index().ToDictionary(static e => e.Item, static e => e.Index, StringComparer.Ordinal);
        return i => places.GetValueOrDefault(block.Steps[i].Trace.Origin!.Element, int.MaxValue);
    }

    /// <summary>The text with a line for the variables that it does not mention: only what a text mentions reaches its step.</summary>
    private static string WithMentions(FoldedSteps block, string text)
    {
        var mentioned = Identifier.In(text);
        mentioned.Add(BlockText.Percent);
        string[] silent = [.. block.Variables.Select(static v => v.Key).Concat(block.Columns.Select(static c => c.Name)).Where(name => !mentioned.Contains(name)).Order(StringComparer.Ordinal)];
        return silent.Length == 0 ? text : $"export {string.Join(' ', silent)}\n{text}";
    }

    private static FoldedSteps WithFiles(FoldedSteps block, JoinedFiles join)
    {
        if (block.Steps[0].Block.Length > 0) return block;
        var files = new WordTemplate([new WordPart(true, "@")]);
        return block with { Words = [.. block.Words.Take(join.Start), files, .. block.Words.Skip(join.Start + join.Count)] };
    }

    /// <summary>One of several steps that are written together: all that it needs is set in its own text.</summary>
    private string Part(PlainStep step, BlockText text)
    {
        var alone = Folding.Alone(0, step);
        return text.Of(alone, surroundings.Of(step), step.Variables, takesFiles: false);
    }

    private static string Attributes(FoldedSteps block)
    {
        var all = block.Steps.Select(static s => s.Attributes).Distinct(StringComparer.Ordinal).ToList();
        if (all is [var one]) return one;
        // Steps that are written together run under what any of them needs.
        if (all.Exists(static a => a.Contains("env=", StringComparison.Ordinal))) throw new NotPortableException($"steps in different environments depend on each other in a circle, such as step {block.Steps[0].Trace.Step.Short}; a document has no form for that");
        return string.Join(' ', all.SelectMany(static a => a.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(static a => !a.StartsWith("memory=", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal));
    }

    private List<KeyValuePair<string, string>> Environments() =>
        [.. source.Environments.Where(e => steps.Any(s => s.Trace.Key.Environment == e.Identity)).OrderBy(static e => e.Name, StringComparer.Ordinal).Select(e => KeyValuePair.Create(e.Name, root.Name(e.Root)))];

    /// <summary>The folder that a document is to publish the result into, when it was asked for as a published file.</summary>
    private string PublishFolder()
    {
        if (chain.CopyAs.Length == 0 || !root.Holds(chain.CopyAs) || Path.GetFileName(chain.CopyAs) != Path.GetFileName(chain.Path)) return "";
        var folder = root.Name(Linux.Files.Parent(chain.CopyAs));
        return folder == "." ? "" : folder;
    }
}
