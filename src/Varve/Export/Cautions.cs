using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;
using Varve.Strict;

namespace Varve.Export;

/// <summary>What may stand in the way of the same bytes, in words: effects, paths inside files, and what people have condemned.</summary>
internal static class Cautions
{
    private const int MostNamed = 6, LongestName = 30;

    public static IEnumerable<string> Of(ExportSource source, Root root)
    {
        foreach (var taint in source.Taints) yield return $"TAINTED: made from {taint}";
        var did = source.Chain.Steps.SelectMany(static t => t.Effects.Select(e => (Trace: t, What: Did(t, e.Kind))).Where(static d => d.What.Length > 0).Distinct());
        foreach (var group in did.GroupBy(static d => d.What))
        {
            var steps = group.Select(static d => d.Trace).Distinct().ToList();
            var names = steps.Select(Named).Distinct(StringComparer.Ordinal).ToList();
            yield return $"{(steps.Count == 1 ? "1 step" : $"{steps.Count} steps")} ({string.Join(", ", names.Take(MostNamed))}{(names.Count > MostNamed ? ", ..." : "")}) {group.Key}";
        }
        var strict = source.Chain.Steps.Count(static t => t.Key.Options.Contains(StrictTerms.Option));
        if (strict > 0) yield return $"{(strict == 1 ? "1 step" : $"{strict} steps")} ran with --strict: their clock and randomness are had again under Varve only";
        foreach (var trace in source.Chain.Steps)
            foreach (var change in StepGraph.Written(trace))
                if (change.Kind == ChangeKind.File && change.Bytes > 0 && HoldsPath(source, change.Digest, trace.Key.Workspace))
                    yield return $"{root.Name(change.Path)} holds the absolute path {trace.Key.Workspace}: in another folder its bytes are others";
    }

    private static string Named(Trace trace) => trace.Origin is { } origin ? origin.Block : Words.Short(ShellText.Readable(trace), LongestName);

    private static string Did(Trace trace, string kind) => kind switch
    {
        EffectKinds.Network when StepNetworks.Of(trace.Key.Options) != StepNetwork.None => "used the network: what was fetched may differ next time",
        EffectKinds.Random => "drew random numbers, as many programs do when they start; `varve recompute` tells whether the bytes depend on them",
        EffectKinds.Device => "used a device",
        EffectKinds.Ipc => "talked to a process outside",
        _ => "",
    };

    private static bool HoldsPath(ExportSource source, Digest content, string path)
    {
        using var file = source.Open(content);
        return file is not null && ContentSearch.Holds(file, PathText.Encode(path));
    }
}
