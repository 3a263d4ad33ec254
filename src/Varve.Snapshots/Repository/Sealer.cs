using System.Security.Cryptography;
using NSec.Cryptography;
using IncrementalHash = System.Security.Cryptography.IncrementalHash;

namespace Varve.Snapshots.Repository;

/// <summary>How a repository seals what it holds.</summary>
public enum RepositoryCipher
{
    /// <summary>Not at all: whoever reads the repository reads the data. Damage is still found.</summary>
    None,
    /// <summary>XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES in hardware, with nonces long enough to be random.</summary>
    Aes,
    /// <summary>XChaCha20-Poly1305, for processors without AES.</summary>
    ChaCha,
}

/// <summary>
/// Seals and opens: <c>nonce (24) | ciphertext | tag (16)</c>. A random nonce for each, so sealed pieces can be moved
/// between files as they are. Used by one thread at a time.
/// </summary>
internal sealed class Sealer : IDisposable
{
    private const int NonceSize = 24, TagSize = 16, Block = 16;

    /// <summary>How much longer a sealed piece is than what it holds.</summary>
    public const int Overhead = NonceSize + TagSize;

    private readonly RepositoryCipher cipher;
    private readonly Aes? aes;
    private readonly byte[] k1 = new byte[Block];
    private readonly Key? chaCha;

    /// <param name="cipher">How.</param>
    /// <param name="key">32 bytes; not used without a cipher.</param>
    public Sealer(RepositoryCipher cipher, byte[] key)
    {
        this.cipher = cipher;
        if (cipher == RepositoryCipher.ChaCha) chaCha = Key.Import(AeadAlgorithm.XChaCha20Poly1305, key, KeyBlobFormat.RawSymmetricKey);
        if (cipher != RepositoryCipher.Aes) return;
        aes = Aes.Create();
        aes.Key = key;
        // The first subkey of CMAC (NIST SP 800-38B): the encrypted zero block, doubled in GF(2^128).
        aes.EncryptEcb(new byte[Block], k1, PaddingMode.None);
        var carry = 0;
        for (var i = Block - 1; i >= 0; i--)
        {
            var next = k1[i] >> 7;
            k1[i] = (byte)((k1[i] << 1) | carry);
            carry = next;
        }
        if (carry != 0) k1[^1] ^= 0x87;
    }

    /// <summary>Seals; <paramref name="into"/> is <see cref="Overhead"/> longer than <paramref name="plain"/>.</summary>
    /// <param name="plain">What to seal.</param>
    /// <param name="into">Where to; may not overlap.</param>
    /// <param name="about">What the piece is, which must be said again to open it.</param>
    public void Seal(ReadOnlySpan<byte> plain, Span<byte> into, ReadOnlySpan<byte> about)
    {
        var nonce = into[..NonceSize];
        if (cipher == RepositoryCipher.None) nonce.Clear();
        else RandomNumberGenerator.Fill(nonce);
        Seal(plain, into, about, nonce);
    }

    /// <summary>As the other, under a nonce that is given: only for the published test vectors.</summary>
    internal void Seal(ReadOnlySpan<byte> plain, Span<byte> into, ReadOnlySpan<byte> about, ReadOnlySpan<byte> nonce)
    {
        nonce.CopyTo(into);
        var body = into.Slice(NonceSize, plain.Length);
        var tag = into.Slice(NonceSize + plain.Length, TagSize);
        switch (cipher)
        {
            case RepositoryCipher.Aes:
                using (var gcm = GcmOf(nonce)) gcm.Encrypt(nonce[12..], plain, body, tag, about);
                break;
            case RepositoryCipher.ChaCha:
                AeadAlgorithm.XChaCha20Poly1305.Encrypt(chaCha!, nonce, about, plain, into.Slice(NonceSize, plain.Length + TagSize));
                break;
            default:
                plain.CopyTo(body);
                Check(body, about, tag);
                break;
        }
    }

    /// <summary>Opens; false when the piece is damaged, was made under another key, or is something else.</summary>
    public bool TryOpen(ReadOnlySpan<byte> piece, Span<byte> plain, ReadOnlySpan<byte> about)
    {
        if (piece.Length < Overhead || plain.Length != piece.Length - Overhead) return false;
        var nonce = piece[..NonceSize];
        var body = piece[NonceSize..^TagSize];
        var tag = piece[^TagSize..];
        switch (cipher)
        {
            case RepositoryCipher.Aes:
                using (var gcm = GcmOf(nonce))
                {
                    try
                    {
                        gcm.Decrypt(nonce[12..], body, tag, plain, about);
                        return true;
                    }
                    catch (AuthenticationTagMismatchException)
                    {
                        return false;
                    }
                }
            case RepositoryCipher.ChaCha:
                return AeadAlgorithm.XChaCha20Poly1305.Decrypt(chaCha!, nonce, about, piece[NonceSize..], plain);
            default:
                Span<byte> wanted = stackalloc byte[TagSize];
                Check(body, about, wanted);
                body.CopyTo(plain);
                return wanted.SequenceEqual(tag);
        }
    }

    /// <summary>AES-GCM under the key that the first half of the nonce derives.</summary>
    private AesGcm GcmOf(ReadOnlySpan<byte> nonce)
    {
        Span<byte> message = stackalloc byte[2 * Block];
        Span<byte> key = stackalloc byte[2 * Block];
        for (var half = 0; half < 2; half++)
        {
            var block = message.Slice(half * Block, Block);
            block[0] = 0;
            block[1] = (byte)(half + 1);
            block[2] = (byte)'X';
            block[3] = 0;
            nonce[..12].CopyTo(block[4..]);
            for (var i = 0; i < Block; i++) block[i] ^= k1[i];
        }
        aes!.EncryptEcb(message, key, PaddingMode.None);
        return new AesGcm(key, TagSize);
    }

    private static void Check(ReadOnlySpan<byte> body, ReadOnlySpan<byte> about, Span<byte> tag)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(about);
        hash.AppendData(body);
        hash.GetHashAndReset(digest);
        digest[..TagSize].CopyTo(tag);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        aes?.Dispose();
        chaCha?.Dispose();
    }
}
