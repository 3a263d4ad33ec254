namespace Varve.Snapshots;

/// <summary>
/// Something a person must know or mend: the message says what failed, on which dataset, file or host, and what to do
/// next. Never thrown for a fault of the program itself.
/// </summary>
public sealed class SnapshotException : Exception
{
    /// <summary>A failure with the words for it.</summary>
    public SnapshotException(string message) : base(message)
    {
    }

    /// <summary>A failure with the words for it and what caused it.</summary>
    public SnapshotException(string message, Exception inner) : base(message, inner)
    {
    }
}
