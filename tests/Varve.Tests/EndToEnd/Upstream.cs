using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Varve.Tests.EndToEnd;

/// <summary>What the other side has under a path.</summary>
/// <param name="Body">The bytes.</param>
/// <param name="Headers">Further header lines.</param>
/// <param name="Status">The HTTP status.</param>
internal sealed record Page(byte[] Body, string[] Headers, int Status = 200);

/// <summary>A server of HTTP or HTTPS in the test's own process, with pages that may change, answers that may break off, and a record of what it was asked.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly SslStreamCertificateContext? certificate;
    private bool ended;

    public Upstream(bool secure = false)
    {
        if (secure) (certificate, Authority) = MakeCertificate();
        listener.Start();
        Address = string.Create(CultureInfo.InvariantCulture, $"{(secure ? "https" : "http")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        new Thread(Accept) { IsBackground = true }.Start();
    }

    /// <summary>Scheme, host and port.</summary>
    public string Address { get; }
    /// <summary>For HTTPS, the certificate to be trusted (PEM).</summary>
    public string Authority { get; } = "";
    /// <summary>What there is, by path.</summary>
    public ConcurrentDictionary<string, Page> Pages { get; } = new(StringComparer.Ordinal);
    /// <summary>What it was asked: method, path and, if any, the range.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();
    /// <summary>How many bytes of a body are sent before the connection is cut; null for all.</summary>
    public int? CutAfter { get; set; }
    /// <summary>How often it is cut, before all goes well again.</summary>
    public int Cuts { get; set; } = int.MaxValue;
    /// <summary>Called when it has cut a connection, before the other side knows.</summary>
    public Action? OnCut { get; set; }
    /// <summary>A file's bytes for paths that are no page; null for none.</summary>
    public string? Folder { get; set; }

    public void Set(string path, string text, params string[] headers) => Pages[path] = new Page(Encoding.UTF8.GetBytes(text), headers);

    private static (SslStreamCertificateContext, string) MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=upstream", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (SslStreamCertificateContext.Create(made, null, offline: true), made.ExportCertificatePem());
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = listener.AcceptTcpClient();
                new Thread(() => Serve(client)) { IsBackground = true }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private void Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (certificate is not null)
                {
                    var secure = new SslStream(stream);
                    secure.AuthenticateAsServer(new SslServerAuthenticationOptions { ServerCertificateContext = certificate });
                    stream = secure;
                }
                using (stream)
                using (var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true))
                    Serve(stream, reader);
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // Whoever asked hung up, or does not trust it.
            }
        }
    }

    private void Serve(Stream stream, StreamReader reader)
    {
        if (reader.ReadLine() is not { } first || ended) return;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (reader.ReadLine() is { Length: > 0 } line) headers[line.Split(':')[0]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        var body = new char[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        for (var at = 0; at < body.Length;) at += reader.Read(body, at, body.Length - at);
        var (method, path) = (first.Split(' ')[0], first.Split(' ')[1]);
        Asked.Enqueue(headers.TryGetValue("Range", out var range) ? $"{method} {path} {range}" : $"{method} {path}");
        var page = Pages.GetValueOrDefault(path) ?? FromFolder(path) ?? new Page("nothing here\n"u8.ToArray(), [], 404);
        var (status, bytes, more) = (page.Status, page.Body, new StringBuilder());
        foreach (var line in page.Headers) more.Append(line).Append("\r\n");
        var tag = page.Headers.FirstOrDefault(static h => h.StartsWith("ETag: ", StringComparison.Ordinal))?[6..];
        if (tag is not null && headers.GetValueOrDefault("If-None-Match") == tag) (status, bytes) = (304, []);
        else if (range is not null && (!headers.TryGetValue("If-Range", out var wanted) || wanted == tag))
        {
            var ends = range["bytes=".Length..].Split('-');
            var start = int.Parse(ends[0], CultureInfo.InvariantCulture);
            var last = ends[1].Length == 0 ? bytes.Length - 1 : int.Parse(ends[1], CultureInfo.InvariantCulture);
            more.Append(CultureInfo.InvariantCulture, $"Content-Range: bytes {start}-{last}/{bytes.Length}\r\n");
            (status, bytes) = (206, bytes[start..(last + 1)]);
        }
        stream.Write(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Word\r\n{more}Content-Length: {bytes.Length}\r\nConnection: close\r\n\r\n")));
        if (method == "HEAD") return;
        var cut = CutAfter is { } most && bytes.Length > most && Cuts-- > 0 ? most : bytes.Length;
        stream.Write(bytes, 0, cut);
        stream.Flush();
        if (cut < bytes.Length) OnCut?.Invoke();
    }

    private Page? FromFolder(string path)
    {
        var file = Folder + path.Split('?')[0];
        return Folder is not null && File.Exists(file) ? new Page(File.ReadAllBytes(file), []) : null;
    }

    public void Dispose()
    {
        ended = true;
        listener.Stop();
    }
}
