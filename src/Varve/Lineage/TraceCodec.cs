using System.Text;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;
using ZstdSharp;

namespace Varve.Lineage;

/// <summary>
/// How traces are written into the database: numbers in seven-bit groups, texts as their length and bytes, paths as
/// what they share with the one before and the rest, digests as 32 bytes; whole records behind one byte, 0 as they
/// are and 1 compressed by zstd. docs/lineage.md describes the layout for other readers.
/// </summary>
internal static class TraceCodec
{
    private const int CompressFrom = 512;

    /// <summary>Its tables are larger than most records.</summary>
    [ThreadStatic]
    private static Decompressor? decompressor;

    public static byte[] EncodeSet(IReadOnlyList<Observation> observations) => EncodeSet(observations, observations.Count);

    /// <summary>As above, for observations that are counted already.</summary>
    public static byte[] EncodeSet(IEnumerable<Observation> observations, int count)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write7BitEncodedInt(count);
            byte[] last = [];
            foreach (var item in observations)
            {
                last = WritePath(writer, item.Path, last);
                var hasDigest = item.Digest != default;
                writer.Write((byte)((byte)item.Kind | (hasDigest ? 0x80 : 0)));
                if (hasDigest) writer.Write(item.Digest.Bytes);
                WriteText(writer, item.Detail);
            }
        }
        return Pack(stream);
    }

    public static Observation[] DecodeSet(byte[] packed)
    {
        using var reader = Unpack(packed);
        var items = new Observation[reader.Read7BitEncodedInt()];
        var last = Array.Empty<byte>();
        // Details repeat (modes, mostly): one text serves all.
        var details = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < items.Length; i++)
        {
            var path = ReadPath(reader, ref last);
            var kind = reader.ReadByte();
            var digest = (kind & 0x80) != 0 ? ReadDigest(reader) : default;
            var detail = ReadText(reader);
            if (!details.TryGetValue(detail, out var shared)) details[detail] = shared = detail;
            items[i] = new Observation(path, (ObservationKind)(kind & 0x7F), digest, shared);
        }
        return items;
    }

    public static byte[] EncodeKey(StepKey key)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            WriteTexts(writer, key.Command);
            WriteText(writer, key.Directory);
            WriteText(writer, key.Workspace);
            WriteText(writer, key.Environment);
            WriteTexts(writer, [.. key.Variables.Select(v => v.Key)]);
            WriteTexts(writer, [.. key.Variables.Select(v => v.Value)]);
            WriteTexts(writer, key.Options);
        }
        return Pack(stream);
    }

    public static StepKey DecodeKey(byte[] packed)
    {
        using var reader = Unpack(packed);
        var command = ReadTexts(reader);
        var directory = ReadText(reader);
        var workspace = ReadText(reader);
        var environment = ReadText(reader);
        var names = ReadTexts(reader);
        var values = ReadTexts(reader);
        return new StepKey
        {
            Command = command,
            Directory = directory,
            Workspace = workspace,
            Environment = environment,
            Variables = [.. names.Zip(values, KeyValuePair.Create)],
            Options = ReadTexts(reader),
        };
    }

    /// <summary>Everything of a trace that has no column of its own.</summary>
    public static byte[] EncodeOutcome(Trace trace)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write7BitEncodedInt(trace.Changes.Count);
            byte[] last = [];
            foreach (var change in trace.Changes) last = WriteChange(writer, change, last);
            writer.Write7BitEncodedInt(trace.Renames.Count);
            foreach (var renaming in trace.Renames)
            {
                WriteText(writer, renaming.From);
                WriteText(writer, renaming.To);
            }
            writer.Write7BitEncodedInt(trace.Effects.Count);
            foreach (var effect in trace.Effects)
            {
                WriteText(writer, effect.Kind);
                WriteText(writer, effect.Detail);
            }
            WriteTexts(writer, trace.Programs);
            WriteText(writer, trace.Input.Kind);
            writer.Write(trace.Input.Digest.Bytes);
            writer.Write7BitEncodedInt64(trace.Input.Bytes);
            writer.Write(trace.Input.ReachedEnd);
            writer.Write(trace.Transcript.Bytes);
            writer.Write(trace.OutputFile is not null);
            if (trace.OutputFile is { } output) WriteChange(writer, output, []);
            writer.Write7BitEncodedInt(trace.ExecuteError);
            if (trace.ShellState != default || trace.Parts != PartTally.None) writer.Write(trace.ShellState.Bytes);
            if (trace.Parts != PartTally.None) WriteParts(writer, trace.Parts);
        }
        return Pack(stream);
    }

    public static Trace DecodeOutcome(byte[] packed, Trace bare)
    {
        using var reader = Unpack(packed);
        var changes = new Change[reader.Read7BitEncodedInt()];
        var last = Array.Empty<byte>();
        for (var i = 0; i < changes.Length; i++) changes[i] = ReadChange(reader, ref last);
        var renames = new Renaming[reader.Read7BitEncodedInt()];
        for (var i = 0; i < renames.Length; i++) renames[i] = new Renaming(ReadText(reader), ReadText(reader));
        var effects = new Effect[reader.Read7BitEncodedInt()];
        for (var i = 0; i < effects.Length; i++) effects[i] = new Effect(ReadText(reader), ReadText(reader));
        var programs = ReadTexts(reader);
        var input = new StandardInput(ReadText(reader), ReadDigest(reader), reader.Read7BitEncodedInt64(), reader.ReadBoolean());
        var transcript = ReadDigest(reader);
        last = [];
        Change? output = reader.ReadBoolean() ? ReadChange(reader, ref last) : null;
        return bare with
        {
            Changes = changes,
            Renames = renames,
            Effects = effects,
            Programs = programs,
            Input = input.Kind == "none" ? StandardInput.None : input,
            Transcript = transcript,
            OutputFile = output,
            ExecuteError = reader.Read7BitEncodedInt(),
            ShellState = reader.BaseStream.Position < reader.BaseStream.Length ? ReadDigest(reader) : default,
            Parts = reader.BaseStream.Position < reader.BaseStream.Length ? ReadParts(reader) : PartTally.None,
        };
    }

    private static void WriteParts(BinaryWriter writer, PartTally parts)
    {
        writer.Write7BitEncodedInt(parts.Reused);
        writer.Write(parts.Saved.TotalSeconds);
        writer.Write7BitEncodedInt(parts.Kept);
        WriteTexts(writer, parts.Whole);
    }

    private static PartTally ReadParts(BinaryReader reader) =>
        new(reader.Read7BitEncodedInt(), TimeSpan.FromSeconds(reader.ReadDouble()), reader.Read7BitEncodedInt(), ReadTexts(reader));

    private static byte[] WriteChange(BinaryWriter writer, in Change change, byte[] last)
    {
        var path = WritePath(writer, change.Path, last);
        writer.Write((byte)((byte)change.Kind | (change.Replaced ? 0x80 : 0)));
        writer.Write7BitEncodedInt(change.Permissions);
        if (change.Kind == ChangeKind.File)
        {
            writer.Write(change.Digest.Bytes);
            writer.Write7BitEncodedInt64(change.Bytes);
            WriteText(writer, change.SameFileAs);
        }
        if (change.Kind == ChangeKind.Link) WriteText(writer, change.Target);
        return path;
    }

    private static Change ReadChange(BinaryReader reader, ref byte[] last)
    {
        var path = ReadPath(reader, ref last);
        var flags = reader.ReadByte();
        var kind = (ChangeKind)(flags & 0x7F);
        var change = new Change(path, kind, default, 0, reader.Read7BitEncodedInt(), "", "", (flags & 0x80) != 0);
        if (kind == ChangeKind.File)
            return change with { Digest = ReadDigest(reader), Bytes = reader.Read7BitEncodedInt64(), SameFileAs = ReadText(reader) };
        return kind == ChangeKind.Link ? change with { Target = ReadText(reader) } : change;
    }

    private static byte[] WritePath(BinaryWriter writer, string path, byte[] last)
    {
        var bytes = PathText.Encode(path);
        var shared = bytes.AsSpan().CommonPrefixLength(last);
        writer.Write7BitEncodedInt(shared);
        writer.Write7BitEncodedInt(bytes.Length - shared);
        writer.Write(bytes.AsSpan(shared));
        return bytes;
    }

    private static string ReadPath(BinaryReader reader, ref byte[] last)
    {
        var shared = reader.Read7BitEncodedInt();
        var rest = reader.Read7BitEncodedInt();
        var bytes = new byte[shared + rest];
        last.AsSpan(0, shared).CopyTo(bytes);
        reader.BaseStream.ReadExactly(bytes.AsSpan(shared));
        last = bytes;
        return PathText.Decode(bytes);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = PathText.Encode(text);
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    private static string ReadText(BinaryReader reader) => PathText.Decode(reader.ReadBytes(reader.Read7BitEncodedInt()));

    private static void WriteTexts(BinaryWriter writer, IReadOnlyList<string> texts)
    {
        writer.Write7BitEncodedInt(texts.Count);
        foreach (var text in texts) WriteText(writer, text);
    }

    private static string[] ReadTexts(BinaryReader reader)
    {
        var texts = new string[reader.Read7BitEncodedInt()];
        for (var i = 0; i < texts.Length; i++) texts[i] = ReadText(reader);
        return texts;
    }

    private static Digest ReadDigest(BinaryReader reader)
    {
        Span<byte> bytes = stackalloc byte[DigestBytes.Size];
        reader.BaseStream.ReadExactly(bytes);
        return new Digest(bytes);
    }

    private static byte[] Pack(MemoryStream stream)
    {
        var bytes = stream.GetBuffer().AsSpan(0, (int)stream.Length);
        if (bytes.Length < CompressFrom) return [0, .. bytes];
        using var compressor = new Compressor(3);
        return [1, .. compressor.Wrap(bytes)];
    }

    private static BinaryReader Unpack(byte[] packed)
    {
        if (packed[0] == 0) return new BinaryReader(new MemoryStream(packed, 1, packed.Length - 1, writable: false), Encoding.UTF8);
        return new BinaryReader(new MemoryStream((decompressor ??= new Decompressor()).Unwrap(packed.AsSpan(1)).ToArray(), writable: false), Encoding.UTF8);
    }
}
