using Varve.Linux;
using Varve.Store;

namespace Varve.Documents;

/// <summary>Copies the results a document names into its published folder, each by a rename, and only what differs.</summary>
internal sealed class Publishing(Document document)
{
    /// <summary>The published files, absolute, in the order in which they are named.</summary>
    /// <exception cref="DocumentException">A result is not there, or two have one name.</exception>
    public IReadOnlyList<string> Publish()
    {
        var front = document.FrontMatter;
        if (front.PublishFolder.Length == 0) return [];
        var folder = front.PublishFolder.StartsWith('/') ? front.PublishFolder : $"{document.Folder}/{front.PublishFolder}";
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pattern in front.PublishFiles)
        {
            var files = Glob.Match(document.Folder, pattern);
            if (files.Count == 0) throw new DocumentException($"{document.Path}: `publish` names {pattern}, and no step made it");
            foreach (var file in files)
            {
                var name = file[(file.LastIndexOf('/') + 1)..];
                if (!sources.TryAdd(name, file) && sources[name] != file)
                    throw new DocumentException($"{document.Path}: `publish` would put {sources[name]} and {file} under one name, {name}");
            }
        }
        Files.MakeDirectories(folder);
        foreach (var (name, file) in sources) Copy(file.StartsWith('/') ? file : $"{document.Folder}/{file}", $"{folder}/{name}");
        return [.. sources.Keys.Select(name => $"{folder}/{name}")];
    }

    internal static void Copy(string from, string to)
    {
        var temporary = Temporaries.Beside(to);
        using var source = Files.OpenRead(from);
        var stamp = Files.Look((int)source.DangerousGetHandle());
        if (Files.Look(to) is { Kind: FileKind.File } there && there.Size == stamp.Size)
        {
            if (there.ModifiedNs >= stamp.ChangedNs) return;
            using var present = Files.OpenRead(to);
            if (BlobStore.HashOf(present) == BlobStore.HashOf(source)) return;
        }
        using (var target = Files.Create(temporary, stamp.Permissions | 0x80)) Files.CopyBytes(source, target, from);
        Files.Rename(temporary, to);
    }
}
