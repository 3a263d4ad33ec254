using Varve.Lineage;
using Varve.Store;

namespace Varve.Export;

/*
 * The room's contract. A chain (Lineage) is written down as something else that makes or tells of the same file: a
 * document, a script, a picture, PROV, a crate, a sidecar. What is written depends on the chain alone:
 * the same chain gives the same bytes, and a document that is run and exported again comes out as it went in.
 * Nothing here runs a step. What cannot be carried over exactly is refused by name (NotPortableException) rather
 * than written down wrong.
 */

/// <summary>A file of an export.</summary>
/// <param name="Name">Its name, relative to the folder that the export is written into.</param>
/// <param name="Bytes">Its content.</param>
internal sealed record ExportedFile(string Name, byte[] Bytes);

/// <summary>What an export is made from.</summary>
internal sealed record ExportSource
{
    /// <summary>How the file came to be.</summary>
    public required Chain Chain { get; init; }
    /// <summary>A content's bytes, such as what a step read from standard input; null when nobody has them any more.</summary>
    public required Func<Digest, byte[]?> Content { get; init; }
    /// <summary>Where a content lies in the store, for a look at its bytes without reading them all; null when it is not there.</summary>
    public Func<Digest, Microsoft.Win32.SafeHandles.SafeFileHandle?> Open { get; init; } = static _ => null;
    /// <summary>Named root file systems, absolute, with what stands for each in a step's key.</summary>
    public IReadOnlyList<(string Name, string Root, string Identity)> Environments { get; init; } = [];
    /// <summary>What is condemned in the chain.</summary>
    public IReadOnlyList<Taint> Taints { get; init; } = [];
    /// <summary>What people said of the chain's files.</summary>
    public IReadOnlyList<Label> Labels { get; init; } = [];
    /// <summary>For a block of a document, its elements in the document's order, as far as the document still tells.</summary>
    public Func<Origin, IReadOnlyList<string>> Elements { get; init; } = static _ => [];
}
