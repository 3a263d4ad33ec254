using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Fetching;

/// <summary>Answers the requests of one step, of several connections at once: from what is kept, else from the network.</summary>
internal sealed class FetchSession(VarveHome home, BlobStore store, ILineage lineage, FetchOptions options, Func<string, string> disguise) : IDisposable
{
    private const int BufferBytes = 1 << 16;
    private readonly Lock access = new();
    private readonly Dictionary<Digest, Fetch> learnt = [];
    private readonly HashSet<Digest> sound = [];
    private readonly List<string> problems = [], changes = [];
    private readonly CancellationTokenSource ending = new();
    private readonly Dictionary<Digest, Digest>? seenThen = options.AsSeenBy?.Observations.Where(static o => o.Kind == ObservationKind.Fetched)
        .GroupBy(static o => FetchKey.Of(o).Id()).ToDictionary(static g => g.Key, static g => g.First().Digest);

    /// <summary>What the step learnt; to be asked when it has ended.</summary>
    public FetchReport Report()
    {
        lock (access)
        {
            return learnt.Count + problems.Count == 0 ? FetchReport.Nothing : new FetchReport([.. learnt.Values.Select(static f => f.Observed())], [.. problems], [.. changes]);
        }
    }

    /// <summary>Answers one request. Whether the connection is good for another.</summary>
    public bool Answer(ProxiedRequest request, Stream client)
    {
        var writer = new AnswerWriter(client, request);
        try
        {
            Answer(request, writer);
            return writer.KeepsOpen;
        }
        catch (FetchException e)
        {
            Note(e.Message);
            // Of an answer that has begun only its end tells that it failed.
            if (writer.HasBegun) return false;
            // Not 504, which some programs take for a reason to try again for minutes.
            writer.Say(502, "Bad Gateway", e.Message);
            return writer.KeepsOpen;
        }
        catch (ClientGoneException)
        {
            if (!ending.IsCancellationRequested) Note($"{request.Url} did not come whole: the program hung up");
            return false;
        }
    }

    /// <summary>Something that is no HTTP came by.</summary>
    public void NoteStranger(string what) => Note($"something other than HTTP came to the proxy ({what}); with a recorded network there is nothing else");

    /// <summary>Something went wrong that nobody foresaw: the step must not count on what it got.</summary>
    public void NoteFailure(Exception e) => Note($"the proxy failed: {e.Message}");

    /// <summary>The step is over: what is under way is given up, and what came of it so far is kept for the next time.</summary>
    public void GiveUp() => ending.Cancel();

    private void Answer(ProxiedRequest request, AnswerWriter writer)
    {
        if (!Uri.TryCreate(request.Url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            Note($"{request.Url} was asked for, and a recorded network has http: and https: only");
            writer.Say(400, "Bad Request", $"{request.Url} is no URL of http: or https:");
            return;
        }
        if (!request.IsQuestion)
        {
            Note($"{request.Method} {request.Url} was refused: a recorded network is there to ask, not to change; allow it with --net open");
            writer.Say(403, "Forbidden", $"{request.Method} {request.Url} is refused: with --net recorded a step can ask (GET, HEAD, POST), not change; allow it with --net open");
            return;
        }
        var key = request.Key(disguise);
        var id = key.Id();
        if (Serve(Known(id), request, writer)) return;
        // A part of what is here whole.
        if (request.Range() is { } range && Known(request.Key(disguise, "Range", "If-Range").Id()) is { Status: 200 } whole && store.Has(whole.Body))
        {
            ServePart(whole, range, writer);
            return;
        }
        if (options.AsSeenBy is { } before)
            throw new FetchException($"{key.Words()} was not asked for by the execution that is repeated ({before.Execution[..12]}), so there is no answer to it");

        Files.MakeDirectories(home.FetchingFolder);
        // Two that ask for the same at once get the same, and the second waits for the first.
        using var alone = TakeTurn(id);
        if (Serve(Known(id), request, writer)) return;
        var held = lineage.Fetched(id);
        var download = new Download(home, store, request, key, address, ending.Token);
        Downloaded? answer;
        try
        {
            answer = download.Run(writer, held is not null && store.Has(held.Body) ? held : null);
        }
        catch (FetchException) when (held is { IsError: true } && !options.Refresh && !writer.HasBegun && store.Has(held.Body))
        {
            // Without a network what is known of it holds, as for everything else.
            Serve(held, request, writer);
            return;
        }
        if (answer is null)
        {
            Note($"{key.Words()} was answered with {download.Unkept}, which is not kept: the step runs again the next time");
            return;
        }
        if (answer.IsSame) Learn(held! with { At = DateTimeOffset.UtcNow });
        else
        {
            lineage.AddFetch(answer.Fetch);
            if (held is not null && (held.Body != answer.Fetch.Body || held.Status != answer.Fetch.Status))
                lock (access) changes.Add($"{key.Words()} changed: {held.Body} to {answer.Fetch.Body}");
            Learn(answer.Fetch);
        }
        if (answer.IsSame) Serve(held, request, writer);
    }

    private NamedLock TakeTurn(Digest id)
    {
        try
        {
            return NamedLock.Take(home.FetchingFolder, id.Hex, static () => { }, ending.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new ClientGoneException(e);
        }
    }

    /// <summary>What a request is answered with without asking; null when it has to be asked.</summary>
    private Fetch? Known(Digest id)
    {
        lock (access)
        {
            // Within a step a question has one answer.
            if (learnt.TryGetValue(id, out var now)) return now;
        }
        if (seenThen is not null) return seenThen.TryGetValue(id, out var body) ? lineage.Fetched(id, body) : null;
        return !options.Refresh && lineage.Fetched(id) is { IsError: false } holds ? holds : null;
    }

    private void Learn(Fetch fetch)
    {
        lock (access) learnt[fetch.Key.Id()] = fetch;
    }

    private void Note(string problem)
    {
        lock (access)
        {
            const int most = 100;
            if (problems.Count < most && !problems.Contains(problem)) problems.Add(problem);
        }
    }

    /// <summary>Answers with what is kept; false when it is not, or not any more.</summary>
    private bool Serve(Fetch? kept, ProxiedRequest request, AnswerWriter writer)
    {
        if (kept is null || !store.Has(kept.Body)) return false;
        Learn(kept);
        using var file = store.Open(kept.Body);
        var length = RandomAccess.GetLength(file);
        writer.Head(kept.Status, kept.Headers, length);
        if (request.Method == "HEAD") return true;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        for (long at = 0; at < length;)
        {
            var count = RandomAccess.Read(file, buffer, at);
            if (count == 0) break;
            hash.AppendData(buffer, 0, count);
            at += count;
            // The last bytes go out only when all of them are right.
            if (at >= length && new Digest(hash.GetCurrentHash()) != kept.Body) throw Damaged(kept);
            writer.Body(buffer.AsSpan(0, count));
        }
        writer.End();
        return true;
    }

    private void ServePart(Fetch whole, (long First, long Last) range, AnswerWriter writer)
    {
        Learn(whole);
        using var file = store.Open(whole.Body);
        RequireSound(whole, file);
        var length = RandomAccess.GetLength(file);
        var (first, last) = range.First < 0 ? (Math.Max(0, length - range.Last), length - 1) : (range.First, range.Last < 0 ? length - 1 : Math.Min(range.Last, length - 1));
        if (first >= length)
        {
            writer.Head(416, string.Create(CultureInfo.InvariantCulture, $"Range Not Satisfiable\nContent-Range: bytes */{length}"), 0);
            return;
        }
        var headers = string.Join('\n', whole.Headers.Split('\n').Skip(1).Prepend("Partial Content").Append(string.Create(CultureInfo.InvariantCulture, $"Content-Range: bytes {first}-{last}/{length}")));
        writer.Head(206, headers, last - first + 1);
        var buffer = new byte[BufferBytes];
        while (first <= last)
        {
            var count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, last - first + 1)), first);
            if (count == 0) throw Damaged(whole);
            writer.Body(buffer.AsSpan(0, count));
            first += count;
        }
        writer.End();
    }

    /// <summary>Looks once at all of a file of which parts are asked for.</summary>
    private void RequireSound(Fetch whole, SafeFileHandle file)
    {
        lock (access)
            if (sound.Contains(whole.Body)) return;
        if (BlobStore.HashOf(file) != whole.Body) throw Damaged(whole);
        lock (access) sound.Add(whole.Body);
    }

    private static FetchException Damaged(Fetch kept) => new($"what the store has of {kept.Key.Words()} is damaged; `varve verify` sets it aside, then it is fetched again");

    public void Dispose() => ending.Dispose();
}
