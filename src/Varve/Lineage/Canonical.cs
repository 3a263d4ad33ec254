using System.Buffers.Binary;
using System.Security.Cryptography;
using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>Digests a list of texts so that no two different lists give the same bytes: each is preceded by its length.</summary>
internal sealed class Canonical
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Add(string text)
    {
        var bytes = PathText.Encode(text);
        AddNumber(bytes.Length);
        hash.AppendData(bytes);
    }

    public void AddAll(IReadOnlyList<string> texts)
    {
        AddNumber(texts.Count);
        foreach (var text in texts) Add(text);
    }

    private void AddNumber(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }

    public Digest Digest()
    {
        Span<byte> result = stackalloc byte[DigestBytes.Size];
        hash.GetHashAndReset(result);
        return new Digest(result);
    }
}
