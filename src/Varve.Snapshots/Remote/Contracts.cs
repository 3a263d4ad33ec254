namespace Varve.Snapshots.Remote;

// What this room promises. A repository on another host is used as one of this host is: the key, the index and all that is
// plain stay here. The varve of the other host keeps the objects, is started by ssh (`varve snap repo peer`), is given nothing
// but ciphertext and names of objects, and checks what takes no key: that bytes are those of their name, that a head
// follows the newest, that who removes holds the repository. It keeps append-only itself (ServedFolder). A connection that
// breaks leaves what was committed, and what was not is dropped there.

/// <summary>
/// Words of the requests. <c>open FOLDER</c> comes first; names of folders are in base64. <c>names KIND</c>; <c>has KIND NAME</c>;
/// <c>read KIND NAME</c>; <c>directory PACK</c>; <c>size PACK</c>; <c>piece PACK OFFSET LENGTH</c>; <c>put KIND NAME LENGTH</c> and bytes; <c>stage</c>,
/// then <c>more LENGTH</c> and bytes as often as it takes, which is not answered, then <c>commit KIND NAME</c> or <c>drop</c>;
/// <c>delete KIND NAME</c>; <c>lock NAME shared|alone wait|now</c>, <c>unlock NAME</c>; <c>prepare</c>; <c>sweep</c>;
/// <c>check</c>, answered by lines <c>at BYTES</c> before it is done. The kind of what lies in the folder itself is <c>-</c>.
/// </summary>
internal static class ObjectWords
{
    public const string Version = "1";

    public const string Open = "open", Names = "names", Has = "has", Read = "read", Directory = "directory", Size = "size", Piece = "piece", Put = "put", Stage = "stage", More = "more", Commit = "commit", Drop = "drop",
        Delete = "delete", Lock = "lock", Unlock = "unlock", Prepare = "prepare", Sweep = "sweep", Check = "check", At = "at";

    public const string Shared = "shared", Alone = "alone", Wait = "wait", Now = "now", Yes = "yes";

    /// <summary>A kind as a word: what lies in the folder itself has none.</summary>
    public static string Word(string kind) => kind.Length == 0 ? "-" : kind;

    /// <summary>The kind that a word stands for.</summary>
    public static string Kind(string word) => word == "-" ? "" : word;
}
