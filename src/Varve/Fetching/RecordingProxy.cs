using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Varve.Fetching;

/// <summary>Takes the connections of one step and hands its requests to the session, HTTPS opened by the home's own authority.</summary>
internal sealed class RecordingProxy(FetchSession session, CertificateAuthority authority) : IDisposable
{
    private const int StackBytes = 1 << 20;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(10);
    private readonly List<Thread> threads = [];
    private readonly HashSet<Socket> open = [];
    private Socket? listener;
    private bool ended;

    /// <summary>Begins to take connections.</summary>
    /// <param name="descriptor">A socket that listens, in the step's network; owned from here on.</param>
    public void Start(int descriptor)
    {
        listener = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        Run("connections", Accept);
    }

    private void Run(string name, Action work)
    {
        var thread = new Thread(() => work(), StackBytes) { IsBackground = true, Name = name };
        lock (open) threads.Add(thread);
        thread.Start();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var connection = listener!.Accept();
                lock (open)
                {
                    if (ended)
                    {
                        connection.Dispose();
                        return;
                    }
                    open.Add(connection);
                }
                Run("connection", () => Serve(connection));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The step has ended.
        }
    }

    private void Serve(Socket connection)
    {
        try
        {
            using var stream = new NetworkStream(connection, ownsSocket: false);
            Serve(stream);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // A program that hangs up.
        }
        catch (Exception e) when (e is FormatException or AuthenticationException or OverflowException)
        {
            session.NoteStranger(e.Message);
        }
        catch (Exception e)
        {
            session.NoteFailure(e);
        }
        finally
        {
            lock (open) open.Remove(connection);
            connection.Dispose();
        }
    }

    private void Serve(Stream stream)
    {
        var reader = new MessageReader(stream);
        while (reader.Read(null) is { } request)
        {
            if (request.Method == "CONNECT")
            {
                stream.Write("HTTP/1.1 200 Connection established\r\n\r\n"u8);
                ServeSecure(stream, request.Url);
                return;
            }
            if (!session.Answer(request, stream)) return;
        }
    }

    private void ServeSecure(Stream stream, string target)
    {
        var colon = target.LastIndexOf(':');
        var (host, port) = colon < 0 ? (target, "443") : (target[..colon], target[(colon + 1)..]);
        using var secure = new SslStream(stream, leaveInnerStreamOpen: true);
        secure.AuthenticateAsServer(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = authority.For(host),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        });
        var reader = new MessageReader(secure);
        var prefix = port == "443" ? $"https://{host}" : $"https://{host}:{port}";
        while (reader.Read(prefix) is { } request)
            if (!session.Answer(request, secure)) return;
    }

    /// <summary>Ends it: the step is over, what it still asked for is given up.</summary>
    public void Dispose()
    {
        session.GiveUp();
        Thread[] left;
        lock (open)
        {
            ended = true;
            foreach (var connection in open) connection.Close();
            left = [.. threads];
        }
        // Closing alone does not wake whoever waits for a connection.
        try
        {
            listener?.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
        }
        listener?.Dispose();
        foreach (var thread in left) thread.Join(LastWords);
    }
}
