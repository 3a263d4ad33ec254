using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;

namespace Varve.Export;

/// <summary>What a step found in the pipeline's folder that nothing on the chain made and no input brings along: folders, and links.</summary>
/// <param name="Folders">Folders, relative to the root, that must be there before it starts; none that lies above another.</param>
/// <param name="Links">Symbolic links and where they point.</param>
/// <param name="Search">Folders besides the system's in which its programs were found, in the order of PATH.</param>
internal sealed record Surroundings(IReadOnlyList<string> Folders, IReadOnlyList<KeyValuePair<string, string>> Links, IReadOnlyList<string> Search);

/// <summary>Finds the surroundings of each step of a chain.</summary>
internal sealed class SurroundingsFinder
{
    private static readonly string[] UsualFolders = [.. Steps.StepEnvironment.PlainPath.Split(':')];
    private readonly Root root;
    private readonly HashSet<string> brought = new(StringComparer.Ordinal);
    private readonly HashSet<string> linked;

    public SurroundingsFinder(Chain chain, Root root)
    {
        this.root = root;
        foreach (var input in chain.Inputs) AddAbove(brought, input.Path);
        linked = chain.Steps.SelectMany(static s => s.Changes).Where(static c => c.Kind == ChangeKind.Link).Select(static c => c.Path).ToHashSet(StringComparer.Ordinal);
    }

    public Surroundings Of(PlainStep step)
    {
        var trace = step.Trace;
        var own = trace.Changes.Where(static c => c.Kind is ChangeKind.Directory or ChangeKind.Link).Select(static c => c.Path).ToHashSet(StringComparer.Ordinal);
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var there = new HashSet<string>(StringComparer.Ordinal);
        var links = new SortedDictionary<string, string>(StringComparer.Ordinal);
        void Need(string folder)
        {
            if (root.Holds(folder) && folder != root.Folder && !own.Contains(folder) && !brought.Contains(folder)) needed.Add(folder);
        }
        foreach (var item in trace.Observations)
        {
            if (!root.Holds(item.Path)) continue;
            if (item.Kind == ObservationKind.Link && !own.Contains(item.Path) && !linked.Contains(item.Path)) links[root.Name(item.Path)] = root.Relocate(item.Detail, "");
            else if (item.Detail.StartsWith('d')) Need(item.Path);
            // A file that it found brings its folder along.
            else if (item.Detail.StartsWith('f')) AddAbove(there, item.Path);
        }
        foreach (var change in StepGraph.Written(trace))
            if (change.Kind is ChangeKind.File or ChangeKind.Link) Need(Files.Parent(change.Path));
        Need(trace.Key.Directory);
        // A step that makes folders itself, whether they are there or not, says so.
        var makes = step.IsText ? step.Text.Contains("mkdir", StringComparison.Ordinal) : step.Words[0].EndsWith("mkdir", StringComparison.Ordinal);
        needed.RemoveWhere(folder => there.Contains(folder) || (makes && folder != trace.Key.Directory));
        needed.RemoveWhere(folder => needed.Any(other => other.Length > folder.Length && View.IsWithin(other, folder)));
        return new Surroundings([.. needed.Select(root.Name).Order(StringComparer.Ordinal)], [.. links], Search(trace));
    }

    private void AddAbove(HashSet<string> folders, string path)
    {
        for (var at = Files.Parent(path); root.Holds(at) && folders.Add(at); at = Files.Parent(at))
        {
        }
    }

    private string[] Search(Trace trace)
    {
        if (trace.Key.Environment != "host") return [];
        var used = trace.Programs.Select(Files.Parent).ToHashSet(StringComparer.Ordinal);
        var path = trace.Key.Variables.FirstOrDefault(static v => v.Key == "PATH").Value ?? "";
        return [.. path.Split(':').Where(folder => used.Contains(folder) && !UsualFolders.Contains(folder) && !root.Holds(folder)).Distinct(StringComparer.Ordinal)];
    }
}
