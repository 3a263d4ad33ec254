namespace Varve.Sandbox;

/// <summary>The network that a step has.</summary>
public enum StepNetwork : byte
{
    /// <summary>Its own loopback and nothing else.</summary>
    None,
    /// <summary>HTTP and HTTPS by a proxy that keeps what comes (docs/effects.md).</summary>
    Recorded,
    /// <summary>The host's.</summary>
    Open,
}

/// <summary>How a step's network is written: on the command line, in documents, in a step's key.</summary>
public static class StepNetworks
{
    /// <summary>All the words, for people.</summary>
    public const string Words = "none, recorded or open";

    private const string Prefix = "net=";

    /// <summary>The network of a word; null when it is none of them.</summary>
    public static StepNetwork? Parse(string word) => word switch
    {
        "none" => StepNetwork.None,
        "recorded" => StepNetwork.Recorded,
        "open" => StepNetwork.Open,
        _ => null,
    };

    /// <summary>What stands for it among the options of a step's key: nothing, or one of them.</summary>
    public static IEnumerable<string> Options(StepNetwork network) => network switch
    {
        StepNetwork.Recorded => [Prefix + "recorded"],
        StepNetwork.Open => [Prefix + "open"],
        _ => [],
    };

    /// <summary>The network that the options of a step's key tell of.</summary>
    public static StepNetwork Of(IReadOnlyList<string> options)
    {
        foreach (var option in options)
            if (option.StartsWith(Prefix, StringComparison.Ordinal) && Parse(option[Prefix.Length..]) is { } network) return network;
        return StepNetwork.None;
    }
}
