using Varve.Lineage;
using Varve.Linux;
using Varve.Store;

namespace Varve.Export;

/// <summary>Sidecars beside files: written when a run publishes, asked when the lineage knows nothing.</summary>
internal sealed class Sidecars(LineageDatabase lineage)
{
    /// <summary>Writes the sidecar of each file whose ancestry is known and does not stand there already.</summary>
    /// <exception cref="IOException">One cannot be written.</exception>
    public void WriteBeside(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            if (file.EndsWith(Sidecar.Ending, StringComparison.Ordinal) || Files.Look(file).Kind != FileKind.File) continue;
            Chain chain;
            try
            {
                chain = new ChainFinder(lineage).Find(file);
            }
            catch (NoChainException)
            {
                // An input that is published as it is has no ancestry.
                continue;
            }
            var bytes = Sidecar.Write(chain);
            if (!StandsThere(file + Sidecar.Ending, bytes)) ExportTarget.WriteFile(file + Sidecar.Ending, bytes);
        }
    }

    private static bool StandsThere(string path, byte[] bytes)
    {
        var stamp = Files.Look(path);
        if (stamp.Kind != FileKind.File || stamp.Size != bytes.Length) return false;
        using var file = Files.OpenRead(path);
        return BlobStore.HashOf(file) == Digest.Of(bytes);
    }

    /// <summary>How a file came to be: as the lineage knows, else as the sidecar beside it tells.</summary>
    /// <exception cref="NoChainException">Nobody knows; or the sidecar tells of another content.</exception>
    public Chain ChainOf(string file)
    {
        try
        {
            return new ChainFinder(lineage).Find(file);
        }
        catch (NoChainException) when (Files.Look(file).Kind == FileKind.File && Files.Look(file + Sidecar.Ending).Kind == FileKind.File)
        {
            using var handle = Files.OpenRead(file);
            return Sidecar.Read(file + Sidecar.Ending, file, BlobStore.HashOf(handle));
        }
    }
}
