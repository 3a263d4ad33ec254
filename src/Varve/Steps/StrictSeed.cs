using System.Globalization;
using Varve.Lineage;
using Varve.Linux;
using Varve.Store;
using Varve.Strict;

namespace Varve.Steps;

/// <summary>What the clock and the randomness of a strict step follow from: its key, without what only says where and by whom it is run.</summary>
internal static class StrictSeed
{
    /// <summary>The terms of a step: chance from command, variables, environment and place within the workspace; the clock from SOURCE_DATE_EPOCH.</summary>
    public static StrictTerms Of(StepKey key)
    {
        var text = new List<string>();
        foreach (var word in key.Command) text.Add(Elsewhere(word, key.Workspace));
        text.Add("");
        text.Add(key.Directory == key.Workspace ? "" : Elsewhere(key.Directory, key.Workspace));
        text.Add(key.Environment.Split('@')[0]);
        foreach (var (name, value) in key.Variables)
            if (!StepEnvironment.IsSurrounding(name)) text.Add($"{name}={Elsewhere(value, key.Workspace)}");
        var said = key.Variables.FirstOrDefault(static v => v.Key == "SOURCE_DATE_EPOCH").Value;
        var epoch = long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < 1L << 32 ? seconds : long.Parse(StepEnvironment.SourceDateEpoch, CultureInfo.InvariantCulture);
        return new StrictTerms(Digest.Of(PathText.Encode(string.Join('\0', text))), epoch);
    }

    /// <summary>A text with the workspace's own folder taken out: it lies elsewhere for other people.</summary>
    private static string Elsewhere(string text, string workspace) =>
        workspace.Length > 1 ? text.Replace(workspace, "/workspace", StringComparison.Ordinal) : text;
}
