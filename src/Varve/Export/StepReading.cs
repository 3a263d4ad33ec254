using System.Text.RegularExpressions;
using Varve.Documents;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Strict;

namespace Varve.Export;

/// <summary>Reads an execution as a step of a pipeline: what `exec`, `sh` and `run` each recorded in their own way becomes one form.</summary>
internal sealed partial class StepReading(Root root, ExportSource source)
{
    private const int MostMilliseconds = 10_000;
    private static readonly HashSet<string> OfTheShellItself = new(StringComparer.Ordinal) { "IFS", "CDPATH", "PS1", "PS2", "PS4", "OPTIND", "PPID", "PATH", "HOME", "ENV", "PWD", "OLDPWD" };

    [GeneratedRegex(@"\$\{?0(?![0-9])", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex NameOfTheShell();

    [GeneratedRegex(@"\$\{?[0-9@*#]", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex Positional();

    [GeneratedRegex(@"(^|[;&|(\s])cd\s", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex ChangesFolder();

    /// <summary>The step of an execution.</summary>
    /// <exception cref="NotPortableException">It needs what a pipeline cannot carry.</exception>
    public PlainStep Of(Trace trace)
    {
        Require(trace);
        var folder = root.Holds(trace.Key.Directory) && trace.Key.Directory != root.Folder ? root.Name(trace.Key.Directory) : "";
        var output = trace.OutputFile is { } file ? root.From(folder, file.Path) : "";
        var step = new PlainStep { Trace = trace, Folder = folder, Output = output, Attributes = Attributes(trace) };
        var given = Given(trace).ToList();
        if (ShellText.Script(trace.Key.Command) is not { } script) return Words(step, given);
        var arguments = trace.Key.Command.Skip(script.Word + 2).ToList();
        var text = trace.Key.Command[script.Word];
        // A block's shell has another name for itself, and arguments that it does not look at make a step no other.
        if (trace.Origin is null && NameOfTheShell().IsMatch(text)) return Words(step, given);
        // What a shell was set up with stands before the command, a line for each variable.
        if (trace.Key.Options.Contains("shell")) text = TakeVariables(text, given);
        text = Relocated(text, trace, folder);
        return step with
        {
            Text = text,
            IsLenient = !script.IsStrict,
            Variables = [.. given.Select(v => KeyValuePair.Create(v.Key, root.Relocate(v.Value, folder)))],
            Arguments = trace.Origin is not null || Positional().IsMatch(text) ? [.. arguments.Select(a => root.Relocate(a, folder))] : [],
        };
    }

    private PlainStep Words(PlainStep step, List<KeyValuePair<string, string>> given) => step with
    {
        Words = [.. step.Trace.Key.Command.Select(w => Relocated(w, step.Trace, step.Folder))],
        Variables = [.. given.Select(v => KeyValuePair.Create(v.Key, root.Relocate(v.Value, step.Folder)))],
    };

    private string Relocated(string text, Trace trace, string folder)
    {
        var moved = root.Relocate(text, folder);
        if (!ReferenceEquals(moved, text) && ChangesFolder().IsMatch(text))
            throw new NotPortableException($"step {trace.Step.Short} changes its folder and names {root.Folder}, which would be another folder elsewhere; name files relative to the step's folder");
        return moved;
    }

    /// <summary>The variables of a step besides those that every step has.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Given(Trace trace) =>
        HowText.Given(trace).Where(static v => v.Key is not ("PWD" or "OLDPWD" or "_"));

    private string Attributes(Trace trace)
    {
        var attributes = new List<string>();
        if (trace.Key.Environment != "host")
        {
            var known = source.Environments.FirstOrDefault(e => e.Identity == trace.Key.Environment);
            if (known.Name is null) throw new NotPortableException($"step {trace.Step.Short} ran in the environment {trace.Key.Environment}, and the settings have none of that name and place");
            attributes.Add($"env={known.Name}");
        }
        var write = new List<string>();
        foreach (var option in trace.Key.Options)
        {
            if (option is "net=open" or "net=recorded") attributes.Add(option);
            else if (option == StrictTerms.Option) attributes.Add("strict=yes");
            else if (option.StartsWith("memory=", StringComparison.Ordinal)) attributes.Add(option);
            else if (option.StartsWith("write=", StringComparison.Ordinal)) write.Add(root.Name(option[6..]));
        }
        if (write.Count > 0) attributes.Add($"write={string.Join(',', write)}");
        return string.Join(' ', attributes.Select(static a => a.Contains(' ', StringComparison.Ordinal) ? $"{a[..(a.IndexOf('=', StringComparison.Ordinal) + 1)]}\"{a[(a.IndexOf('=', StringComparison.Ordinal) + 1)..]}\"" : a));
    }

    private static void Require(Trace trace)
    {
        if (trace.Key.Options.Any(static o => o.StartsWith("data=", StringComparison.Ordinal) || o == "build"))
            throw new NotPortableException($"step {trace.Step.Short} belongs to a document in Shark's dialect, {trace.Origin?.Document}; that document is what makes the file again");
        if (trace.Input is { Kind: StandardInput.Part, Bytes: > 0 }) throw new NotPortableException($"step {trace.Step.Short} read a part of a file, or a large file, from standard input; name the file in the command");
        if (trace.Input.Kind == "terminal") throw new NotPortableException($"step {trace.Step.Short} read the terminal");
        foreach (var word in trace.Key.Command)
            if (PathText.HasEscapes(word)) throw new NotPortableException($"step {trace.Step.Short} has bytes in its command that are not UTF-8, which a document cannot hold");
        foreach (var change in trace.Changes)
            if (change.Kind == ChangeKind.Fifo && View.IsWithin(change.Path, trace.Key.Workspace)) throw new NotPortableException($"step {trace.Step.Short} leaves a FIFO, {change.Path}");
    }

    /// <summary>Takes the lines `name=value` off the beginning of a shell's text, as StateText wrote them.</summary>
    private static string TakeVariables(string text, List<KeyValuePair<string, string>> variables)
    {
        var kept = new System.Text.StringBuilder();
        var at = 0;
        while (at < text.Length)
        {
            var line = text.IndexOf('\n', at) is var newline and >= 0 ? newline : text.Length;
            if (text.AsSpan(at, line - at).StartsWith("cd -L ") || text.AsSpan(at, line - at).StartsWith("readonly "))
            {
                at = Math.Min(text.Length, line + 1);
                continue;
            }
            var equals = text.IndexOf('=', at, line - at);
            if (equals < 0 || !Identifier.Is(text[at..equals]) || ShellText.Unquote(text, equals + 1) is not var (value, end) || end >= text.Length || text[end] != '\n') break;
            var name = text[at..equals];
            if (OfTheShellItself.Contains(name)) kept.Append(text, at, end + 1 - at);
            else variables.Add(new(name, value));
            at = end + 1;
        }
        return kept.Append(text, at, text.Length - at).ToString();
    }
}
