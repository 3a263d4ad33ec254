using CsCheck;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

public sealed class StoreDigestTests
{
    [Fact]
    public void A_printed_digest_is_read_back_with_and_without_its_prefix() => Gen.Byte.Array[DigestBytes.Size].Sample(bytes =>
    {
        var digest = new Digest(bytes);
        Assert.True(Digest.TryParse(digest.ToString(), out var whole) && whole == digest);
        Assert.True(Digest.TryParse(digest.Hex, out var plain) && plain == digest);
        Assert.StartsWith(digest.Short, digest.Hex, StringComparison.Ordinal);
    });

    [Fact]
    public void The_digest_of_nothing_is_the_one_that_everybody_knows() =>
        Assert.Equal("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Digest.Empty.ToString());

    [Fact]
    public void Digests_are_ordered_as_their_text_is() => Gen.Select(Gen.Byte.Array[DigestBytes.Size], Gen.Byte.Array[DigestBytes.Size]).Sample((a, b) =>
        Assert.Equal(Math.Sign(string.CompareOrdinal(new Digest(a).Hex, new Digest(b).Hex)), Math.Sign(new Digest(a).CompareTo(new Digest(b)))));

    [Theory]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha256:e3b0c442")]
    [InlineData("md5:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void What_is_no_digest_is_not_read_as_one(string text) => Assert.False(Digest.TryParse(text, out _));
}
