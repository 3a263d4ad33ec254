using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>Digests a list of texts so that no two different lists give the same bytes: each is preceded by its length.</summary>
internal sealed class Canonical
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? spare;

    private readonly ArrayBufferWriter<byte> bytes = Take();

    private static ArrayBufferWriter<byte> Take()
    {
        var buffer = spare ?? new(8192);
        spare = null;
        return buffer;
    }

    public void Add(string text)
    {
        if (PathText.HasEscapes(text))
        {
            var encoded = PathText.Encode(text);
            AddNumber(encoded.Length);
            bytes.Write(encoded);
            return;
        }
        AddNumber(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text.AsSpan(), bytes);
    }

    public void AddAll(IReadOnlyList<string> texts)
    {
        AddNumber(texts.Count);
        foreach (var text in texts) Add(text);
    }

    private void AddNumber(int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes.GetSpan(sizeof(int)), number);
        bytes.Advance(sizeof(int));
    }

    /// <summary>The digest of all that was added. The list is used up with it.</summary>
    public Digest Digest()
    {
        var digest = Store.Digest.Of(bytes.WrittenSpan);
        bytes.ResetWrittenCount();
        spare = bytes;
        return digest;
    }
}
