using Varve.Linux;
using Varve.Store;

namespace Varve.Documents;

/// <summary>Holds the inputs that a document names with a digest against the files that are there.</summary>
internal sealed class InputCheck(Document document, DigestCache digests)
{
    /// <exception cref="DocumentException">An input is missing, or has another content than the document says.</exception>
    public void Require(FrontMatter values)
    {
        foreach (var (name, files) in values.InputDigests)
        {
            foreach (var (path, expected) in files)
            {
                var full = path.StartsWith('/') ? path : $"{document.Folder}/{path}";
                var stamp = Files.Look(PathText.EncodeTerminated(full), follow: true);
                if (stamp.Kind != FileKind.File) throw Wrong(name, values, $"there is no file {full}");
                var real = Files.Look(full).Kind == FileKind.Link ? File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName : full;
                var found = digests.Of(real, stamp);
                if (found != expected)
                    throw Wrong(name, values, $"{full} has the digest {found}, and the document was written for {expected}; give another file with -i {name}=PATH, or change the digest in the document");
            }
        }
    }

    private DocumentException Wrong(string name, FrontMatter values, string problem) =>
        new(document.Path, values.InputLines.GetValueOrDefault(name, 1), $"input {name}: {problem}");
}
