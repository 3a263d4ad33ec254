using System.Globalization;
using System.Text;
using Varve.Lineage;
using Varve.Linux;

namespace Varve.Shell;

/// <summary>State as shell text: what sets a new shell up before a command, and what reads it off afterwards.</summary>
internal static class StateText
{
    /// <summary>The folder inside a step where these texts lie and where the state is left.</summary>
    public const string Folder = Steps.ShellExchange.Folder;

    /// <summary>
    /// Reads the state off; sourced as the last thing, with standard error closed off so that a traced shell does not
    /// tell of it. `set`, `export`, `readonly`, `for` and `eval` are the shell's own whatever functions there are.
    /// </summary>
    /// <param name="functions">Functions that the command may have unset, to ask the shell for.</param>
    public static string Epilogue(IReadOnlyCollection<string> functions) => Head + (functions.Count == 0 ? "" : $$"""
        for __varve_a in {{string.Join(' ', functions)}}; do case $(command -V "$__varve_a" 2>&1) in *' function'*) command echo "$__varve_a";; esac; done >|{{Folder}}/functions

        """) + Tail;

    private const string Head = $$"""
        __varve_s=$? __varve_o=$-
        set +aefux
        __varve_n=0
        for __varve_a do __varve_n=$((__varve_n+1)); eval "__varve_$__varve_n=\$__varve_a"; done
        export -p >|{{Folder}}/exported
        readonly -p >|{{Folder}}/readonly
        alias >|{{Folder}}/aliases
        umask >|{{Folder}}/mask

        """;

    private const string Tail = $$"""
        set >|{{Folder}}/after
        exit "$__varve_s"

        """;

    /// <summary>What a command is preceded by in the step's key: all that it may have to do with, and nothing else.</summary>
    public static string Before(ShellState state, Relevance relevant)
    {
        var text = new StringBuilder();
        // A folder reached through a link is known by that name only to a shell that went there.
        if (HasLink(state.Directory)) text.Append(CultureInfo.InvariantCulture, $"cd -L {ShellText.Quote(state.Directory)} >/dev/null\n");
        foreach (var (name, value) in relevant.Variables) text.Append(CultureInfo.InvariantCulture, $"{name}={ShellText.Quote(value)}\n");
        foreach (var name in state.ReadOnly.Order(StringComparer.Ordinal))
            if (state.Exported.Contains(name) || relevant.Variables.Any(v => v.Key == name)) text.Append(CultureInfo.InvariantCulture, $"readonly {name}\n");
        foreach (var function in relevant.Functions) text.Append(function.Text).Append('\n');
        foreach (var alias in StateDump.Entries(state.Aliases)) text.Append(CultureInfo.InvariantCulture, $"alias {alias}\n");
        return text.ToString();
    }

    private static bool HasLink(string folder)
    {
        for (var at = folder; at.Length > 1; at = Files.Parent(at))
            if (Files.Look(at).Kind == FileKind.Link) return true;
        return false;
    }

    /// <summary>The file mode mask, the options and the status, which come last.</summary>
    public static string Last(ShellState state, Relevance relevant, bool sourced)
    {
        var text = new StringBuilder();
        if (state.Mask != ShellState.UsualMask) text.Append(CultureInfo.InvariantCulture, $"umask {state.Mask}\n");
        if (state.Options.Length > 0) text.Append(CultureInfo.InvariantCulture, $"set -{state.Options}\n");
        if (relevant.Status && state.Status != 0) text.Append(CultureInfo.InvariantCulture, $"{(sourced ? $"return {state.Status}" : $"(exit {state.Status})")}\n");
        return text.ToString();
    }

    /// <summary>What is sourced before the command runs.</summary>
    public static string Prelude(ShellState state, Relevance relevant) =>
        Before(state, relevant) + $"set >|{Folder}/before\n" + Last(state, relevant, sourced: true);

    /// <summary>
    /// The command as it is executed: on the line it has in the script, for the shell's messages name it, between what
    /// sets the shell up and what reads it off.
    /// </summary>
    public static string Executed(Piece piece, bool keepLine)
    {
        var padding = keepLine && piece.Line > 1 ? new string('\n', piece.Line - 1) : "\n";
        var text = piece.Text.EndsWith('\n') ? piece.Text : piece.Text + "\n";
        return $". {Folder}/prelude{padding}{text}{{ . {Folder}/epilogue; }} 2>/dev/null\n";
    }
}
