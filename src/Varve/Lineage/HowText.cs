namespace Varve.Lineage;

/// <summary>A chain for a person at a terminal: the commands in order, then what they start from.</summary>
internal static class HowText
{
    public static void Write(TextWriter output, Chain chain)
    {
        foreach (var trace in chain.Steps)
        {
            var lines = ShellText.Readable(trace).Split('\n');
            var folder = trace.Key.Directory == trace.Key.Workspace ? "" : $"  # in {ShellText.Relative(trace.Key.Directory, trace.Key.Workspace)}";
            // A document's values are part of the command as much as its words.
            var values = string.Concat(Given(trace).Select(v => $"{v.Key}={ShellText.Quote(v.Value)} "));
            output.WriteLine(lines.Length == 1 ? values + lines[0] + folder : $"{values}sh -eu{folder}");
            if (lines.Length > 1)
                foreach (var line in lines) output.WriteLine("    " + line);
        }
        if (chain.Inputs.Count == 0) return;
        output.WriteLine();
        output.WriteLine(chain.Inputs.Count == 1 ? "from 1 input:" : $"from {chain.Inputs.Count} inputs:");
        foreach (var input in chain.Inputs) output.WriteLine($"  {input.Digest.Short}  {ShellText.Relative(input.Path, chain.Steps[^1].Key.Workspace)}");
    }

    /// <summary>The variables that a document or a person gave this step, apart from those that every step has.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Given(Trace trace) =>
        trace.Key.Variables.Where(v => v.Key is not ("PATH" or "TERM" or "HOME" or "LANG" or "LOGNAME" or "PYTHONDONTWRITEBYTECODE" or "PYTHONHASHSEED"
            or "SHELL" or "SOURCE_DATE_EPOCH" or "TZ" or "USER"));
}
