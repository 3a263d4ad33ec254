using System.Net;
using System.Net.Sockets;

namespace Varve.Web.Http;

/// <summary>
/// Answers requests, one a connection, as many at once as <see cref="MostConnections"/>. The runtime's HttpListener cannot
/// listen on an address and answer to `localhost` at once, and Kestrel would double the program: what is needed here is
/// the reading of one head of 16 kB.
/// </summary>
internal sealed class WebServer : IDisposable
{
    private const int MostConnections = 64, Backlog = 128;
    private static readonly TimeSpan HeadTime = TimeSpan.FromSeconds(10);
    private readonly Socket listener;
    private readonly SemaphoreSlim free = new(MostConnections);

    /// <exception cref="IOException">The address or the port cannot be had.</exception>
    public WebServer(IPAddress address, int port)
    {
        listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(Backlog);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new IOException($"cannot listen on {address} port {port}: {e.Message}; give another with --port N, or 0 for any free one", e);
        }
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Answers until it is cancelled.</summary>
    public async Task RunAsync(Func<Request, CancellationToken, Response> answer, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await free.WaitAsync(cancellation).ConfigureAwait(false);
            Socket connection;
            try
            {
                connection = await listener.AcceptAsync(cancellation).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                free.Release();
                continue;
            }
            _ = Task.Run(async () =>
            {
                try
                {
                    await ServeAsync(connection, answer, cancellation).ConfigureAwait(false);
                }
                catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
                {
                    // Whoever asked is gone, or was too slow.
                }
                finally
                {
                    connection.Dispose();
                    free.Release();
                }
            }, CancellationToken.None);
        }
    }

    private static async Task ServeAsync(Socket connection, Func<Request, CancellationToken, Response> answer, CancellationToken cancellation)
    {
        connection.NoDelay = true;
        connection.SendTimeout = (int)HeadTime.TotalMilliseconds;
        await using var stream = new NetworkStream(connection);
        Response response;
        var isHead = false;
        try
        {
            var request = Request.Parse((await ReadHeadAsync(stream, cancellation).ConfigureAwait(false)).Span);
            isHead = request.Method == "HEAD";
            response = answer(request, cancellation);
        }
        catch (BadRequestException e)
        {
            response = Response.Text(e.Status, e.Message);
        }
        await stream.WriteAsync(response.Head(), cancellation).ConfigureAwait(false);
        if (!isHead)
        {
            if (response.Write is null) await stream.WriteAsync(response.Body, cancellation).ConfigureAwait(false);
            else await response.Write(stream, cancellation).ConfigureAwait(false);
        }
        connection.Shutdown(SocketShutdown.Send);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadHeadAsync(NetworkStream stream, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(HeadTime);
        var buffer = new byte[Request.MostBytes];
        for (var length = 0; length < buffer.Length;)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(length), limit.Token).ConfigureAwait(false);
            if (count == 0) throw new IOException("the connection was closed before it asked for anything");
            length += count;
            if (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) is var end and >= 0) return buffer.AsMemory(0, end + 4);
        }
        throw new BadRequestException(413, "The request is too long.");
    }

    public void Dispose()
    {
        listener.Dispose();
        free.Dispose();
    }
}
