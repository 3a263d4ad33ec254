using Varve.Linux;

namespace Varve.Export;

/// <summary>Where an export is written: a file that is named, or a folder that takes its files under names of their own.</summary>
/// <param name="Folder">The folder, absolute.</param>
/// <param name="Name">The main file's name.</param>
internal sealed record ExportTarget(string Folder, string Name)
{
    private const int ReadableByAll = 0x1A4;

    /// <summary>The target that a path means: a folder when there is one, or when the path ends with a slash or has no file name ending.</summary>
    /// <param name="path">What was said.</param>
    /// <param name="absolute">The same as an absolute path.</param>
    /// <param name="usualName">The main file's name in a folder.</param>
    public static ExportTarget Of(string path, string absolute, string usualName) =>
        path.EndsWith('/') || Files.Look(PathText.EncodeTerminated(absolute), follow: true).Kind == FileKind.Directory
            ? new ExportTarget(absolute, usualName)
            : new ExportTarget(Files.Parent(absolute), absolute[(absolute.LastIndexOf('/') + 1)..]);

    /// <summary>Writes the files, each by a rename, so that none is ever there in part. Returns their paths.</summary>
    /// <exception cref="IOException">One cannot be written.</exception>
    public IReadOnlyList<string> Write(IEnumerable<ExportedFile> files)
    {
        var written = new List<string>();
        foreach (var file in files)
        {
            var path = $"{Folder}/{file.Name}";
            WriteFile(path, file.Bytes);
            written.Add(path);
        }
        return written;
    }

    /// <summary>Writes one file by a rename; the folders above it are made.</summary>
    public static void WriteFile(string path, ReadOnlySpan<byte> bytes)
    {
        var folder = Files.Parent(path);
        Files.MakeDirectories(folder);
        var temporary = Temporaries.Beside(path);
        try
        {
            using (var file = Files.Create(temporary, ReadableByAll))
            {
                RandomAccess.Write(file, bytes, 0);
                Files.Flush(file, path);
            }
            Files.Rename(temporary, path);
        }
        catch
        {
            if (Files.Look(temporary).Exists) Files.Remove(temporary);
            throw;
        }
    }
}
