using Varve.Lineage;
using Varve.Sandbox;

namespace Varve.Export;

/// <summary>The folder that stands for the pipeline's own: everything below it is named relative to it, so that it can be anywhere.</summary>
internal sealed class Root
{
    private Root(string path) => Folder = path;

    /// <summary>The folder, absolute.</summary>
    public string Folder { get; }

    /// <summary>The deepest folder that holds all workspaces of a chain.</summary>
    /// <exception cref="NotPortableException">There is none that is a pipeline's own.</exception>
    public static Root Of(Chain chain)
    {
        var common = chain.Steps[0].Key.Workspace;
        foreach (var trace in chain.Steps)
            while (!View.IsWithin(trace.Key.Workspace, common)) common = Linux.Files.Parent(common);
        if (common.Length > 1 && !ChainFinder.IsSystem(common)) return new Root(common);
        var places = string.Join(", ", chain.Steps.Select(static s => s.Key.Workspace).Distinct(StringComparer.Ordinal).Take(3));
        throw new NotPortableException($"the steps that made {chain.Path} worked in folders that have nothing in common ({places}), and a pipeline has one folder");
    }

    /// <summary>Whether a path lies in the folder, or is it.</summary>
    public bool Holds(string path) => View.IsWithin(path, Folder);

    /// <summary>A path as the pipeline names it: relative to the root if it lies below, else absolute; <c>.</c> for the root.</summary>
    public string Name(string path) => path == Folder ? "." : ShellText.Relative(path, Folder);

    /// <summary>A path of the root as a step in a folder (relative to the root, empty for it) names it.</summary>
    public string From(string folder, string path)
    {
        if (!Holds(path)) return path;
        return folder.Length == 0 ? Name(path) : Path.GetRelativePath($"{Folder}/{folder}", path);
    }

    /// <summary>
    /// A text in which the root's absolute path is replaced by a relative one, for a step in a folder. A path is replaced only
    /// where it begins and ends as one: not inside a longer name.
    /// </summary>
    public string Relocate(string text, string folder)
    {
        var at = text.IndexOf(Folder, StringComparison.Ordinal);
        if (at < 0) return text;
        var result = new System.Text.StringBuilder();
        var plain = 0;
        for (; at >= 0; at = text.IndexOf(Folder, at + 1, StringComparison.Ordinal))
        {
            var end = at + Folder.Length;
            if (at < plain || (at > 0 && (IsOfName(text[at - 1]) || text[at - 1] is '/' or '}')) || (end < text.Length && IsOfName(text[end]))) continue;
            result.Append(text, plain, at - plain);
            var whole = end;
            while (whole < text.Length && (IsOfName(text[whole]) || text[whole] is '/' or '+' or '@' or ',' or ':')) whole++;
            var path = text[at..whole].TrimEnd('/', ',', ':');
            var named = From(folder, path);
            // What follows a folder's slash may be something else than a name: a pattern, a variable.
            result.Append(text.AsSpan(at + path.Length).StartsWith("/") ? named == "." ? "./" : named + "/" : named);
            plain = at + path.Length + (text.AsSpan(at + path.Length).StartsWith("/") ? 1 : 0);
        }
        return result.Append(text, plain, text.Length - plain).ToString();
    }

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' || c > '\x7F';
}
