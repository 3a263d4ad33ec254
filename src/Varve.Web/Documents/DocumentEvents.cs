using System.Text;
using Microsoft.Data.Sqlite;
using Varve.Documents;
using Varve.Lineage;
using Varve.Linux;
using Varve.Steps;
using Varve.Web.Http;

namespace Varve.Web.Documents;

/// <summary>
/// Tells a document's page of every block whose state changed (server-sent events, WHATWG HTML 9.2). It looks at what is on
/// the disk, so that it sees a run whoever started it.
/// </summary>
internal static class DocumentEvents
{
    private const int MostStreams = 24;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(350), Silence = TimeSpan.FromSeconds(15);
    private static int streams;

    public static Response Of(Site site, string relative, CancellationToken stopping)
    {
        _ = stopping;
        var path = site.Absolute(relative);
        if (DocumentList.Text(site, relative) is null) throw new NotFoundException($"There is no document {relative}.", "The overview lists the documents.");
        if (Volatile.Read(ref streams) >= MostStreams) return Response.Text(503, "Too many pages listen already.");
        return new Response { Type = "text/event-stream", Write = (stream, cancellation) => TellAsync(site, relative, path, stream, cancellation) };
    }

    private static async Task TellAsync(Site site, string relative, string path, Stream stream, CancellationToken cancellation)
    {
        Interlocked.Increment(ref streams);
        try
        {
            using var lineage = new LineageDatabase(site.Home);
            var text = DocumentList.Text(site, relative);
            var blocks = BlocksOf(path, text);
            var told = new Dictionary<string, string>(StringComparer.Ordinal);
            var lastSaid = DateTimeOffset.UtcNow;
            while (!cancellation.IsCancellationRequested)
            {
                var message = new StringBuilder();
                if (DocumentList.Text(site, relative) != text)
                {
                    await stream.WriteAsync("event: reload\ndata: now\n\n"u8.ToArray(), cancellation).ConfigureAwait(false);
                    return;
                }
                foreach (var (block, markup) in States(site, lineage, path, blocks))
                {
                    if (told.GetValueOrDefault(block) == markup.Text) continue;
                    told[block] = markup.Text;
                    Add(message, block, markup.Text);
                }
                if (message.Length == 0 && DateTimeOffset.UtcNow - lastSaid > Silence) message.Append(": still here\n\n");
                if (message.Length > 0)
                {
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(message.ToString()), cancellation).ConfigureAwait(false);
                    lastSaid = DateTimeOffset.UtcNow;
                }
                await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SqliteException or DamagedLineageException)
        {
            // The page keeps what it shows, and asks again by itself.
        }
        finally
        {
            Interlocked.Decrement(ref streams);
        }
    }

    private static void Add(StringBuilder message, string block, string html)
    {
        message.Append("event: block\n");
        message.Append("data: ").Append(Identity(block)).Append('\n');
        foreach (var line in html.Split('\n')) message.Append("data: ").Append(line.TrimEnd('\r')).Append('\n');
        message.Append('\n');
    }

    /// <summary>A block's id on the page, whatever its name holds.</summary>
    public static string Identity(string block) => "block-" + Convert.ToHexStringLower(PathText.Encode(block));

    public static IReadOnlyList<string> BlocksOf(string path, string? text)
    {
        try
        {
            return [.. Document.Parse(path, text ?? "").Blocks.Select(static b => b.Name)];
        }
        catch (DocumentException)
        {
            return [];
        }
    }

    /// <summary>The state of each block now.</summary>
    public static IEnumerable<(string Block, Markup State)> States(Site site, LineageDatabase lineage, string path, IReadOnlyList<string> blocks)
    {
        var forecast = site.Forecasts.Get(site, path, TimeSpan.FromMilliseconds(300));
        var records = BlockRecords.Of(lineage, path);
        var running = RunningStep.All(site.Home).Where(r => r.Origin.Document == path).ToLookup(static r => r.Origin.Block, StringComparer.Ordinal);
        foreach (var block in blocks) yield return (block, BlockState.Of(block, records.GetValueOrDefault(block), forecast, [.. running[block]]));
    }
}
