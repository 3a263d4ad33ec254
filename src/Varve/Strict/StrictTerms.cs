using Varve.Store;

namespace Varve.Strict;

/// <summary>What a strict step's clock and chance follow from.</summary>
/// <param name="Seed">What all of its randomness is made of.</param>
/// <param name="EpochSeconds">The time at which it begins, and which its inputs bear, in seconds since 1970.</param>
internal sealed record StrictTerms(Digest Seed, long EpochSeconds)
{
    /// <summary>What stands for strictness among the options of a step's key.</summary>
    public const string Option = "strict";
}
