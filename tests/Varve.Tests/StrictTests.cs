using CsCheck;
using Varve.Linux;
using Varve.Store;
using Varve.Strict;
using Xunit;

namespace Varve.Tests;

/// <summary>The world that strict steps see: clocks that threads move themselves, chance from a key, one machine.</summary>
public sealed class StrictTests
{
    private const long Second = 1_000_000_000, Millisecond = 1_000_000;

    private static readonly StrictTerms Terms = new(Digest.Of("a step"u8), 315532800);

    private static ThreadClock NewClock() => new(new ProcessClock(), 0);

    [Fact]
    public void Chance_is_the_key_stream_of_RFC_8439()
    {
        // Section 2.3.2; the nonce's first word is the upper half of our counter.
        var stream = new KeyStream([.. Enumerable.Range(0, 32).Select(static i => (byte)i)], counter: 1 | (0x09000000UL << 32), nonce: 0x4a000000);
        var block = new byte[64];
        stream.Fill(block);
        Assert.Equal("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4ed28264460" +
            "79faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e", Convert.ToHexStringLower(block));
    }

    [Fact]
    public void Chance_is_the_same_in_whatever_pieces_it_is_drawn() => Gen.Int[1, 200].List[1, 20].Sample(pieces =>
    {
        var whole = new byte[pieces.Sum()];
        new KeyStream(Terms.Seed.Bytes).Fill(whole);
        var stream = new KeyStream(Terms.Seed.Bytes);
        var at = 0;
        foreach (var size in pieces)
        {
            var piece = new byte[size];
            stream.Fill(piece);
            Assert.Equal(whole[at..(at + size)], piece);
            at += size;
        }
    });

    [Fact]
    public void A_clock_never_goes_back_whatever_its_thread_does() =>
        Gen.Select(Gen.Int[0, 4], Gen.Long[0, 3 * Second]).List[1, 100].Sample(deeds =>
        {
            var clock = NewClock();
            long real = 0, monotonic = 0;
            foreach (var (deed, span) in deeds)
            {
                if (deed == 0) clock.Sleep(clock.Base, span);
                else if (deed == 1) clock.Write();
                else if (deed == 2) clock.Collect(span);
                var (nextReal, nextMonotonic) = (clock.Look(ClockKind.Real), clock.Look(ClockKind.Monotonic));
                Assert.True(nextReal > real && nextMonotonic > monotonic);
                (real, monotonic) = (nextReal, nextMonotonic);
            }
        });

    [Fact]
    public void A_sleep_takes_as_long_as_it_says_and_sleeps_at_the_same_time_overlap()
    {
        var process = new ProcessClock();
        var (one, other) = (new ThreadClock(process, 0), new ThreadClock(process, 0));
        var (from, fromOther) = (one.Base, other.Base);
        one.Sleep(from, Second);
        other.Sleep(fromOther, Second);
        Assert.Equal(Second + 1000, one.Look(ClockKind.Monotonic));
        Assert.Equal(Second + 1000, other.Look(ClockKind.Monotonic));
    }

    [Fact]
    public void Naps_of_one_thread_move_no_other_thread()
    {
        var process = new ProcessClock();
        var (one, other) = (new ThreadClock(process, 0), new ThreadClock(process, 0));
        for (var i = 0; i < 1000; i++) one.Sleep(one.Base, Millisecond);
        Assert.Equal(1000, other.Look(ClockKind.Real));
        Assert.True(one.Look(ClockKind.Real) > Second);
    }

    [Fact]
    public void Who_only_looks_at_the_clock_until_time_has_passed_gets_there()
    {
        var clock = NewClock();
        var looks = 0;
        while (clock.Look(ClockKind.Real) < Second) looks++;
        Assert.InRange(looks, 1000, 10_000);
    }

    [Fact]
    public void A_look_that_was_taken_back_has_not_been_and_nothing_else_can_be_taken_back()
    {
        var clock = NewClock();
        clock.Look(ClockKind.Monotonic);
        clock.TakeBack(ClockKind.Monotonic);
        clock.TakeBack(ClockKind.Monotonic);
        Assert.Equal(1000, clock.Look(ClockKind.Monotonic));
        clock.Look(ClockKind.Real);
        clock.TakeBack(ClockKind.Monotonic);
        Assert.Equal(2000, clock.Look(ClockKind.Monotonic));
    }

    [Fact]
    public void Looks_at_one_clock_do_not_move_another()
    {
        var clock = NewClock();
        for (var i = 0; i < 50; i++) clock.Look(ClockKind.Monotonic);
        Assert.Equal(1000, clock.Look(ClockKind.Real));
    }

    [Fact]
    public void A_process_that_collected_a_child_is_no_earlier_than_the_child_was()
    {
        var family = new Family(Terms);
        var parent = family.AddFirst(10);
        family.AddChild(parent, 11, isThread: false);
        var child = family.Find(11)!;
        child.Clock.Sleep(child.Clock.Base, 5 * Second);
        Family.End(child);
        parent.Clock.Collect(parent.Process.ChildrenEnded);
        Assert.True(parent.Clock.Now >= 5 * Second);
    }

    [Fact]
    public void A_thread_is_called_by_whose_child_it_is_and_not_by_its_number()
    {
        (Digest First, Digest Second, Digest Grandchild) Names(int start)
        {
            var family = new Family(Terms);
            var parent = family.AddFirst(start);
            family.AddChild(parent, start + 7, isThread: false);
            family.AddChild(parent, start + 2, isThread: true);
            family.AddChild(family.Find(start + 7)!, start + 1, isThread: false);
            return (family.Find(start + 7)!.Name, family.Find(start + 2)!.Name, family.Find(start + 1)!.Name);
        }
        var names = Names(100);
        Assert.Equal(names, Names(5000));
        Assert.Equal(3, new[] { names.First, names.Second, names.Grandchild }.Distinct().Count());
    }

    [Fact]
    public void A_program_executed_by_any_thread_leaves_that_one_thread()
    {
        var family = new Family(Terms);
        var first = family.AddFirst(20);
        family.AddChild(first, 21, isThread: true);
        var name = family.Find(21)!.Name;
        family.Execute(21, 20);
        Assert.Equal(name, family.Find(20)!.Name);
        Assert.Null(family.Find(21));
    }

    [Fact]
    public void What_was_there_before_bears_the_step_s_beginning_and_what_it_wrote_its_own_clock()
    {
        var facts = new FileFacts(Terms.EpochSeconds * Second) { StartedNs = 2000 * Second };
        var input = new Libc.Statx { Mode = 0x81A4, Inode = 5, Links = 1, Size = 10, Modified = new Libc.StatxTimestamp { Seconds = 1999 } };
        var output = input with { Inode = 6, Modified = new Libc.StatxTimestamp { Seconds = 2001 } };
        Assert.Equal(Terms.EpochSeconds * Second, facts.TimesOf(in input).Modified);
        Assert.True(facts.Knows(in input));
        Assert.False(facts.Knows(in output));
        facts.Note(in output, new FileTimes(1, 2, 3, Set: false));
        Assert.Equal(2, facts.TimesOf(in output).Modified);
        Assert.Equal(facts.NumberOf(in input) + 1, facts.NumberOf(in output));
        Assert.Equal(facts.NumberOf(in input), facts.NumberOf(in input));
    }

    [Fact]
    public void A_process_reads_of_itself_who_it_is_and_not_what_it_used()
    {
        var stat = ProcessTexts.Of("stat", static () => "11 (a) b) S 2 11 11 34816 11 4194304 99 0 1 0 7 3 0 0 20 0 1 0 123456 9999 88 18446744073709551615 1 1 0 0 0\n")!;
        Assert.StartsWith("11 (a) b) S 2 11 11 0 0 -1", stat.Replace(" 0 -1", " 0 0 -1", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("123456", stat, StringComparison.Ordinal);
        Assert.Equal(52, stat.Replace("(a) b)", "x", StringComparison.Ordinal).TrimEnd().Split(' ').Length);
        var status = ProcessTexts.Of("status", static () => "Name:\tcat\nUid:\t0\t0\t0\t0\nVmRSS:\t 1234 kB\nCpus_allowed_list:\t0-63\n")!;
        Assert.Contains("Uid:\t1000\t", status, StringComparison.Ordinal);
        Assert.Contains("Cpus_allowed_list:\t0\n", status, StringComparison.Ordinal);
        Assert.DoesNotContain("1234", status, StringComparison.Ordinal);
    }
}
