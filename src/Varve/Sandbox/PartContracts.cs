using Varve.Store;

namespace Varve.Sandbox;

/// <summary>
/// What a part of a step is: one program that a shell or `make` within the step started, with all processes that it
/// starts itself. This is what is known when it begins.
/// </summary>
internal sealed record PartKey
{
    /// <summary>The program's file, links followed.</summary>
    public required string Program { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }
    /// <summary>Its variables, as `NAME=VALUE`, in the order given.</summary>
    public required IReadOnlyList<string> Variables { get; init; }
    public required string Directory { get; init; }
    /// <summary>What its standard streams are: `in=null out=pipe err=same`, and the file creation mask.</summary>
    public required string Streams { get; init; }
    /// <summary>
    /// How many programs of the step were started before with all of the above the same: each of a loop's random
    /// replicates is a part of its own.
    /// </summary>
    public int Occurrence { get; init; }
    /// <summary>The bytes that come through its standard input, where that is a pipe of its own; else all zero.</summary>
    public Digest Input { get; init; }
}

/// <summary>A name that a part left different, and where its bytes can be read now.</summary>
internal readonly record struct PartChange(Change Change, string ReadFrom);

/// <summary>What came of a part that ran to its end with exit status 0.</summary>
internal sealed record PartRecord
{
    public required PartKey Key { get; init; }
    public required IReadOnlyList<Observation> Observations { get; init; }
    public required IReadOnlyList<PartChange> Changes { get; init; }
    public required IReadOnlyList<Effect> Effects { get; init; }
    public required IReadOnlyList<string> Programs { get; init; }
    /// <summary>What it said: for each piece the stream (1 or 2), the length (32 bits, little-endian) and the bytes.</summary>
    public required byte[] Said { get; init; }
    /// <summary>How far it read the file that was its standard input.</summary>
    public required long InputPosition { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required TimeSpan Elapsed { get; init; }
}

/// <summary>An earlier run of a part, all of whose observations hold now.</summary>
internal sealed record KnownPart(IReadOnlyList<Observation> Observations, IReadOnlyList<Change> Changes, IReadOnlyList<Effect> Effects, IReadOnlyList<string> Programs, byte[] Said, long InputPosition, TimeSpan Elapsed);

/// <summary>Where parts are kept and found again; the sandbox does not know the lineage.</summary>
internal interface IPartBook
{
    /// <summary>Whether parts are kept that are as quickly run as looked up.</summary>
    bool KeepsShort { get; }

    /// <summary>Whether something is known of a part with this key, whatever came through its standard input.</summary>
    bool KnowsSome(PartKey key);

    /// <summary>An earlier run that holds now, or null.</summary>
    /// <param name="key">The part.</param>
    /// <param name="outside">Where the host finds what the step sees at a path.</param>
    KnownPart? Find(PartKey key, Func<string, string> outside);

    /// <summary>Puts what a part left into the step's own layer.</summary>
    /// <param name="part">The part.</param>
    /// <param name="through">The path on the host by which a path in the step is changed as the step would.</param>
    void PutInPlace(KnownPart part, Func<string, string> through);

    /// <summary>Keeps a part; false when a file that it left was changed again before that.</summary>
    bool Keep(PartRecord record);
}

/// <summary>How a step's parts fared.</summary>
/// <param name="Reused">How many were not run.</param>
/// <param name="Saved">How long those had taken.</param>
/// <param name="Kept">How many ran and can be reused.</param>
/// <param name="Whole">Why others could not be taken apart, each reason once: `cc1: it reads and replaces x.o`.</param>
public sealed record PartTally(int Reused, TimeSpan Saved, int Kept, IReadOnlyList<string> Whole)
{
    /// <summary>A step without parts.</summary>
    public static PartTally None { get; } = new(0, TimeSpan.Zero, 0, []);
}
