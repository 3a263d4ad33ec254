using System.Globalization;
using Varve.Lineage;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Export;

/// <summary>
/// A chain in the terms of W3C PROV (PROV-DM, 2013): each content at a path is an entity, each execution an activity, which used
/// what it read and generated what it wrote; Varve is the agent. What is written as PROV-JSON and as PROV-N is the same.
/// </summary>
internal sealed class ProvDocument
{
    /// <summary>The prefix of all names made here.</summary>
    public const string Prefix = "varve", Namespace = "urn:varve:";
    public const string Agent = "varve:agent";

    public sealed record Entity(string Name, string Path, Digest Digest, long Bytes);

    public sealed record Activity(string Name, string Label, Trace Trace);

    public ProvDocument(Chain chain)
    {
        var entities = new Dictionary<(string, Digest), Entity>();
        Entity Of(string path, Digest digest, long bytes)
        {
            if (!entities.TryGetValue((path, digest), out var entity)) entities[(path, digest)] = entity = new Entity($"{Prefix}:e{entities.Count + 1}-{digest.Hex[..12]}", path, digest, bytes);
            return entity;
        }

        foreach (var input in chain.Inputs) Of(input.Path, input.Digest, input.Bytes);
        foreach (var trace in chain.Steps)
        {
            var activity = new Activity($"{Prefix}:x{trace.Execution}", trace.Origin is { } origin ? $"{origin.Block} {origin.Element}".Trim() : Words.Short(ShellText.Readable(trace), 60), trace);
            Activities.Add(activity);
            foreach (var item in trace.Observations)
                if (item.Kind == ObservationKind.Content && entities.TryGetValue((item.Path, item.Digest), out var read)) Used.Add((activity, read));
            foreach (var change in StepGraph.Written(trace))
                if (change.Kind == ChangeKind.File) Generated.Add((Of(change.Path, change.Digest, change.Bytes), activity));
        }
        if (chain.CopyAs.Length > 0 && entities.TryGetValue((chain.Path, chain.Digest), out var made)) Copy = (Of(chain.CopyAs, chain.Digest, made.Bytes), made);
        Entities = [.. entities.Values];
        Derived = [.. Generated.SelectMany(g => Used.Where(u => u.By == g.By && u.Entity != g.Entity).Select(u => (g.Entity, u.Entity, g.By)))];
    }

    public IReadOnlyList<Entity> Entities { get; }
    public List<Activity> Activities { get; } = [];
    public List<(Activity By, Entity Entity)> Used { get; } = [];
    public List<(Entity Entity, Activity By)> Generated { get; } = [];
    public IReadOnlyList<(Entity Made, Entity From, Activity By)> Derived { get; }
    /// <summary>The file that was asked for, when it is a copy of what a step made, and that.</summary>
    public (Entity Asked, Entity Made)? Copy { get; }

    /// <summary>A time as xsd:dateTime.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    /// <summary>What is told of an entity, besides its name.</summary>
    public static IEnumerable<(string Name, string Value)> Facts(Entity entity)
    {
        yield return ("prov:label", LineageDatabase.Printable(entity.Path[(entity.Path.LastIndexOf('/') + 1)..]));
        yield return ("prov:location", LineageDatabase.Printable(entity.Path));
        yield return ("varve:digest", entity.Digest.ToString());
        if (entity.Bytes >= 0) yield return ("varve:bytes", entity.Bytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>What is told of an activity, besides its name and times.</summary>
    public static IEnumerable<(string Name, string Value)> Facts(Activity activity)
    {
        var trace = activity.Trace;
        yield return ("prov:label", LineageDatabase.Printable(activity.Label));
        yield return ("varve:command", LineageDatabase.Printable(ShellText.Readable(trace)));
        yield return ("varve:step", trace.Step.ToString());
        yield return ("varve:directory", LineageDatabase.Printable(trace.Key.Directory));
        yield return ("varve:environment", LineageDatabase.Printable(trace.Key.Environment));
        yield return ("varve:exitCode", trace.ExitCode.ToString(CultureInfo.InvariantCulture));
        foreach (var kind in trace.Effects.Select(static e => e.Kind).Distinct()) yield return ("varve:effect", kind);
    }
}
