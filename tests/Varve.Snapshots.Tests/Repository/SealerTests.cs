using System.Text;
using CsCheck;
using Varve.Snapshots.Repository;
using Xunit;

namespace Varve.Snapshots.Tests.Repository;

public sealed class SealerTests
{
    [Theory]
    [InlineData(0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271")]
    [InlineData(0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d")]
    public void XAES_256_GCM_gives_the_published_vectors(byte key, string about, string ciphertext)
    {
        using var sealer = new Sealer(RepositoryCipher.Aes, Enumerable.Repeat(key, 32).ToArray());
        var plain = "XAES-256-GCM"u8;
        var into = new byte[plain.Length + Sealer.Overhead];
        sealer.Seal(plain, into, Encoding.ASCII.GetBytes(about), "ABCDEFGHIJKLMNOPQRSTUVWX"u8);
        Assert.Equal(ciphertext, Convert.ToHexStringLower(into.AsSpan(24)));
    }

    [Theory]
    [InlineData(RepositoryCipher.Aes)]
    [InlineData(RepositoryCipher.ChaCha)]
    [InlineData(RepositoryCipher.None)]
    public void What_is_sealed_opens_and_nothing_else_does(RepositoryCipher cipher)
    {
        using var sealer = new Sealer(cipher, Place.Noise(32, 7));
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Byte.Array[0, 20], Gen.Int[0, 1 << 20]).Sample((plain, about, flip) =>
        {
            var piece = new byte[plain.Length + Sealer.Overhead];
            sealer.Seal(plain, piece, about);
            var opened = new byte[plain.Length];
            Assert.True(sealer.TryOpen(piece, opened, about));
            Assert.Equal(plain, opened);
            Assert.False(sealer.TryOpen(piece, opened, [.. about, 1]));
            // Without a cipher there is no nonce to be wrong.
            var from = cipher == RepositoryCipher.None ? 24 : 0;
            piece[from + flip % (piece.Length - from)] ^= (byte)(1 << (flip & 7));
            Assert.False(sealer.TryOpen(piece, opened, about));
        }, iter: 200);
    }

    [Fact]
    public void Another_key_opens_nothing()
    {
        using var one = new Sealer(RepositoryCipher.Aes, Place.Noise(32, 1));
        using var other = new Sealer(RepositoryCipher.Aes, Place.Noise(32, 2));
        var piece = new byte[10 + Sealer.Overhead];
        one.Seal(new byte[10], piece, []);
        Assert.False(other.TryOpen(piece, new byte[10], []));
    }
}
