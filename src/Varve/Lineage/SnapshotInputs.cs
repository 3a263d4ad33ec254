using System.Text;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>
/// Files that steps read in immutable snapshots: known by their identity there, and digested only when something has to
/// tell their content to another host.
/// </summary>
/// <param name="digests">Takes digests, and keeps them.</param>
/// <param name="say">Told before what may take long, a line each.</param>
internal sealed class SnapshotInputs(DigestCache digests, Action<string> say)
{
    /// <summary>What stands for a content where only digests have room (`reads`, taints): the SHA-256 of its identity.</summary>
    public static Digest NameOf(string identity) => Digest.Of(Encoding.UTF8.GetBytes(identity));

    /// <summary>The digest of what was observed, or what stands for it; all zero when there is neither.</summary>
    public static Digest NameOf(in Observation item) =>
        item.Digest != default || item.Kind is not (ObservationKind.Content or ObservationKind.Status) ? item.Digest
        : StatusText.Snapshot(item.Detail) is { Length: > 0 } identity ? NameOf(identity) : default;

    /// <summary>The chain with the digest of each of its inputs.</summary>
    /// <exception cref="NotPortableException">A snapshot is gone, or its file cannot be read.</exception>
    public Chain WithDigests(Chain chain)
    {
        var open = chain.Inputs.Where(static i => i.Snapshot.Length > 0).ToList();
        if (open.Count == 0) return chain;
        say($"digesting {Words.Count(open.Count, "file")} in snapshots, {Words.Size(open.Sum(static i => Math.Max(0, i.Bytes)))}");
        var known = open.ToDictionary(static i => (i.Path, i.Snapshot), DigestOf);
        Observation Filled(Observation item) => item.Digest == default && known.TryGetValue((item.Path, StatusText.Snapshot(item.Detail)), out var digest)
            ? item with { Digest = digest, Detail = item.Detail[..item.Detail.IndexOf(' ', StringComparison.Ordinal)] } : item;
        return chain with
        {
            Inputs = [.. chain.Inputs.Select(i => i.Snapshot.Length > 0 ? i with { Digest = known[(i.Path, i.Snapshot)], Snapshot = "" } : i)],
            Steps = [.. chain.Steps.Select(s => s with { Observations = [.. s.Observations.Select(Filled)] })],
        };
    }

    private Digest DigestOf(ChainInput input)
    {
        var stamp = Files.Look(input.Path);
        if (SnapshotIdentity.Of(input.Path, stamp) != input.Snapshot)
            throw new NotPortableException($"{input.Path} was read in the snapshot {input.Snapshot}, which is not there any more, and its digest was never taken; --as text names it without");
        try
        {
            return digests.Of(input.Path, stamp);
        }
        catch (IOException e)
        {
            throw new NotPortableException(e.Message);
        }
    }
}
