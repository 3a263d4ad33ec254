using System.Diagnostics;
using System.IO.Hashing;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>One part of a running step: what it asked for and changed so far, whoever of its processes did.</summary>
internal sealed class Part(PartKey key, int process)
{
    /// <summary>A part that looked for more names than this is not worth remembering.</summary>
    private const int MostEvents = 200_000;

    /// <summary>What stood at a path before the part changed it.</summary>
    public readonly record struct Before(FileStamp Stamp);

    [ThreadStatic]
    private static Part? current;

    private readonly HashSet<UInt128> seen = [];
    private readonly List<PathEvent> events = [];
    private readonly List<Effect> effects = [];
    private readonly Dictionary<string, Before> touched = new(StringComparer.Ordinal);
    private readonly HashSet<string> touchedByOthers = new(StringComparer.Ordinal);

    /// <summary>The part whose call the supervisor's thread answers now, if it is one's.</summary>
    public static Part? Current
    {
        get => current;
        set => current = value;
    }

    /// <summary>What it is; its input is known only when it has ended.</summary>
    public PartKey Key { get; set; } = key;
    /// <summary>The process that executed its program.</summary>
    public int Process { get; } = process;
    /// <summary>All its processes that were seen.</summary>
    public HashSet<int> Processes { get; } = [process];
    /// <summary>When it began, not before the stamp of anything that was changed before.</summary>
    public long StartedNs { get; } = Files.FineNow();
    public DateTimeOffset StartedAt { get; } = DateTimeOffset.UtcNow;
    public Stopwatch Clock { get; } = Stopwatch.StartNew();
    public PartStreams? Streams { get; init; }
    /// <summary>Whether it was looked up already.</summary>
    public bool IsDecided { get; set; }
    /// <summary>Why it cannot be remembered; empty while it can.</summary>
    public string Spoilt { get; private set; } = "";
    /// <summary>Whether it was not run: its end needs no look.</summary>
    public bool Replayed { get; set; }

    public IReadOnlyList<PathEvent> Events => events;
    public IReadOnlyList<Effect> Effects => effects;
    public IReadOnlyDictionary<string, Before> Touched => touched;
    public IReadOnlySet<string> TouchedByOthers => touchedByOthers;

    /// <summary>It cannot be remembered, and why; the first reason counts.</summary>
    public void Spoil(string why)
    {
        if (Spoilt.Length > 0) return;
        Spoilt = why;
        seen.Clear();
        events.Clear();
    }

    public void Add(Wanted wanted, ReadOnlySpan<byte> path)
    {
        if (Spoilt.Length > 0 || Replayed) return;
        if (!seen.Add(XxHash128.HashToUInt128(path) ^ ((UInt128)(ushort)wanted * 0x9E3779B97F4A7C15))) return;
        events.Add(new PathEvent(wanted, path.ToArray(), null));
        if (events.Count > MostEvents) Spoil("it looked for very many names");
    }

    public void Add(Effect effect)
    {
        if (effect.Kind is EffectKinds.Network or EffectKinds.Ipc or EffectKinds.Refused or EffectKinds.Device) Spoil($"it had an effect ({effect.Kind}: {effect.Detail})");
        else if (!effects.Contains(effect)) effects.Add(effect);
    }

    /// <summary>Notes that it is about to change what stands at a path.</summary>
    /// <param name="path">The path, links followed.</param>
    /// <param name="stamp">What stands there before.</param>
    /// <param name="keepsContent">Whether what is there now goes into what will be.</param>
    public void Touch(string path, in FileStamp stamp, bool keepsContent)
    {
        if (touched.ContainsKey(path)) return;
        touched[path] = new Before(stamp);
        if (keepsContent && stamp.Exists) Spoil($"it changes {path}, which was there before");
    }

    /// <summary>Notes that somebody else changes what stands at a path while it runs.</summary>
    public void TouchedElsewhere(string path) => touchedByOthers.Add(path);
}
