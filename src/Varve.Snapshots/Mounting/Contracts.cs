namespace Varve.Snapshots.Mounting;

// What this room promises. A repository, or one snapshot of it, is seen as a folder: read-only, by whoever mounted it (by all,
// when that is asked for, and then under the modes that the files have). Nothing is unpacked: a file is fetched by the chunks that
// are read of it, each compared with its id on the way, and what was read lately is kept within bounds, whatever sizes a tree
// claims. The repository is held as by a restore: nothing is pruned meanwhile. The protocol is the kernel's own,
// linux/fuse.h; no library is between. Whoever ends the command, or unmounts the folder, ends both.

/// <summary>Who may look, and through which doors.</summary>
public sealed record MountOptions
{
    /// <summary>The folder, absolute; it must be there.</summary>
    public required string Target { get; init; }

    /// <summary>The one snapshot that is shown, by its full name; null for all, each in a folder of its own.</summary>
    public string? Snapshot { get; init; }

    /// <summary>Also other users, under the modes of the files; else only the one who mounts, and all files.</summary>
    public bool AllowOther { get; init; }

    /// <summary>Most bytes of contents that are kept.</summary>
    public long CacheBytes { get; init; } = 128L << 20;

    /// <summary>How many requests are answered at once.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 8);
}
