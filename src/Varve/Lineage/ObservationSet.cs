using System.Collections;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>
/// Observations that are stored once however many executions share them: the thousands of steps of a map read the
/// same programs and libraries.
/// </summary>
internal sealed class ObservationSet(Digest name, Observation[] items)
{
    /// <summary>The digest of its encoding.</summary>
    public Digest Name { get; } = name;
    public Observation[] Items { get; } = items;
}

/// <summary>What one execution observed: a part outside its workspace, which others share, and a part inside.</summary>
internal sealed class SplitObservations(ObservationSet host, ObservationSet own) : IReadOnlyList<Observation>
{
    public ObservationSet Host { get; } = host;
    public ObservationSet Own { get; } = own;
    public int Count => Host.Items.Length + Own.Items.Length;
    public Observation this[int index] => index < Own.Items.Length ? Own.Items[index] : Host.Items[index - Own.Items.Length];

    public IEnumerator<Observation> GetEnumerator()
    {
        foreach (var item in Own.Items) yield return item;
        foreach (var item in Host.Items) yield return item;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
