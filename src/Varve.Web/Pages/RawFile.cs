using Microsoft.Win32.SafeHandles;
using Varve.Linux;
using Varve.Steps;
using Varve.Store;
using Varve.Web.Http;

namespace Varve.Web.Pages;

/// <summary>The bytes of files, sent piece by piece: how large a file is costs no memory.</summary>
internal static class RawFile
{
    private const int Piece = 1 << 16;

    /// <summary>A file of the workspace as it is now, or the version of it that a digest names.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public static (SafeFileHandle Handle, long Bytes) Open(Site site, string relative, string digest)
    {
        if (digest.Length > 0)
        {
            var store = new BlobStore(site.Home);
            if (!Digest.TryParse(digest, out var content) || !store.Has(content)) throw new NotFoundException("The store does not have that version.", "It may have been collected since (varve gc); `varve recompute` makes it again.");
            var blob = store.Open(content);
            return (blob, RandomAccess.GetLength(blob));
        }
        if (Beneath.Open(site.Workspace, relative) is not { } opened || opened.Stamp.Kind != FileKind.File)
            throw new NotFoundException("There is no such file in the workspace.", "Files outside the workspace, and what lies behind symbolic links, cannot be seen here.");
        return (opened.Handle, opened.Stamp.Size);
    }

    public static Response Of(Site site, string relative, string digest)
    {
        var (handle, bytes) = Open(site, relative, digest);
        var name = relative[(relative.LastIndexOf('/') + 1)..];
        var picture = FileKinds.PictureType(name);
        return new Response
        {
            Type = picture ?? "application/octet-stream",
            IsFile = true,
            Length = bytes,
            Headers = picture is null ? [new("Content-Disposition", $"attachment; filename*=UTF-8''{Address.Encode(name)}")] : [],
            Write = async (stream, cancellation) =>
            {
                using (handle)
                {
                    var buffer = new byte[Piece];
                    for (long at = 0; at < bytes;)
                    {
                        var count = await RandomAccess.ReadAsync(handle, buffer.AsMemory(0, (int)Math.Min(Piece, bytes - at)), at, cancellation).ConfigureAwait(false);
                        if (count == 0) break;
                        await stream.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
                        at += count;
                    }
                }
            },
        };
    }

    /// <summary>All that an execution said, as plain text.</summary>
    public static Response Log(Visit visit, string id)
    {
        var trace = visit.Find(id);
        if (trace.Transcript == default) return Response.Text(200, "");
        var blob = visit.Store.Open(trace.Transcript);
        return new Response
        {
            Type = "text/plain; charset=utf-8",
            IsFile = true,
            Write = async (stream, cancellation) =>
            {
                using (blob)
                {
                    foreach (var (_, bytes) in TranscriptReader.Read(blob, long.MaxValue)) await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
                }
            },
        };
    }
}
