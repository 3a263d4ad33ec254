using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Export;

/// <summary>What may stand in the way of the same bytes, in words: effects, paths inside files, and what people have condemned.</summary>
internal static class Cautions
{
    public static IEnumerable<string> Of(ExportSource source, Root root)
    {
        foreach (var taint in source.Taints) yield return $"TAINTED: made from {taint}";
        foreach (var trace in source.Chain.Steps)
        {
            foreach (var kind in trace.Effects.Select(static e => e.Kind).Distinct())
            {
                var did = kind switch
                {
                    EffectKinds.Network when trace.Key.Options.Contains("net=open") => "used the network; what it fetched may differ next time",
                    EffectKinds.Random => "drew random numbers",
                    EffectKinds.Device => "used a device",
                    EffectKinds.Ipc => "talked to a process outside",
                    _ => "",
                };
                if (did.Length > 0) yield return $"step {trace.Step.Short} {did}";
            }
            foreach (var change in StepGraph.Written(trace))
                if (change.Kind == ChangeKind.File && change.Bytes > 0 && HoldsPath(source, change.Digest, trace.Key.Workspace))
                    yield return $"{root.Name(change.Path)} holds the absolute path {trace.Key.Workspace}: in another folder its bytes are others";
        }
    }

    private static bool HoldsPath(ExportSource source, Digest content, string path)
    {
        using var file = source.Open(content);
        return file is not null && ContentSearch.Holds(file, PathText.Encode(path));
    }
}
