using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Varve.Lineage;
using Varve.Store;

namespace Varve.Fetching;

/// <summary>What was asked of the network.</summary>
/// <param name="Fetch">The answer, whose body is in the store.</param>
/// <param name="IsSame">Whether the other side said that what is held still holds; then nothing was written to the program.</param>
internal sealed record Downloaded(Fetch Fetch, bool IsSame);

/// <summary>
/// Asks the network one question, passes the answer on as it comes, and keeps it. A download that breaks off is gone on
/// with where it ended, now and in a later run, if the other side can tell that it is still the same thing.
/// </summary>
internal sealed class Download(VarveHome home, BlobStore store, ProxiedRequest request, FetchKey key, Uri address, CancellationToken ending)
{
    private const int BufferBytes = 1 << 16, MostAttempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200), PatienceToConnect = TimeSpan.FromSeconds(30), OldConnection = TimeSpan.FromMinutes(2);

    /// <summary>Headers of one connection, and those that tell of the moment rather than of the answer.</summary>
    private static readonly HashSet<string> NotKept = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length",
        "Date", "Age", "Via", "Alt-Svc", "Strict-Transport-Security", "Report-To", "NEL", "Server-Timing",
    };

    /// <summary>What of an answer without a body tells of the body.</summary>
    private static readonly string[] OfTheBody = ["Content-Length", "Content-Type", "ETag", "Last-Modified", "Location"];

    private static readonly HttpMessageInvoker Network = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ConnectTimeout = PatienceToConnect,
        PooledConnectionLifetime = OldConnection,
    });

    /// <summary>The status of an answer that is passed on and not kept, in words.</summary>
    public string Unkept { get; private set; } = "";

    /// <summary>Asks. Null for an answer that is not kept: one that says "not now".</summary>
    /// <param name="writer">Where the answer goes as it comes.</param>
    /// <param name="held">What is known; when the other side still has just that, it says so instead of sending it.</param>
    /// <exception cref="FetchException">There is no answer, or it broke off.</exception>
    /// <exception cref="ClientGoneException">The program went away.</exception>
    public Downloaded? Run(AnswerWriter writer, Fetch? held)
    {
        using var part = new PartFile(home.FetchingFolder, key.Id());
        var canResume = request is { Method: "GET", IsConditional: false } && request.Header("Range") is null;
        var mayBeSame = held is { IsError: false } && request is { Method: "GET" or "HEAD", IsConditional: false };
        if (canResume) part.Find();
        var response = Ask(part, mayBeSame && part.Bytes == 0 ? held : null);
        try
        {
            if (part.Bytes > 0 && !GoesOn(response, part))
            {
                // It is another thing by now, or cannot be had in parts: then all of it.
                var whole = response.StatusCode == HttpStatusCode.OK;
                part.Begin("", "", -1);
                if (!whole)
                {
                    response.Dispose();
                    response = Ask(part, mayBeSame ? held : null);
                }
            }
            if (mayBeSame && response.StatusCode == HttpStatusCode.NotModified) return new Downloaded(held!, IsSame: true);
            var status = part.Bytes > 0 ? (int)HttpStatusCode.OK : (int)response.StatusCode;
            if (!IsKept(status))
            {
                PassOn(response, writer);
                return null;
            }
            if (request.Method == "HEAD") return new Downloaded(KeepHead(response, writer), IsSame: false);
            if (part.Bytes > 0) Resume(part, writer);
            else Start(response, part, writer, canResume && status == (int)HttpStatusCode.OK);
            return new Downloaded(Keep(ref response, part, writer, status), IsSame: false);
        }
        finally
        {
            response.Dispose();
        }
    }

    /// <summary>An answer is kept that says what is so; not one that says "later" or "something went wrong here".</summary>
    private static bool IsKept(int status) => status is >= 200 and < 500 and not (407 or 408 or 425 or 429);

    private static bool GoesOn(HttpResponseMessage response, PartFile part) =>
        response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange is { From: { } from } range
        && from == part.Bytes && (part.Total < 0 || range.Length == part.Total);

    private static void Start(HttpResponseMessage response, PartFile part, AnswerWriter writer, bool canResume)
    {
        var headers = HeadersOf(response, withLength: false);
        part.Begin(headers, canResume ? ValidatorOf(response) : "", response.Content.Headers.ContentLength ?? -1);
        writer.Head((int)response.StatusCode, headers, response.Content.Headers.ContentLength);
    }

    private static void Resume(PartFile part, AnswerWriter writer)
    {
        writer.Head((int)HttpStatusCode.OK, part.Headers, part.Total < 0 ? null : part.Total);
        part.GoOn(writer.Body);
    }

    private Fetch Keep(ref HttpResponseMessage response, PartFile part, AnswerWriter writer, int status)
    {
        for (var attempt = 0; ;)
        {
            var before = part.Bytes;
            if (Copy(response, part, writer) is not { } broken) break;
            if (part.Bytes > before) attempt = 0;
            if (part.Validator.Length == 0 || ++attempt > MostAttempts) throw BrokeOff(part, broken);
            if (ending.WaitHandle.WaitOne(FirstPause * Math.Pow(2, attempt - 1))) throw new ClientGoneException(broken);
            response.Dispose();
            try
            {
                response = Ask(part, null);
            }
            catch (FetchException e)
            {
                if (attempt >= MostAttempts) throw BrokeOff(part, e);
                continue;
            }
            if (!GoesOn(response, part)) throw BrokeOff(part, broken);
        }
        writer.End();
        return new Fetch(key, status, part.Headers, part.Keep(store), DateTimeOffset.UtcNow);
    }

    private FetchException BrokeOff(PartFile part, Exception e) => new(string.Create(CultureInfo.InvariantCulture,
        $"{key.Words()} broke off after {part.Bytes} bytes: {Innermost(e)}; {(part.Validator.Length > 0 ? "run it again, it goes on from there" : "run it again")}"), e);

    /// <summary>Copies what comes; null at the end, else why it broke off.</summary>
    private Exception? Copy(HttpResponseMessage response, PartFile part, AnswerWriter writer)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            int count;
            try
            {
                using var giveUp = ending.Register(static r => ((HttpResponseMessage)r!).Dispose(), response);
                count = response.Content.ReadAsStream(CancellationToken.None).Read(buffer);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException or OperationCanceledException)
            {
                return ending.IsCancellationRequested ? throw new ClientGoneException(e) : e;
            }
            if (count == 0) return part.Total >= 0 && part.Bytes < part.Total ? new IOException("the other side closed the connection") : null;
            part.Add(buffer.AsSpan(0, count));
            writer.Body(buffer.AsSpan(0, count));
        }
    }

    private void PassOn(HttpResponseMessage response, AnswerWriter writer)
    {
        Unkept = $"status {(int)response.StatusCode} ({response.ReasonPhrase})";
        writer.Head((int)response.StatusCode, HeadersOf(response, withLength: request.Method == "HEAD"), response.Content.Headers.ContentLength);
        var buffer = new byte[BufferBytes];
        try
        {
            using var body = response.Content.ReadAsStream(ending);
            int count;
            while ((count = body.Read(buffer)) > 0) writer.Body(buffer.AsSpan(0, count));
        }
        catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException or OperationCanceledException)
        {
            throw new FetchException($"{key.Words()} was answered with {Unkept}, and broke off: {Innermost(e)}", e);
        }
        writer.End();
    }

    private Fetch KeepHead(HttpResponseMessage response, AnswerWriter writer)
    {
        var headers = HeadersOf(response, withLength: true);
        var fetch = new Fetch(key, (int)response.StatusCode, headers, default, DateTimeOffset.UtcNow);
        var text = string.Join('\n', OfTheBody.Where(n => fetch.Header(n) is not null).Select(n => $"{n}: {fetch.Header(n)}"));
        fetch = fetch with { Body = store.PutBytes(Encoding.Latin1.GetBytes(text)) };
        writer.Head(fetch.Status, headers, null);
        return fetch;
    }

    private HttpResponseMessage Ask(PartFile part, Fetch? held)
    {
        using var question = new HttpRequestMessage(new HttpMethod(request.Method), address) { Version = HttpVersion.Version11 };
        if (request.Body.Length > 0 || request.Method == "POST") question.Content = new ByteArrayContent(request.Body);
        foreach (var (name, value) in request.Passed)
            if (!question.Headers.TryAddWithoutValidation(name, value)) question.Content?.Headers.TryAddWithoutValidation(name, value);
        question.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (part.Bytes > 0)
        {
            question.Headers.Range = new RangeHeaderValue(part.Bytes, null);
            question.Headers.TryAddWithoutValidation("If-Range", part.Validator);
        }
        if (held?.Header("ETag") is { } tag) question.Headers.TryAddWithoutValidation("If-None-Match", tag);
        else if (held?.Header("Last-Modified") is { } time) question.Headers.TryAddWithoutValidation("If-Modified-Since", time);
        try
        {
            return Network.Send(question, ending);
        }
        catch (OperationCanceledException e) when (ending.IsCancellationRequested)
        {
            throw new ClientGoneException(e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException)
        {
            throw new FetchException(held is null
                ? $"{key.Words()} is not recorded and could not be fetched: {Innermost(e)}; run it again where there is a network"
                : $"{key.Words()} could not be asked for again: {Innermost(e)}; without --again what is recorded holds", e);
        }
    }

    private static string Innermost(Exception e) => e.GetBaseException().Message.TrimEnd('.');

    /// <summary>A weak ETag does not promise the same bytes (RFC 9110, 13.1.5).</summary>
    private static string ValidatorOf(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false } tag ? tag.ToString() : response.Content.Headers.NonValidated.TryGetValues("Last-Modified", out var time) ? time.ToString() : "";

    private static string HeadersOf(HttpResponseMessage response, bool withLength)
    {
        var lines = new List<string> { response.ReasonPhrase ?? "" };
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (NotKept.Contains(name) && !(withLength && name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))) continue;
            foreach (var value in values) lines.Add($"{name}: {value.ReplaceLineEndings(" ")}");
        }
        return string.Join('\n', lines);
    }
}
