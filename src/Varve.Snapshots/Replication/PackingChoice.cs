using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>How a stream is packed between hosts: as was said, or where it pays. What is encrypted cannot be made smaller.</summary>
internal sealed class PackingChoice
{
    private const int SampleSize = 1 << 20;
    private const double Pays = 0.9;
    private readonly Packing? _said;
    private readonly bool _raw;

    private PackingChoice(Packing? said, bool raw) => (_said, _raw) = (said, raw);

    /// <summary>For one stream.</summary>
    public static PackingChoice For(Side source, Side target, SyncOptions options, bool raw) => new(options.Packing, raw)
    {
        Sending = Able(source, options.Packing ?? (raw ? Packing.None : Packing.Zstd)),
        _target = target,
    };

    private Side? _target;

    /// <summary>What the sender does; nothing when it is on this host.</summary>
    public Packing Sending { get; private init; }

    /// <summary>What the receiver is given, now that the first bytes are known: they are packed for a try.</summary>
    public Packing Receiving(ReadOnlySpan<byte> first)
    {
        if (_target!.Volumes.Host.Length == 0) return Packing.None;
        var packing = _said ?? (_raw || !IsWorth(first) ? Packing.None : Packing.Zstd);
        return Able(_target, packing);
    }

    private static bool IsWorth(ReadOnlySpan<byte> first)
    {
        var sample = first[..Math.Min(first.Length, SampleSize)];
        using var compressor = new ZstdSharp.Compressor(1);
        return compressor.Wrap(sample).Length < sample.Length * Pays;
    }

    private static Packing Able(Side side, Packing packing) =>
        side.Volumes.Host.Length == 0 || packing == Packing.None ? Packing.None
        : packing is Packing.Zstd or Packing.ZstdSlow && !side.HasZstd ? Packing.Gzip : packing;
}
