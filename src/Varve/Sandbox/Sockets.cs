using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Calls that name an address. Inside the step (loopback, sockets it made itself) all is allowed; an address outside
/// is an effect, and a Unix socket of another process is refused.
/// </summary>
internal sealed class Sockets(EffectLog effects, View view, StepNetwork network)
{
    private const ushort Unspecified = 0, Unix = 1, Ipv4 = 2, Ipv6 = 10, Kernel = 16, Cryptography = 38;

    /// <summary>connect, bind, sendto: the address and its size.</summary>
    public int Address(in Notification call, ulong address, int size, PathReader paths)
    {
        Span<byte> bytes = stackalloc byte[110];
        bytes = bytes[..Math.Clamp(size, 0, bytes.Length)];
        if (bytes.Length < 2 || Tracee.ReadBytes(call.Thread, address, bytes) != bytes.Length) return 0;
        var family = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        return family switch
        {
            Unix => call.Number == Syscalls.Bind ? 0 : UnixPath(call.Thread, bytes[2..], paths),
            Ipv4 when bytes.Length >= 8 => Internet(new IPAddress(bytes.Slice(4, 4)), Port(bytes), call.Number),
            Ipv6 when bytes.Length >= 24 => Internet(new IPAddress(bytes.Slice(8, 16)), Port(bytes), call.Number),
            Unspecified or Ipv4 or Ipv6 or Kernel or Cryptography => 0,
            // A virtual machine's host (vsock), Bluetooth and others are not kept apart by a network of the step's own.
            _ => RefuseFamily(family),
        };
    }

    private int RefuseFamily(ushort family)
    {
        const int familyNotSupported = 97;
        effects.Add(EffectKinds.Network, string.Create(CultureInfo.InvariantCulture, $"tried to use a socket of address family {family}: refused"));
        return familyNotSupported;
    }

    /// <summary>sendmmsg: headers in a row, each with a length after it.</summary>
    public int Messages(in Notification call, ulong headers, int count, PathReader paths)
    {
        const int most = 1024, size = 64;
        for (var i = 0; i < Math.Clamp(count, 0, most); i++)
            if (Message(in call, headers + (ulong)(i * size), paths) is var refusal and not 0) return refusal;
        return 0;
    }

    /// <summary>sendmsg: the message header begins with the address and its size.</summary>
    public int Message(in Notification call, ulong header, PathReader paths)
    {
        Span<byte> start = stackalloc byte[12];
        if (Tracee.ReadBytes(call.Thread, header, start) != start.Length) return 0;
        var address = BinaryPrimitives.ReadUInt64LittleEndian(start);
        return address == 0 ? 0 : Address(in call, address, BinaryPrimitives.ReadInt32LittleEndian(start[8..]), paths);
    }

    private static int Port(ReadOnlySpan<byte> address) => BinaryPrimitives.ReadUInt16BigEndian(address[2..]);

    private int Internet(IPAddress address, int port, int number)
    {
        if (number == Syscalls.Bind || IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            // What comes from there depends on more than files.
            if (network == StepNetwork.Recorded && number != Syscalls.Bind) Part.Current?.Spoil("it may use the network");
            if (network == StepNetwork.Open && number != Syscalls.Bind) effects.Add(EffectKinds.Network, Text("connected to", address, port));
            return 0;
        }
        effects.Add(EffectKinds.Network, network switch
        {
            StepNetwork.Open => Text("connected to", address, port),
            StepNetwork.Recorded => Text("tried to reach", address, port) + ": with a recorded network there is HTTP and HTTPS only, by the proxy that http_proxy and https_proxy name; allow all with --net open",
            _ => Text("tried to reach", address, port) + ": the step has no network; allow it with --net open, or HTTP and HTTPS alone with --net recorded",
        });
        return 0;
    }

    private static string Text(string verb, IPAddress address, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{verb} {(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address)}:{port}");

    private int UnixPath(int thread, ReadOnlySpan<byte> name, PathReader paths)
    {
        // An empty name or one that begins with a zero is abstract, and belongs to the network the step has.
        if (name.IsEmpty || name[0] == 0)
        {
            if (network == StepNetwork.Open) effects.Add(EffectKinds.Ipc, "connected to an abstract socket, which may be another process's");
            return 0;
        }
        var end = name.IndexOf((byte)0);
        var path = PathText.Decode(end < 0 ? name : name[..end]);
        if (path[0] != '/') path = paths.ReadWorkingDirectory(thread) + "/" + path;
        // What is not found here must not be found by the call either: a link of /proc may lead it elsewhere.
        var reached = Tracee.Resolve(thread, path) ?? (path.StartsWith("/proc/", StringComparison.Ordinal) ? path : null);
        if (reached is null) return Libc.Enoent;
        if (view.Locate(reached, out var outside) is Zone.Private or Zone.Device) return 0;
        // A socket the step made itself is not there outside.
        if (outside.Length > 0 && Files.Look(outside).Kind != FileKind.Special) return 0;
        effects.Add(EffectKinds.Ipc, Encoding.UTF8.GetString(PathText.Encode($"tried to reach the socket {path} of another process: refused")));
        return Libc.Eacces;
    }
}
