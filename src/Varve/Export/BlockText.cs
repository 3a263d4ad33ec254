using System.Text;
using System.Text.RegularExpressions;
using Varve.Lineage;
using Varve.Store;

namespace Varve.Export;

/// <summary>Writes the shell text of a block: what must be there first, and then the step.</summary>
internal sealed partial class BlockText(Func<Digest, byte[]?> content)
{
    private const int MostMilliseconds = 10_000;
    /// <summary>The kernel takes no single argument of 128 KiB (MAX_ARG_STRLEN), and a block's text is one.</summary>
    private const int LongestText = 120_000;
    /// <summary>The parameter that stands for a percent sign where `%{name}` is meant as it is.</summary>
    public const string Percent = "percent";

    private static readonly System.Buffers.SearchValues<char> Compound = System.Buffers.SearchValues.Create("\n;`(){}");

    [GeneratedRegex(@"%(?=\{[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\})", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\$(?!\{?[A-Za-z_][A-Za-z0-9_]*\}?)|\$\{[A-Za-z_][A-Za-z0-9_]*[^}A-Za-z0-9_]", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex OtherThanAVariable();

    /// <summary>The text of a block.</summary>
    /// <param name="steps">The step, the map's elements, or the steps of a sequence.</param>
    /// <param name="surroundings">What must be there.</param>
    /// <param name="local">Variables that are set in the text itself.</param>
    /// <param name="takesFiles">Whether `"$@"` is given to the block by a join.</param>
    /// <exception cref="NotPortableException">The text would be longer than a command may be, or an input is gone.</exception>
    public string Of(FoldedSteps steps, Surroundings surroundings, IReadOnlyList<KeyValuePair<string, string>> local, bool takesFiles)
    {
        var step = steps.Steps[0];
        var lines = new StringBuilder();
        foreach (var (name, value) in local) lines.Append($"{name}={ShellText.Quote(Escaped(value))}\nexport {name}\n");
        if (surroundings.Search.Count > 0) lines.Append($"PATH={ShellText.Quote(string.Join(':', surroundings.Search))}:$PATH\n");
        if (surroundings.Folders.Count > 0) lines.Append($"mkdir -p {Escaped(ShellText.Join(surroundings.Folders))}\n");
        foreach (var (link, target) in surroundings.Links) lines.Append($"ln -sfn {Escaped(ShellText.Join([target, link]))}\n");
        if (step.Folder.Length > 0) lines.Append($"cd {Escaped(ShellText.Quote(step.Folder))}\n");
        if (!takesFiles && steps.Arguments.Count > 0) lines.Append("set -- ").AppendJoin(' ', steps.Arguments.Select(static a => Rendered(a))).Append('\n');
        var command = Command(steps, step, local);
        if (step is { IsText: true, IsLenient: true } && !IsPlain(command, steps, local)) lines.Append("set +eu\n");
        lines.Append(command);
        var text = lines.ToString();
        if (text.Length > LongestText) throw new NotPortableException($"step {step.Trace.Step.Short} has a command of {text.Length} bytes, longer than a block's text may be");
        return text;
    }

    /// <summary>The text of several steps that cannot be told apart, each in a shell of its own.</summary>
    public static string Sequence(IEnumerable<string> texts) => string.Join('\n', texts.Select(static t => $"(\n{t}\n)"));

    private string Command(FoldedSteps steps, PlainStep step, IReadOnlyList<KeyValuePair<string, string>> local)
    {
        var command = step.IsText
            ? string.Concat(steps.Text.Select(Rendered2))
            : string.Join(' ', steps.Words.Select(static (w, i) => Rendered(w, i == 0)));
        var input = Input(step);
        if (step.IsText && (steps.Output is not null || input.Length > 0) && !(IsPlain(command, steps, local) && !command.Any(static c => c is '|' or '&' or '<' or '>'))) command = $"{{\n{command}\n}}";
        if (steps.Output is not null) command = $"{command} > {Rendered(steps.Output)}";
        // A step whose status was not zero made what it made all the same.
        var failed = step.Trace.ExitCode != 0;
        if (failed && step.IsText && input.Length == 0) command = $"(\n{command}\n) || :";
        else if (failed) command += " || :";
        return input.Length == 0 ? command : WithInput(command, input);
    }

    private static string WithInput(string command, string input)
    {
        var end = "END";
        while (input.Split('\n').Contains(end)) end += "_";
        return $"{command} <<'{end}'\n{Escaped(input)}{end}";
    }

    /// <summary>What the step read from standard input, as a here-document can hold it.</summary>
    private string Input(PlainStep step)
    {
        var trace = step.Trace;
        if (trace.Input is not { Kind: "bytes", Bytes: > 0 }) return "";
        var bytes = trace.Input.Bytes < LongestText ? content(trace.Input.Digest) : throw new NotPortableException($"step {trace.Step.Short} read {trace.Input.Bytes} bytes of standard input, too many for a document; name the file in the command");
        if (bytes is null) throw new NotPortableException($"what step {trace.Step.Short} read from standard input is no longer in the store");
        if (!System.Text.Unicode.Utf8.IsValid(bytes) || bytes[^1] != '\n' || bytes.AsSpan().IndexOfAny((byte)0, (byte)'\r') >= 0)
            throw new NotPortableException($"step {trace.Step.Short} read bytes from standard input that are not lines of text, which a document cannot hold; name the file in the command");
        return Encoding.UTF8.GetString(bytes);
    }

    private static string Rendered(WordTemplate word) => Rendered(word, false);

    private static string Rendered(WordTemplate word, bool isCommand) =>
        word.Parts is [{ IsVariable: true, Text: "@" }] ? "\"$@\"" : Escaped(word.ForShell(isCommand));

    private static string Rendered2(WordTemplate word) =>
        string.Concat(word.Parts.Select(static p => p.IsVariable ? $"%{{{p.Text}}}" : Escaped(p.Text)));

    private static string Escaped(string text) =>
        text.Contains("%{", StringComparison.Ordinal) ? Placeholder().Replace(text, $"%{{{Percent}}}") : text;

    /// <summary>
    /// Whether a shell that stops at errors and at unset variables does the same with a text as one that does not: a single
    /// pipeline or list, in which every variable is one that the step is given.
    /// </summary>
    private static bool IsPlain(string text, FoldedSteps steps, IReadOnlyList<KeyValuePair<string, string>> local)
    {
        if (text.AsSpan().IndexOfAny(Compound) >= 0 && !IsBraced(text)) return false;
        if (text.Replace("&&", "", StringComparison.Ordinal).Contains('&', StringComparison.Ordinal)) return false;
        if (!text.Contains('$', StringComparison.Ordinal)) return true;
        if (OtherThanAVariable().IsMatch(text)) return false;
        var given = steps.Variables.Select(static v => v.Key).Concat(steps.Columns.Select(static c => c.Name)).Concat(local.Select(static l => l.Key)).ToHashSet(StringComparer.Ordinal);
        return VariableIn().Matches(text).All(m => given.Contains(m.Groups["name"].Value));
    }

    [GeneratedRegex(@"\$\{?(?<name>[A-Za-z_][A-Za-z0-9_]*)", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex VariableIn();

    /// <summary>Whether braces and parentheses in a text are only those of `${name}` and of templates.</summary>
    private static bool IsBraced(string text) =>
        Braces().Replace(text, "").AsSpan().IndexOfAny(Compound) < 0;

    [GeneratedRegex(@"[$%]\{[A-Za-z_][A-Za-z0-9_]*\}", RegexOptions.ExplicitCapture, MostMilliseconds)]
    private static partial Regex Braces();
}
