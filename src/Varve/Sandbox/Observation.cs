using Varve.Store;

namespace Varve.Sandbox;

/// <summary>What a step learnt about a path it did not write itself.</summary>
public enum ObservationKind : byte
{
    /// <summary>
    /// It read the file's bytes: <see cref="Observation.Digest"/> names them, <see cref="Observation.Detail"/> is the kind and mode
    /// as for a status. In a trusted folder the digest is all zero and size and time stand for the bytes; in an immutable
    /// snapshot the file's identity stands after them (<c>f644 SIZE TIME btrfs:UUID:CTRANSID:INODE</c>, <see cref="Linux.SnapshotIdentity"/>).
    /// </summary>
    Content,
    /// <summary>
    /// It looked at the status of a file or directory. For a regular file the content stands for the time
    /// stamps, so <see cref="Observation.Digest"/> names the bytes; <see cref="Observation.Detail"/> is the kind and
    /// the mode in octal (<c>f644</c>, <c>d755</c>, <c>s666</c>), for a file too large to hash for a mere look
    /// also size and time of modification (<c>f644 5000000000 1700000000000000000</c>, with an all-zero digest).
    /// </summary>
    Status,
    /// <summary>It looked for the name and there was nothing.</summary>
    Absent,
    /// <summary>
    /// It listed the directory. <see cref="Observation.Digest"/> names the listing: one line a name, sorted by
    /// bytes, the kind's letter before it; the text itself is a blob in the store.
    /// </summary>
    Listing,
    /// <summary>It went through or read a symbolic link; <see cref="Observation.Detail"/> is the target.</summary>
    Link,
    /// <summary>It looked, and was not allowed to.</summary>
    Denied,
    /// <summary>It depended on there being something, not on what it holds; <see cref="Observation.Detail"/> is the kind and mode as for a status.</summary>
    Exists,
    /// <summary>
    /// It fetched a URL, which stands for the path; <see cref="Observation.Digest"/> names the bytes that came,
    /// <see cref="Observation.Detail"/> has method, status and where a redirection leads, then a line for each header that it was asked with.
    /// </summary>
    Fetched,
}

/// <summary>One thing a step learnt: a path as the step saw it, absolute, and what was there before the step.</summary>
/// <param name="Path">Absolute path inside the step (see <see cref="Linux.PathText"/> for bytes that are not UTF-8).</param>
/// <param name="Kind">What was learnt.</param>
/// <param name="Digest">See <see cref="ObservationKind"/>; all zero where the kind has none.</param>
/// <param name="Detail">See <see cref="ObservationKind"/>; empty where the kind has none.</param>
public readonly record struct Observation(string Path, ObservationKind Kind, Digest Digest, string Detail)
{
    /// <summary>The detail of the device effect of a step that opened the person's terminal by name.</summary>
    internal const string OpenedTerminal = "opened the terminal /dev/tty";

    /// <summary>The detail of an absent name that the step made, emptying whatever might have stood there, and had not asked for before.</summary>
    internal const string ReplacedUnseen = "own";
}

/// <summary>What a step left under a path.</summary>
public enum ChangeKind : byte
{
    /// <summary>A regular file, new or changed.</summary>
    File,
    /// <summary>A directory that was made, or whose mode was changed.</summary>
    Directory,
    /// <summary>A symbolic link.</summary>
    Link,
    /// <summary>A FIFO.</summary>
    Fifo,
    /// <summary>The name was removed.</summary>
    Deleted,
}

/// <summary>One name that a step left different, in the order in which names can be put in place (parents first).</summary>
/// <param name="Path">Absolute path inside the step.</param>
/// <param name="Kind">What stands there now.</param>
/// <param name="Digest">For a file, its content.</param>
/// <param name="Bytes">For a file, its size.</param>
/// <param name="Permissions">The permission bits, octal 07777.</param>
/// <param name="Target">For a symbolic link, where it points.</param>
/// <param name="SameFileAs">For a further hard link, the path of the first name of the same file.</param>
/// <param name="Replaced">For a directory, whether one that stood there was removed first with all it held.</param>
public readonly record struct Change(
    string Path, ChangeKind Kind, Digest Digest, long Bytes, int Permissions, string Target, string SameFileAs, bool Replaced);

/// <summary>Something a step did or may have done that its files do not tell.</summary>
/// <param name="Kind">One of <see cref="EffectKinds"/>.</param>
/// <param name="Detail">In words: which address, which device, which program.</param>
public readonly record struct Effect(string Kind, string Detail);

/// <summary>The kinds of effects, as the JSON output names them.</summary>
public static class EffectKinds
{
    /// <summary>The network was used or tried.</summary>
    public const string Network = "network";
    /// <summary>The clock was or may have been read.</summary>
    public const string Clock = "clock";
    /// <summary>Randomness was drawn.</summary>
    public const string Random = "random";
    /// <summary>A device was opened.</summary>
    public const string Device = "device";
    /// <summary>A process outside the step was addressed.</summary>
    public const string Ipc = "ipc";
    /// <summary>Facts of the host were read (/proc, /sys).</summary>
    public const string Host = "host";
    /// <summary>A system call was refused.</summary>
    public const string Refused = "refused";
    /// <summary>Processes were left behind and ended.</summary>
    public const string Leftover = "leftover";
}

/// <summary>A rename the step made.</summary>
public readonly record struct Renaming(string From, string To);
