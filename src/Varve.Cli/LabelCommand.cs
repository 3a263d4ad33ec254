using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve label</c>: says something of a file that stays with its bytes.</summary>
internal static class LabelCommand
{
    public static Command Make()
    {
        var path = new Argument<string>("path") { Description = "A file as it is now, or a digest; none lists all labels", HelpName = "PATH", Arity = ArgumentArity.ZeroOrOne };
        var labels = new Argument<string[]>("label") { Description = "What to say of it; none lists its labels", HelpName = "NAME=VALUE", Arity = ArgumentArity.ZeroOrMore };
        var remove = new Option<string[]>("--remove") { Description = "Take the label of this name away; may be repeated", HelpName = "NAME" };
        var command = new Command("label", "Name a result, so that `varve find` finds it; labels stay with the bytes") { path, labels, remove };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetValue(path), parsed.GetValue(labels) ?? [], parsed.GetValue(remove) ?? []));
        return command;
    }

    private static int Run(CommonOptions common, string? path, string[] words, string[] remove)
    {
        var given = words.Select(Parse).ToList();
        using var rooms = Rooms.Open(new Settings());
        var labels = new Labels(rooms.Lineage);
        if (path is null)
        {
            if (remove.Length > 0) throw new UsageException("--remove needs the file whose label is to go");
            Tell(common, labels.All(), "", isList: true);
            return 0;
        }
        var content = NamedContent.Of(rooms.Lineage, path, CommonOptions.Absolute(path));
        Tell(common, [.. remove.Select(name => labels.Remove(content, name))], "removed ", isList: false);
        Tell(common, [.. given.Select(label => labels.Set(content, label.Key, label.Value))], "labelled ", isList: false);
        if (given.Count == 0 && remove.Length == 0) Tell(common, labels.Of(content.Digest), "", isList: true);
        return 0;
    }

    /// <summary>NAME=VALUE; the value may hold anything, the name no blank.</summary>
    internal static KeyValuePair<string, string> Parse(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || word[..equals].Any(char.IsWhiteSpace)) throw new UsageException($"{word}: a label is written NAME=VALUE");
        return KeyValuePair.Create(word[..equals], word[(equals + 1)..]);
    }

    private static void Tell(CommonOptions common, IReadOnlyList<Label> labels, string verb, bool isList)
    {
        using var output = Console.OpenStandardOutput();
        foreach (var label in labels)
        {
            if (common.Json)
            {
                TraceJson.WriteLine(output, json =>
                {
                    json.WriteString("path", label.Path);
                    json.WriteString("digest", label.Digest.ToString());
                    json.WriteString("name", TraceJson.Safe(label.Name));
                    json.WriteString("value", TraceJson.Safe(label.Value));
                    json.WriteString("at", label.At.UtcDateTime);
                    json.WriteBoolean("removed", verb == "removed ");
                });
            }
            else if (!common.Quiet || isList)
            {
                Console.Out.WriteLine(Words.Line($"{verb}{label.Path}  {label.Name}={label.Value}  {label.Digest.Short}"));
            }
        }
    }
}
