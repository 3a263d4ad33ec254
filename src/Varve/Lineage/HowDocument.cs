using System.Globalization;
using System.Text;

namespace Varve.Lineage;

/// <summary>A chain as a document in Varve's own syntax: a block a step, the inputs listed with their digests.</summary>
internal static class HowDocument
{
    public static string Write(Chain chain)
    {
        var workspace = chain.Steps[^1].Key.Workspace;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# How {ShellText.Relative(chain.Path, workspace)} is made\n\n`{chain.Digest}`\n");
        if (chain.Inputs.Count > 0) text.Append("\nInputs:\n\n");
        foreach (var input in chain.Inputs) text.Append(CultureInfo.InvariantCulture, $"- `{ShellText.Relative(input.Path, workspace)}` {input.Digest}\n");
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var trace in chain.Steps)
        {
            var name = Name(trace, names);
            var script = new StringBuilder();
            if (trace.Key.Directory != workspace) script.Append(CultureInfo.InvariantCulture, $"cd {ShellText.Quote(ShellText.Relative(trace.Key.Directory, workspace))}\n");
            foreach (var (variable, value) in HowText.Given(trace)) script.Append(CultureInfo.InvariantCulture, $"{variable}={ShellText.Quote(value)}; export {variable}\n");
            if (trace.Key.Command.Skip(5).ToArray() is { Length: > 0 } arguments && trace.Key.Command[0] == "/bin/sh" && trace.Key.Command[2] == "-c") script.Append(CultureInfo.InvariantCulture, $"set -- {ShellText.Join(arguments)}\n");
            script.Append(ShellText.Readable(trace));
            // A fence is longer than any that stands inside it.
            var fence = new string('`', script.ToString().Contains("```", StringComparison.Ordinal) ? 5 : 3);
            text.Append(CultureInfo.InvariantCulture, $"\n{fence}sh name={name}\n{script}\n{fence}\n");
        }
        return text.ToString();
    }

    private static string Name(Trace trace, Dictionary<string, int> names)
    {
        var plain = trace.Origin?.Block ?? Path.GetFileName(trace.Key.Command[0]);
        plain = string.Concat(plain.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
        var count = names[plain] = names.GetValueOrDefault(plain) + 1;
        return count == 1 ? plain : string.Create(CultureInfo.InvariantCulture, $"{plain}-{count}");
    }
}
