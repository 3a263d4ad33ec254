using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Varve.Store;
using Varve.Web.Http;

namespace Varve.Web;

/// <summary>The pages of one workspace, being served.</summary>
public sealed class Serving : IDisposable
{
    private readonly WebServer server;
    private readonly Router router;

    /// <summary>Begins to listen.</summary>
    /// <param name="workspace">The folder whose files and history are shown, absolute.</param>
    /// <param name="home">Varve's home.</param>
    /// <param name="address">Where to listen.</param>
    /// <param name="port">The port; 0 for any free one.</param>
    /// <exception cref="IOException">The address or the port cannot be had.</exception>
    public Serving(string workspace, VarveHome home, IPAddress address, int port)
    {
        server = new WebServer(address, port);
        var gate = new Gate(address, server.Port);
        router = new Router(new Site(workspace, home), gate);
        var shown = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
        Address = string.Create(CultureInfo.InvariantCulture, $"http://{shown}:{server.Port}/?token={gate.Token}");
    }

    /// <summary>The address to open; it holds the key.</summary>
    public string Address { get; }

    /// <summary>Answers until cancelled.</summary>
    public void Run(CancellationToken cancellation)
    {
        try
        {
            server.RunAsync(router.Answer, cancellation).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => server.Dispose();
}
