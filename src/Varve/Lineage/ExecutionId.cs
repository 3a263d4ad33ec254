using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Varve.Lineage;

/// <summary>Names of executions: 48 bits of milliseconds since 1970, then 80 random bits, as 32 hexadecimal digits that sort by time.</summary>
internal static class ExecutionId
{
    public static string New()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16);
        RandomNumberGenerator.Fill(bytes[6..]);
        return Convert.ToHexStringLower(bytes);
    }
}
