using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Varve.Linux;
using Varve.Store;

namespace Varve.Fetching;

/// <summary>
/// The authority that vouches, inside steps and nowhere else, for the hosts that the proxy answers for. One for each user
/// of a home, made when first needed; its key is readable by that user alone, and steps never see it.
/// </summary>
internal sealed class CertificateAuthority
{
    // A strict step's clock stands in 1980, and a certificate's times end in 2049 where two digits hold the year (RFC 5280, 4.1.2.5).
    private static readonly DateTimeOffset From = new(1970, 1, 2, 0, 0, 0, TimeSpan.Zero), To = new(2049, 12, 31, 0, 0, 0, TimeSpan.Zero);
    private readonly X509Certificate2 authority;
    private readonly ECDsa hostKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ConcurrentDictionary<string, SslStreamCertificateContext> hosts = new(StringComparer.OrdinalIgnoreCase);

    private readonly byte[] secret;

    private CertificateAuthority(X509Certificate2 authority)
    {
        this.authority = authority;
        using var key = authority.GetECDsaPrivateKey();
        secret = SHA256.HashData(key!.ExportPkcs8PrivateKey());
    }


    /// <summary>The authority's certificate for programs to trust (PEM).</summary>
    public string Certificate => authority.ExportCertificatePem() + "\n";

    /// <summary>A short stand-in for a value that may be a secret: the same for the same value, of no use to guess it by without the authority's key.</summary>
    public string Disguise(string value) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, System.Text.Encoding.UTF8.GetBytes(value)))[..16];

    /// <summary>The authority of a home.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    public static CertificateAuthority Of(VarveHome home)
    {
        var path = $"{home.Folder}/authority-{Libc.geteuid()}.pem";
        if (Files.Look(path).Kind != FileKind.File) Make(home, path);
        return new CertificateAuthority(X509Certificate2.CreateFromPemFile(path));
    }

    private static void Make(VarveHome home, string path)
    {
        home.Make();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=Varve (steps of {home.Folder.Replace('"', ' ').Replace(',', ' ')} only)", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var made = request.CreateSelfSigned(From, To);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        using (var file = Files.Create(temporary, 0x180))
        {
            RandomAccess.Write(file, System.Text.Encoding.ASCII.GetBytes($"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n"), 0);
            Files.Flush(file, temporary);
        }
        try
        {
            // Of two processes that make one at once, the second finds the first's.
            Files.HardLink(temporary, path);
        }
        catch (IOException) when (Files.Look(path).Kind == FileKind.File)
        {
        }
        finally
        {
            Files.Remove(temporary);
        }
    }

    /// <summary>A certificate for a host, by name or address.</summary>
    public SslStreamCertificateContext For(string host) => hosts.GetOrAdd(host, Issue);

    private SslStreamCertificateContext Issue(string host)
    {
        var request = new CertificateRequest("CN=Varve", hostKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address)) names.AddIpAddress(address);
        else names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build(critical: true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        Span<byte> serial = stackalloc byte[16];
        RandomNumberGenerator.Fill(serial);
        serial[0] &= 0x7F;
        using var issued = request.Create(authority, From, To, serial);
        return SslStreamCertificateContext.Create(issued.CopyWithPrivateKey(hostKey), additionalCertificates: null, offline: true);
    }
}
