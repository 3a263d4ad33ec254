using Varve.Lineage;
using Varve.Sandbox;

namespace Varve.Fetching;

/// <summary>
/// The room's contract. A step whose network is recorded has no network: its loopback has one door, a proxy for HTTP and
/// HTTPS that Varve answers. What was asked before is answered from the store, without a network; what was not is
/// fetched, kept under its digest, and holds from then on for every step of this home. An answer is kept whole or not at
/// all; what came of a download that broke off is gone on with the next time. docs/effects.md tells it to people.
/// </summary>
internal sealed record FetchOptions
{
    /// <summary>Whether what is known is asked for again, once each, on condition that it changed.</summary>
    public bool Refresh { get; init; }
    /// <summary>An execution whose answers hold for this one, whatever came later; null for those that hold now.</summary>
    public Trace? AsSeenBy { get; init; }
}

/// <summary>What one step learnt of the network.</summary>
/// <param name="Observations">A <see cref="ObservationKind.Fetched"/> for each request whose answer is kept.</param>
/// <param name="Problems">What could not be had, and what went through without being kept, in words.</param>
/// <param name="Changes">URLs that had another content when they were asked for again, in words.</param>
internal sealed record FetchReport(IReadOnlyList<Observation> Observations, IReadOnlyList<string> Problems, IReadOnlyList<string> Changes)
{
    /// <summary>Of a step that asked for nothing.</summary>
    public static FetchReport Nothing { get; } = new([], [], []);
}

/// <summary>An answer cannot be had; the message names the URL and what to do.</summary>
internal sealed class FetchException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The program that asked has gone.</summary>
internal sealed class ClientGoneException(Exception inner) : Exception("the program hung up", inner);
