using CsCheck;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;
using Xunit;

namespace Varve.Tests;

public sealed class LineageCodecTests
{
    private static readonly Gen<string> Text = Gen.Byte.Array[0, 30].Select(bytes => PathText.Decode(bytes));
    private static readonly Gen<Digest> AnyDigest = Gen.OneOf(Gen.Const(default(Digest)), Gen.Byte.Array[DigestBytes.Size].Select(bytes => new Digest(bytes)));
    private static readonly Gen<Observation> Seen =
        Gen.Select(Text, Gen.Int[0, 6], AnyDigest, Text, (path, kind, digest, detail) => new Observation(path, (ObservationKind)kind, digest, detail));

    [Fact]
    public void Observations_of_any_names_come_back_as_they_were() =>
        Seen.Array[0, 60].Sample(set => Assert.Equal(set, TraceCodec.DecodeSet(TraceCodec.EncodeSet(set))));

    [Fact]
    public void A_key_comes_back_with_the_same_id() => Gen.Select(Text.Array[1, 5], Text.Array[0, 5], Text).Sample((command, values, folder) =>
    {
        var key = Samples.Key(command) with { Directory = folder, Options = values, Variables = [.. values.Select(v => KeyValuePair.Create("N" + v, v))] };
        Assert.Equal(key.Id(), TraceCodec.DecodeKey(TraceCodec.EncodeKey(key)).Id());
    });

    [Fact]
    public void No_two_keys_share_an_id_because_their_words_are_cut_elsewhere()
    {
        Assert.NotEqual(Samples.Key("a", "b").Id(), Samples.Key("ab").Id());
        Assert.NotEqual(Samples.Key("a b").Id(), Samples.Key("a", "b").Id());
        Assert.NotEqual(Samples.Key("a", "").Id(), Samples.Key("a").Id());
    }

    [Fact]
    public void An_outcome_with_a_little_of_everything_comes_back()
    {
        var full = Samples.Full with { OutputFile = Samples.File("/work/zion/o\uDCFE", "o"), ExecuteError = 13 };
        var back = TraceCodec.DecodeOutcome(TraceCodec.EncodeOutcome(full), Samples.Plain);
        Assert.Equal(full.Changes, back.Changes);
        Assert.Equal(full.Renames, back.Renames);
        Assert.Equal(full.Effects, back.Effects);
        Assert.Equal(full.Programs, back.Programs);
        Assert.Equal(full.Input, back.Input);
        Assert.Equal(full.Transcript, back.Transcript);
        Assert.Equal(full.OutputFile, back.OutputFile);
        Assert.Equal(13, back.ExecuteError);
    }

    [Fact]
    public void A_long_set_is_compressed_and_a_short_one_is_not()
    {
        static Observation[] Names(int count) => [.. Enumerable.Range(0, count).Select(i => new Observation($"/usr/include/{i}.h", ObservationKind.Absent, default, ""))];
        Assert.Equal(0, TraceCodec.EncodeSet(Names(2))[0]);
        Assert.Equal(1, TraceCodec.EncodeSet(Names(2000))[0]);
    }
}
