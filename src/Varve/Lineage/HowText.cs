using Varve.Sandbox;
using Varve.Strict;

namespace Varve.Lineage;

/// <summary>A chain for a person at a terminal: the commands in order, then what they start from.</summary>
internal static class HowText
{
    public static void Write(TextWriter output, Chain chain)
    {
        if (chain.CopyAs.Length > 0) output.WriteLine($"# {chain.CopyAs} has the content of {chain.Path}");
        foreach (var trace in chain.Steps)
        {
            var lines = ShellText.Readable(trace).Split('\n');
            var notes = string.Join(", ", Notes(trace));
            output.WriteLine(notes.Length == 0 ? lines[0] : $"{lines[0]}  # {notes}");
            foreach (var line in lines.Skip(1)) output.WriteLine("  " + line);
        }
        var fetched = chain.Steps.SelectMany(static t => t.Observations).Where(static o => o.Kind == ObservationKind.Fetched)
            .Select(static o => $"  {o.Digest.Short}  {FetchKey.Of(o).Words()}").Distinct(StringComparer.Ordinal).ToList();
        if (fetched.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("fetched:");
            foreach (var line in fetched) output.WriteLine(line);
        }
        if (chain.Inputs.Count == 0) return;
        output.WriteLine();
        output.WriteLine(chain.Inputs.Count == 1 ? "from 1 input:" : $"from {chain.Inputs.Count} inputs:");
        foreach (var input in chain.Inputs) output.WriteLine($"  {input.Content,-12}  {ShellText.Relative(input.Path, chain.Steps[^1].Key.Workspace)}{(input.Snapshot.Length > 0 ? $"  {input.Snapshot}" : "")}");
    }

    /// <summary>What belongs to a command besides its words: its folder, its values, its arguments.</summary>
    private static IEnumerable<string> Notes(Trace trace)
    {
        if (trace.Key.Directory != trace.Key.Workspace) yield return "in " + ShellText.Relative(trace.Key.Directory, trace.Key.Workspace);
        foreach (var (name, value) in Given(trace)) yield return $"{name}={ShellText.Quote(value)}";
        if (trace.Key.Command is ["/bin/sh", "-eu", "-c", _, _, ..] && trace.Key.Command.Count > 5)
            yield return trace.Key.Command.Count > 9 ? $"\"$@\" = {trace.Key.Command[5]} ... {trace.Key.Command[^1]} ({trace.Key.Command.Count - 5} files)" : $"\"$@\" = {ShellText.Join(trace.Key.Command.Skip(5))}";
    }

    /// <summary>The variables that a document or a person gave this step, apart from those that every step has.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Given(Trace trace) =>
        trace.Key.Variables.Where(v => v.Key is not ("PATH" or "TERM" or "HOME" or "LANG" or "LOGNAME" or "PYTHONDONTWRITEBYTECODE" or "PYTHONHASHSEED"
            or "SHELL" or "SOURCE_DATE_EPOCH" or "TZ" or "USER")
            && !(trace.Key.Options.Contains(StrictTerms.Option) && StrictVariables.All.Contains(v)));
}
