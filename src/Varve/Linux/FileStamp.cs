namespace Varve.Linux;

/// <summary>What kind of thing a name stands for.</summary>
public enum FileKind : byte
{
    /// <summary>There is nothing under that name.</summary>
    Absent,
    /// <summary>A regular file.</summary>
    File,
    /// <summary>A directory.</summary>
    Directory,
    /// <summary>A symbolic link.</summary>
    Link,
    /// <summary>A FIFO, a socket or a device.</summary>
    Special,
    /// <summary>Something is or may be there, and this user may not look.</summary>
    Denied,
}

/// <summary>
/// The status of a file as `lstat` gives it. Two equal stamps of one path mean, as git holds it, that the
/// content was not touched in between, unless the file changed within the clock tick of the first look.
/// Times are nanoseconds since 1970 (UTC).
/// </summary>
public readonly record struct FileStamp(
    FileKind Kind, ushort Mode, ulong Device, ulong Inode, long Size, long ModifiedNs, long ChangedNs, uint Links, uint Owner)
{
    /// <summary>Whether there is something under the name and it may be looked at.</summary>
    public bool Exists => Kind is not (FileKind.Absent or FileKind.Denied);

    /// <summary>The nine permission bits and set-id bits (07777).</summary>
    public int Permissions => Mode & 0xFFF;

    /// <summary>Whether both stamps tell of the same untouched content; link count and owner are not content.</summary>
    public bool SameContent(in FileStamp other) =>
        Kind == other.Kind && Device == other.Device && Inode == other.Inode && Size == other.Size
        && ModifiedNs == other.ModifiedNs && ChangedNs == other.ChangedNs;
}
