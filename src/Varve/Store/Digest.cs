using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Varve.Store;

/// <summary>
/// The SHA-256 digest (FIPS 180-4) of some bytes: their name in the store, in the lineage and in every answer.
/// Written <c>sha256:</c> and 64 hexadecimal digits.
/// </summary>
[InlineArray(Size)]
public struct DigestBytes
{
    /// <summary>Bytes in a SHA-256 digest.</summary>
    public const int Size = 32;
    private byte first;
}

/// <inheritdoc cref="DigestBytes"/>
public readonly struct Digest : IEquatable<Digest>, IComparable<Digest>
{
    private const string Prefix = "sha256:";
    private readonly DigestBytes bytes;

    /// <summary>The digest whose 32 bytes these are.</summary>
    public Digest(ReadOnlySpan<byte> value)
    {
        if (value.Length != DigestBytes.Size) throw new ArgumentException("A SHA-256 digest has 32 bytes.", nameof(value));
        value.CopyTo(bytes);
    }

    /// <summary>The digest of no bytes at all.</summary>
    public static Digest Empty { get; } = Of([]);

    /// <summary>The digest of these bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[DigestBytes.Size];
        SHA256.HashData(content, hash);
        return new Digest(hash);
    }

    /// <summary>The 32 bytes.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>64 hexadecimal digits, without the prefix.</summary>
    public string Hex => Convert.ToHexStringLower(bytes);

    /// <summary>The first 12 hexadecimal digits, as people read it.</summary>
    public string Short => Hex[..12];

    /// <summary>Reads <c>sha256:HEX</c> or the 64 digits alone.</summary>
    public static bool TryParse(string text, out Digest digest)
    {
        digest = default;
        var hex = text.StartsWith(Prefix, StringComparison.Ordinal) ? text.AsSpan(Prefix.Length) : text;
        if (hex.Length != DigestBytes.Size * 2) return false;
        Span<byte> value = stackalloc byte[DigestBytes.Size];
        if (Convert.FromHexString(hex, value, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        digest = new Digest(value);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Prefix + Hex;
    /// <inheritdoc/>
    public bool Equals(Digest other) => Bytes.SequenceEqual(other.Bytes);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Digest other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(Bytes);
    /// <inheritdoc/>
    public int CompareTo(Digest other) => Bytes.SequenceCompareTo(other.Bytes);
    /// <summary>Equal bytes.</summary>
    public static bool operator ==(Digest left, Digest right) => left.Equals(right);
    /// <summary>Different bytes.</summary>
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);
    /// <summary>Order of the bytes.</summary>
    public static bool operator <(Digest left, Digest right) => left.CompareTo(right) < 0;
    /// <summary>Order of the bytes.</summary>
    public static bool operator >(Digest left, Digest right) => left.CompareTo(right) > 0;
    /// <summary>Order of the bytes.</summary>
    public static bool operator <=(Digest left, Digest right) => left.CompareTo(right) <= 0;
    /// <summary>Order of the bytes.</summary>
    public static bool operator >=(Digest left, Digest right) => left.CompareTo(right) >= 0;
}
