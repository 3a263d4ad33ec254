using System.Globalization;
using System.Text;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>The file cannot be made again by a plain script; the message says which step or file stands against it.</summary>
public sealed class NotPortableException(string message) : Exception(message);

/// <summary>
/// A chain as a POSIX shell script. Run by `sh` in a folder that holds only its inputs, with an empty home, it checks
/// them, makes the file, and checks that its bytes are the same.
/// </summary>
internal sealed class HowScript(BlobStore store)
{
    private const int LargestInline = 1 << 20;

    /// <exception cref="NotPortableException">Some step needs what a script cannot carry.</exception>
    public string Write(Chain chain)
    {
        var workspace = chain.Steps[^1].Key.Workspace;
        Require(chain, workspace);
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $$"""
            #!/bin/sh
            # Makes {{ShellText.Relative(chain.Path, workspace)}} ({{chain.Digest}})
            # in {{chain.Steps.Count}} step(s) from {{chain.Inputs.Count}} input(s). Written by varve how --as sh.
            set -eu
            umask 022
            root=$(pwd -P)
            scratch=$(mktemp -d)
            trap 'rm -rf "$scratch"' EXIT
            have() {
                [ -f "$2" ] || { echo "missing input: $2" >&2; exit 1; }
                [ "$(sha256sum < "$2")" = "$1  -" ] || { echo "different input: $2" >&2; exit 1; }
            }

            """);
        foreach (var input in chain.Inputs)
        {
            var path = Local(input.Path, workspace);
            script.Append(CultureInfo.InvariantCulture, $"have {input.Digest.Hex} {path}\n");
            if (input.Executable && input.Path != path) script.Append(CultureInfo.InvariantCulture, $"chmod +x {path}\n");
        }
        foreach (var folder in Folders(chain, workspace)) script.Append(CultureInfo.InvariantCulture, $"mkdir -p {folder}\n");
        for (var i = 0; i < chain.Steps.Count; i++) AddStep(script, chain.Steps[i], i + 1, workspace);
        script.Append(CultureInfo.InvariantCulture, $"\nhave {chain.Digest.Hex} {Local(chain.Path, workspace)}\n");
        if (chain.CopyAs.Length > 0)
        {
            var copy = View.IsWithin(chain.CopyAs, workspace) ? Local(chain.CopyAs, workspace) : ShellText.Quote(Path.GetFileName(chain.CopyAs));
            script.Append(CultureInfo.InvariantCulture, $"mkdir -p \"$(dirname {copy})\"\ncp {Local(chain.Path, workspace)} {copy}\n");
        }
        return script.ToString();
    }

    private void AddStep(StringBuilder script, Trace trace, int number, string workspace)
    {
        script.Append(CultureInfo.InvariantCulture, $"\n# {number}: step {trace.Step.Short}\n");
        var input = "/dev/null";
        if (trace.Input.Kind == "bytes" && trace.Input.Bytes > 0)
        {
            input = "\"$scratch/input\"";
            script.Append(CultureInfo.InvariantCulture, $"printf '{Octal(store.ReadAll(trace.Input.Digest))}' > {input}\n");
        }
        var folder = Local(trace.Key.Directory, workspace);
        script.Append("rm -rf \"$scratch/tmp\" \"$scratch/home\"; mkdir \"$scratch/tmp\" \"$scratch/home\"\n");
        script.Append(CultureInfo.InvariantCulture, $"(cd {folder} && exec env -i HOME=\"$scratch/home\"");
        foreach (var (name, value) in trace.Key.Variables)
            if (name != "HOME") script.Append(CultureInfo.InvariantCulture, $" \\\n    {name}={Word(value, workspace)}");
        script.Append(" \\\n   ");
        foreach (var word in trace.Key.Command) script.Append(' ').Append(Word(word, workspace));
        var output = trace.OutputFile is { } file ? Local(file.Path, workspace) : "/dev/null";
        script.Append(CultureInfo.InvariantCulture, $") < {input} > {output}\n");
    }

    private static string Octal(byte[] bytes)
    {
        var text = new StringBuilder(bytes.Length * 4);
        foreach (var b in bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)' ') text.Append((char)b);
            else text.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
        }
        return text.ToString();
    }

    /// <summary>A path of the workspace as one below the script's folder.</summary>
    private static string Local(string path, string workspace)
    {
        if (path == workspace) return "\"$root\"";
        return View.IsWithin(path, workspace) ? "\"$root\"/" + ShellText.Quote(path[(workspace.Length + 1)..]) : ShellText.Quote(path);
    }

    /// <summary>
    /// A word in which the workspace's own path stands for the script's folder, and the step's private folders for
    /// fresh ones.
    /// </summary>
    private static string Word(string word, string workspace)
    {
        var result = new StringBuilder();
        var plain = 0;
        for (var at = 0; at < word.Length; at++)
        {
            if (word[at] != '/' || (at > 0 && (char.IsAsciiLetterOrDigit(word[at - 1]) || word[at - 1] is '/' or '.' or '_' or '-'))) continue;
            foreach (var (place, standsFor) in new[] { (workspace, "\"$root\""), ("/tmp", "\"$scratch/tmp\""), (Sandbox.View.Home, "\"$scratch/home\"") })
            {
                if (string.CompareOrdinal(word, at, place, 0, place.Length) != 0) continue;
                var end = at + place.Length;
                if (end < word.Length && (char.IsAsciiLetterOrDigit(word[end]) || word[end] is '.' or '_' or '-')) continue;
                if (at > plain) result.Append(ShellText.Quote(word[plain..at]));
                result.Append(standsFor);
                plain = end;
                at = end - 1;
                break;
            }
        }
        if (plain < word.Length || word.Length == 0) result.Append(ShellText.Quote(word[plain..]));
        return result.ToString();
    }

    private static SortedSet<string> Folders(Chain chain, string workspace)
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        void Add(string folder)
        {
            if (folder != workspace && View.IsWithin(folder, workspace)) folders.Add(Local(folder, workspace));
        }
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var trace in chain.Steps)
        {
            Add(trace.Key.Directory);
            if (trace.OutputFile is { } file) Add(Linux.Files.Parent(file.Path));
            // A folder that was there before a step wrote into it must be there again, even when nothing on the chain made it.
            foreach (var item in trace.Observations)
                if (item.Kind is ObservationKind.Exists or ObservationKind.Status or ObservationKind.Listing && item.Detail.StartsWith('d') && !made.Contains(item.Path)) Add(item.Path);
            foreach (var change in trace.Changes)
                if (change.Kind == ChangeKind.Directory) made.Add(change.Path);
            foreach (var change in trace.Changes)
                if (change.Kind == ChangeKind.File && !made.Contains(Linux.Files.Parent(change.Path))) Add(Linux.Files.Parent(change.Path));
        }
        return folders;
    }

    private void Require(Chain chain, string workspace)
    {
        foreach (var trace in chain.Steps)
        {
            if (trace.Key.Environment != "host") throw new NotPortableException($"step {trace.Step.Short} runs in the environment {trace.Key.Environment}, which a plain script cannot bring along; --as md names it");
            if (trace.Key.Workspace != workspace) throw new NotPortableException($"step {trace.Step.Short} worked in another workspace, {trace.Key.Workspace}; a script has one folder");
            if (trace.Input is { Kind: StandardInput.Part, Bytes: > 0 }) throw new NotPortableException($"step {trace.Step.Short} read a part of a file, or a large file, from standard input");
            if (trace.Input.Kind == "terminal") throw new NotPortableException($"step {trace.Step.Short} read the terminal");
            if (trace.Input.Bytes > LargestInline) throw new NotPortableException($"step {trace.Step.Short} read {trace.Input.Bytes} bytes of standard input, too many for a script");
            if (trace.Input is { Kind: "bytes", Bytes: > 0 } && !store.Has(trace.Input.Digest)) throw new NotPortableException($"what step {trace.Step.Short} read from standard input is no longer in the store");
            foreach (var change in trace.Changes)
                if (change.Kind == ChangeKind.File && change.Bytes > 0 && HoldsPath(change.Digest, workspace))
                    throw new NotPortableException($"{change.Path} holds the absolute path {workspace}, so its bytes would be others in another folder");
        }
    }

    private bool HoldsPath(Digest content, string path)
    {
        if (!store.Has(content)) return false;
        using var file = store.Open(content);
        return ContentSearch.Holds(file, Linux.PathText.Encode(path));
    }
}
